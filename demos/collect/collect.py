"""Records what players do, many games at once: demonstrations from a script, an agent, or a mixture.

B games, N seats, T steps, O numbers in an observation. The first player is the one that is recorded for its
own sake; with `turns` it sits in seat b mod N of game b, and the others in the seats after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.players.player import Player
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.episodes.episode import NANOSECONDS, Actor, Episode
from environments.catalog import make_batch
from environments.files.trusted_code import remember
from environments.simulation.batch import horizon_of
from environments.simulation.world import World
from environments.system.memory import require_memory

GAMES = 64  # at once, at most
MEMORY = 256 * 2**20  # bytes that the games played at once may take


@dataclass(frozen=True)
class CollectPlan:
    """How games are collected, beside who plays."""

    seed: int = 0  # of the first game, each has the next one
    options: Mapping[str, Any] = field(default_factory=dict)  # of every episode, such as `horizon`
    shield: bool = False  # play behind the world's shield
    turns: bool = False  # the first player takes the seats in turn, else it has the first
    alone: bool = False  # keep its streams only; what the others did stands among the raw numbers
    names: Sequence[Sequence[str]] = ()  # of each player, or of the members of a mixture


@dataclass
class _Games:
    """Games that were played at once, each to its first end; lists have an entry a step."""

    first: int  # number of the first of them
    seats: np.ndarray  # [B], where the first player sits
    seen: list[np.ndarray]  # T+1 of [B, N, O]
    names: list[list[str]]  # [N][B], of each player in each game; empty if nobody is named
    columns: dict[str, list[np.ndarray]] = field(default_factory=dict)  # T of [B, N, ...]
    length: np.ndarray = field(default_factory=lambda: np.zeros(0, int))  # [B], steps
    terminated: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))  # [B]


def collect(
    store: Store,
    name: str,
    world: World,
    players: Sequence[Player],
    episodes: int,
    *,
    description: str = "",
    provenance: Mapping[str, Any] | None = None,
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
        description: in words, for `gpo demos info`.
        provenance: where the play comes from, likewise.
        tick: told how many games are done, in parts too.
        plan: fields of `CollectPlan`: seed, options, shield and so on.

    Raises:
        ValueError: not one player a seat.
        Problem: the name is taken or cannot be one, the world has no shield, or a game may be longer than
            memory holds.
    """
    if len(players) != len(world.agents):
        raise ValueError(f"{len(players)} players for {len(world.agents)} seats")
    todo = CollectPlan(**plan)
    longest = game_bytes(world, todo.options)
    require_memory(longest, "A game as long as its horizon takes", "give a shorter --horizon")
    remember(world.id)  # who records with an environment has run it here
    with store.building_for(world, name, description, provenance) as dataset:
        size = games_at_once(world, todo.options)
        for first in range(0, episodes, size):
            games = _play(world, players, first, min(size, episodes - first), todo, tick)
            dataset.append_many(
                [
                    _episode(world, games, b, seat, f"{name}-{first + b}", todo)
                    for b in range(len(games.seats))
                    for seat in range(len(world.agents))
                    if not todo.alone or seat == games.seats[b]
                ]
            )
    return store.open(name)


def games_at_once(world: World, options: Mapping[str, Any]) -> int:
    """How many games are played at once: as many as fit into the memory set aside."""
    return max(1, min(GAMES, MEMORY // game_bytes(world, options)))


def game_bytes(world: World, options: Mapping[str, Any]) -> int:
    """What a game takes in memory until it is written, if it is as long as may be.

    Raises:
        Problem: the option `horizon` is none.
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
) -> _Games:
    """Every game until its first end."""
    count, each = len(players), np.arange(size)
    options = dict(plan.options)
    batch: Any = make_batch(
        world, size, seed=plan.seed + first, options=options, shield=plan.shield
    )
    seats = (first + each) % count if plan.turns else np.zeros(size, int)
    games = _Games(first, seats, [batch.observation.copy()], [])
    games.length, games.terminated = np.zeros(size, int), np.zeros(size, bool)
    memory: list[Any] = [None] * count
    running, starts = np.ones(size, bool), np.ones(size, bool)
    wanted = np.zeros_like(batch.actions)
    while running.any():
        for n, player in enumerate(players):
            at = (seats + n) % count
            wanted[each, at], memory[n] = player.predict(
                batch.observation[each, at], memory[n], starts
            )
        if not games.length.any():
            games.names = _names(plan.names, memory, size)
        batch.step(wanted)
        starts = batch.ended
        _note(games, batch, wanted, starts)
        games.length += running
        games.terminated[running] = batch.terminated[running]
        running &= ~starts
        tick(first + float(np.where(running, games.length / batch.state["horizon"], 1.0).sum()))
    batch.close()
    return games


def _names(names: Sequence[Sequence[str]], memory: Sequence[Any], size: int) -> list[list[str]]:
    """What each player is called in each game; a mixture remembers whom it drew."""
    found = []
    for members, state in zip(names, memory, strict=False):
        drawn = state.member if len(members) > 1 else np.zeros(size, int)
        found.append([members[k] for k in drawn])
    return found


def _note(games: _Games, batch: Any, wanted: np.ndarray, ended: np.ndarray) -> None:
    """Take down a step of all games; those that are over by then go on, and are cut later."""
    seen = batch.observation.copy()
    seen[ended] = batch.final_observation[ended]
    games.seen.append(seen)
    shielded = getattr(batch, "intervened", None)
    step = {
        "actions": batch.actions,
        "requested": wanted,
        "rewards": batch.reward,
        "terms": batch.terms,
        "costs": batch.costs,
        "shielded": np.zeros(batch.reward.shape, bool) if shielded is None else shielded,
    }
    for name, values in step.items():
        games.columns.setdefault(name, []).append(values.copy())


def _episode(
    world: World, games: _Games, b: int, seat: int, match: str, plan: CollectPlan
) -> Episode:
    """A game as one of its players saw it."""
    steps, count = int(games.length[b]), len(world.agents)

    def column(name: str, of: int = seat) -> np.ndarray:
        return np.array([values[b, of] for values in games.columns[name][:steps]])

    terms, costs = column("terms"), column("costs")  # [T, K], [T, C]
    who = {
        world.agents[(int(games.seats[b]) + n) % count]: names[b]
        for n, names in enumerate(games.names)
    }
    meta: dict[str, Any] = {"device": "none", "tick": world.tick}
    meta |= {"players": who} if who else {}
    meta |= {"shield": True} if plan.shield else {}
    raw = np.zeros((steps, 0), np.float32)
    if plan.alone and count > 1:
        others = {n: column("actions", n).reshape(steps, -1) for n in range(count) if n != seat}
        meta["raw_names"] = [
            f"action {world.agents[n]} {k}"
            for n, acts in others.items()
            for k in range(acts.shape[1])
        ]
        raw = np.concatenate(list(others.values()), axis=1).astype(np.float32)
    return Episode(
        observations=np.array([seen[b, seat] for seen in games.seen[: steps + 1]]),
        actions=column("actions"),
        requested_actions=column("requested"),
        rewards=column("rewards").astype(np.float32),
        terminated=bool(games.terminated[b]),
        truncated=not games.terminated[b],
        world=world.id,
        fingerprint=world.fingerprint,
        agent=world.agents[seat],
        terms={term: terms[:, k] for k, term in enumerate(world.terms)},
        costs={cost: costs[:, k] for k, cost in enumerate(world.costs)},
        actors=np.where(column("shielded"), Actor.SHIELD, Actor.AGENT).astype(np.uint8),
        # Nobody captured anything: the times are those of the game.
        capture_times=np.arange(steps) * round(world.tick * NANOSECONDS),
        raw=raw,
        match=match,
        player=who.get(world.agents[seat]),
        seed=plan.seed + games.first + b,
        options=dict(plan.options),
        meta=meta,
    )
