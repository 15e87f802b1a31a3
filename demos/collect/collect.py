"""Recording of what players do, many games at once: a script's, an agent's or a mixture's play.

B games, N seats, T steps, O numbers in an observation. The first player is the one that is recorded for its
own sake; with `turns` it sits in seat b mod N of game b, and the others in the seats after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from agents.evaluation.games import GamesStep, play_games
from agents.players.player import Player
from demos.collect.plan import CollectPlan
from demos.collect.seat_columns import column, coming, others_actions, players_of, stay_of
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.episodes.episode import NANOSECONDS, Actor, Episode
from environments.catalog import make_batch
from environments.files.trusted_code import remember
from environments.simulation.spec import horizon_of
from environments.simulation.world import World
from environments.system.memory import require_memory

GAMES = 64  # at once, at most
MEMORY = 256 * 2**20  # bytes that the games played at once may take


class _Recorder:
    """The games that are played at once, as they are taken down; lists have an entry a step.

    Args:
        batch: B games, at their beginning.
        plan: how they are collected.
        first: number of the first of them.
        tick: told how many games are done.
    """

    def __init__(
        self, batch: Any, plan: CollectPlan, first: int, tick: Callable[[float], None]
    ) -> None:
        size, count = batch.reward.shape
        self.batch, self.plan, self.first, self.tick = batch, plan, first, tick
        each = np.arange(size)
        # where the first player sits, [B]
        self.seats = (first + each) % count if plan.turns else np.zeros(size, int)
        # What was drawn for each episode where the world varies, [B].
        self.varied = [dict(values) for values in batch.variation.values]
        self.seen = [batch.observation.copy()]  # T+1 of [B, N, O]
        self.names: list[list[str]] = []  # [N][B], of each player in each game, if they are named
        self.columns: dict[str, list[np.ndarray]] = {}  # T of [B, N, ...]
        self.length = np.zeros(size, int)  # [B], steps
        self.terminated = np.zeros((size, count), bool)  # [B, N], each agent's own game
        self.broken: dict[int, str] = {}  # games that their environment broke off, and what it did

    def note(self, step: GamesStep) -> None:
        """Take down a step of all games; those that were over go on, and are cut later."""
        batch, ended, running = self.batch, self.batch.ended, step.running
        if not self.length.any():
            self.names = _names(self.plan.names, step.memory, len(running))
        seen = batch.observation.copy()
        seen[ended] = batch.final_observation[ended]
        self.seen.append(seen)
        shielded = getattr(batch, "intervened", getattr(batch, "overruled", None))
        columns = {
            "actions": batch.actions,
            "requested": step.requested,
            "rewards": batch.reward,
            "terms": batch.terms,
            "costs": batch.costs,
            "shielded": np.zeros(batch.reward.shape, bool) if shielded is None else shielded,
            "acted": batch.presence.acted,
        }
        for name, values in columns.items():
            self.columns.setdefault(name, []).append(values.copy())
        for b in np.flatnonzero(running & batch.broken).tolist():
            self.broken[b] = batch.faults[b]
        self.length += running & ~batch.broken  # a step that broke a game off did not happen
        self.terminated[running] |= batch.presence.terminated[running]
        part = np.where(running & ~ended, self.length / batch.state["horizon"], 1.0)
        self.tick(self.first + float(part.sum()))


def collect(
    store: Store,
    name: str,
    world: World,
    players: Sequence[Player],
    episodes: int,
    *,
    tick: Callable[[float], None] = lambda done: None,
    **plan: Any,
) -> Dataset:
    """Play games on seeds one after another and keep their streams as a new dataset.

    They are played in batches that fit into memory, each written before the next is begun; how large these
    are depends on the world and its options alone, so the same seeds give the same bytes.

    Args:
        store: where the dataset goes; it appears whole or not at all.
        name: of the dataset.
        world: what is played.
        players: who plays, one a seat, in the order of the seats.
        episodes: how many games.
        tick: told how many games are done, in parts too.
        plan: fields of `CollectPlan`: seed, options, shield and so on.

    Raises:
        ValueError: not one player a seat.
        UserError: the name is taken or cannot be one, the world has no shield, or a game may be longer than
            memory holds.
    """
    if len(players) != len(world.agents):
        raise ValueError(f"{len(players)} players for {len(world.agents)} seats")
    todo = CollectPlan(**plan)
    longest = game_bytes(world, todo.options)
    require_memory(longest, "A game as long as its horizon takes", "give a shorter --horizon")
    remember(world.id)  # who records with an environment has run it here
    with store.building_for(world, name, todo.description, todo.provenance) as dataset:
        size = games_at_once(world, todo.options)
        for first in range(0, episodes, size):
            games = _play(world, players, first, min(size, episodes - first), todo, tick)
            dataset.append_many(_episodes(world, games, name))
    return store.open(name)


def games_at_once(world: World, options: Mapping[str, Any]) -> int:
    """How many games are played at once: as many as fit into the memory set aside."""
    return max(1, min(GAMES, MEMORY // game_bytes(world, options)))


def game_bytes(world: World, options: Mapping[str, Any]) -> int:
    """What a game takes in memory until it is written, if it is as long as may be.

    Raises:
        UserError: the option `horizon` is none.
    """
    seen, act = world.observation_space, world.action_space
    numbers = 4 * (
        len(world.terms) + len(world.costs) + 3
    )  # float32; the last for reward and shield
    step = int(np.prod(seen.shape)) * seen.dtype.itemsize + numbers
    step += 2 * int(np.prod(act.shape or ())) * np.dtype(act.dtype).itemsize
    return int(step * len(world.agents) * horizon_of(options.get("horizon", world.horizon)))


def _play(
    world: World,
    players: Sequence[Player],
    first: int,
    size: int,
    plan: CollectPlan,
    tick: Callable[[float], None],
) -> _Recorder:
    """Every game until its first end."""
    batch: Any = make_batch(
        world, size, seed=plan.seed + first, options=dict(plan.options), shield=plan.shield
    )
    games = _Recorder(batch, plan, first, tick)
    play_games(batch, players, seats=games.seats, note=games.note)
    batch.close()
    return games


def _names(names: Sequence[Sequence[str]], memory: Sequence[Any], size: int) -> list[list[str]]:
    """What each player is called in each game; a mixture remembers whom it drew."""
    found = []
    for members, state in zip(names, memory, strict=False):
        drawn = state.member if len(members) > 1 else np.zeros(size, int)
        found.append([members[k] for k in drawn])
    return found


def _episodes(world: World, games: _Recorder, name: str) -> list[Episode]:
    """The games as their players saw them, or as the first player did."""
    return [
        _episode(world, games, b, seat, f"{name}-{games.first + b}")
        for b in range(len(games.seats))
        for seat in range(len(world.agents))
        if (not games.plan.alone or seat == games.seats[b]) and stay_of(games, b, seat)
    ]


def _episode(world: World, games: _Recorder, b: int, seat: int, match: str) -> Episode:
    """A game as one of its players saw it."""
    stay, plan = stay_of(games, b, seat), games.plan
    terms, costs = (column(games, name, b, seat) for name in ("terms", "costs"))  # [T, K], [T, C]
    shielded = column(games, "shielded", b, seat)
    who = players_of(world, games, b)
    raw, raw_names = others_actions(world, games, b, seat)
    return Episode(
        observations=np.array([games.seen[t][b, seat] for t in (*stay, stay.stop)]),
        actions=column(games, "actions", b, seat),
        requested_actions=column(games, "requested", b, seat),
        rewards=column(games, "rewards", b, seat).astype(np.float32),
        terminated=bool(games.terminated[b, seat]),
        truncated=not games.terminated[b, seat] and b not in games.broken,
        world=world.id,
        fingerprint=world.fingerprint,
        agent=world.agents[seat],
        terms={term: terms[:, k] for k, term in enumerate(world.terms)},
        costs={cost: costs[:, k] for k, cost in enumerate(world.costs)},
        actors=np.where(shielded, Actor.SHIELD, Actor.AGENT).astype(np.uint8),
        # Nothing was captured from a device: the times are those of the game.
        capture_times=np.array(stay) * round(world.tick * NANOSECONDS),
        raw=raw,
        match=match,
        player=who.get(world.agents[seat]),
        seed=plan.seed + games.first + b,
        options={**world.episode_options, **plan.options, **games.varied[b]},
        meta={
            "device": "none",
            "tick": world.tick,
            **({"players": who} if who else {}),
            **({"shield": True} if plan.shield else {}),
            **coming(world, games, b, stay),
            **({"broken_off": games.broken[b]} if b in games.broken else {}),
            **raw_names,
        },
    )
