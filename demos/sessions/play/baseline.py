"""The scripted players of a world as a baseline: how often an agent beats them.

E games, N seats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agents.evaluation.games import play_games
from agents.experts.registry import expert_names
from agents.lookup import resolve_player
from agents.players.player import Player
from demos.sessions.match.rivals import Lineup, Rival
from environments.catalog import make_batch
from environments.simulation.world import World

MIDDLE = "-3"  # how a script of middling level is called, where there are levels
POOL_SEEDS = 2_700_000  # apart from those that levels are chosen by


def pool_of(world: World) -> tuple[str, ...]:
    """Who is in it: of scripts with levels those of the middle one, of others all."""
    names = expert_names(world)
    return tuple(n for n in names if n.endswith(MIDDLE) or not n[-1].isdigit())


def against_pool(rival: Rival, table: Lineup, games: int) -> tuple[int, int, int]:
    """Games won, drawn and lost by the north star against all in the pool, in every seat in turn.

    Where there is only one seat both play the same seeds, one after the other.

    Args:
        rival: who is measured, with their handicap.
        table: where.
        games: over all opponents and seats, at least one each.
    """
    world, gaps = table.world, list[np.ndarray]()
    pool, seats = pool_of(world), len(world.agents)
    each = max(1, games // (seats * max(len(pool), 1)))
    for k, name in enumerate(pool):
        seed = POOL_SEEDS + k * each  # of their own, so that no game of the rival's counts twice
        for seat in range(seats):
            mine = rival.player(world, seed)
            theirs = [resolve_player(name, world, seed + 1 + n) for n in range(seats)]
            seated = [mine if n == seat else theirs[n] for n in range(seats)]
            told = each, seed, table.options, table.shield
            reached = all_stars(world, seated, *told)
            if seats == 1:
                gaps.append(reached[:, 0] - all_stars(world, theirs, *told)[:, 0])
            else:
                gaps.append(reached[:, seat] - np.delete(reached, seat, 1).max(1))
    found = np.concatenate(gaps) if gaps else np.zeros(0)
    return int((found > 0).sum()), int((found == 0).sum()), int((found < 0).sum())


def all_stars(
    world: World,
    players: Sequence[Player],
    games: int,
    seed: int,
    options: Mapping[str, Any],
    shield: bool = False,
) -> np.ndarray:
    """The north star of every seat in games played at once, on the seeds from `seed` on: [E, N]."""
    batch = make_batch(world, games, seed=seed, options=options, shield=shield)
    played = play_games(batch, players, again=True)
    batch.close()
    return played.terms[world.north_star]
