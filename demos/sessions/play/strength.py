"""The strength of players as it was measured, kept in `levels.json` of the run.

Every measurement is written down as it was made, so that a series that was cut short goes on where it
stopped. E games, N seats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from agents.evaluation.statistics import mean_interval
from agents.players.player import Player
from demos.sessions.match.rivals import Handicap, Lineup, Rival, opponent
from demos.sessions.play.baseline import against_pool, all_stars, pool_of
from demos.window.drawing.digits import between
from environments.files.atomic import read_checked_json, replace, to_checked_json
from environments.simulation.world import World

LEVELS_FORMAT = "gpo-levels-2"
SEARCH_SEEDS, FINAL_SEEDS = 2_000_000, 2_500_000  # apart from the training's and the judgement's


class StrengthMeter:
    """Measures players, and remembers in the file what was measured."""

    def __init__(
        self,
        table: Lineup,
        against: Sequence[str],
        self_play: Rival,
        games: int,
        say: Callable[[str], None],
    ) -> None:
        self.table, self.games, self.say = table, games, say
        self.names: list[str] = list(against)
        world, self._others = table.world, list[Callable[[int], Player]]()
        sha = []
        if len(world.agents) > 1 and not against:
            beside = table.held_out_partner() or self_play
            self.names, sha = [beside.name], [beside.sha256]
            self._others = [lambda seed: beside.player(world, seed)]
        for name in against:
            opponent(name, table, 0)  # a mistake is said at once
            self._others.append(lambda seed, name=name: opponent(name, table, seed))  # type: ignore[misc]
        self.about = {
            "format": LEVELS_FORMAT,
            "world": world.fingerprint,
            "options": table.conditions,
            "against": [self.names, sha],
            "games": games,
        }
        content = read_levels_file(table.levels_path)
        same = {key: content.get(key) for key in self.about} == self.about
        self.measured: dict[str, list[float]] = dict(content["measured"]) if same else {}

    def mean(self, rival: Rival, handicap: Handicap) -> float:
        """The mean north star of an agent with a handicap."""
        return float(np.mean(self.values(rival, handicap)))

    def values(self, rival: Rival, handicap: Handicap, final: bool = False) -> list[float]:
        """The north star of each game, from the file if it is there."""
        delay = handicap.delay(self.table.world.tick)
        phase = "final" if final else "search"
        key = f"{rival.sha256[:16]} {delay} {handicap.slips} {phase}"
        if key not in self.measured:
            self.measured[key] = self._play(rival, handicap, final)
            found = between(*mean_interval(self.measured[key]))
            again = "again, on other seeds: " if final else ""
            star = self.table.world.north_star.replace("_", " ")
            self.say(f"{again}{rival.name}, {handicap}: {star} {found}")
            self.keep()
        return self.measured[key]

    def _play(self, rival: Rival, handicap: Handicap, final: bool) -> list[float]:
        """Play in every seat in turn, with each of the opponents."""
        seats = len(self.table.world.agents)
        each = max(1, (2 if final else 1) * self.games // (seats * max(len(self._others), 1)))
        first = FINAL_SEEDS if final else SEARCH_SEEDS
        slowed = Rival(rival.name, rival.agent, handicap)
        found: list[float] = []
        others: list[Callable[[int], Player] | None] = [*self._others]
        for other in others or [None]:
            for seat in range(seats):
                players = [
                    slowed.player(self.table.world, first + n)
                    if n == seat or other is None
                    else other(first + n)
                    for n in range(seats)
                ]
                about = self.table.options, self.table.shield
                found += stars(self.table.world, players, seat, each, first, *about)
        return found

    def keep(self, levels: Mapping[str, Any] | None = None) -> None:
        """Put all that was measured so far into the file, in one step, with the levels if they are known."""
        content = {**self.about, "measured": self.measured, "levels": levels}
        replace(self.table.levels_path, to_checked_json(content))

    def pool(self, rival: Rival, handicap: Handicap, games: int) -> tuple[int, ...]:
        """Won, drawn and lost against the scripted pool, from the file if it is there."""
        if not pool_of(self.table.world):
            return ()
        key = f"{rival.sha256[:16]} {handicap.delay(self.table.world.tick)} {handicap.slips} pool"
        if key not in self.measured:
            slowed = Rival(rival.name, rival.agent, handicap)
            self.measured[key] = [float(n) for n in against_pool(slowed, self.table, games)]
            self.keep()
        return tuple(int(n) for n in self.measured[key])


def stars(
    world: World,
    players: Sequence[Player],
    seat: int,
    games: int,
    seed: int,
    options: Mapping[str, Any],
    shield: bool = False,
) -> list[float]:
    """The north star that a seat reaches in games played at once, on the seeds from `seed` on: [E]."""
    found = all_stars(world, players, games, seed, options, shield)[:, seat]
    return [float(value) for value in found]


def read_levels_file(path: Path) -> dict[str, Any]:
    """What the file holds; nothing of one that is missing, damaged or older, which is made again."""
    with suppress(OSError, ValueError):
        content = read_checked_json(path)
        if content.get("format") == LEVELS_FORMAT and isinstance(content.get("measured"), dict):
            return content
    return {}
