"""Records what players do, many games at once: demonstrations from a script, an agent, or a mixture.

B games, N seats, T steps, O numbers in an observation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.player import Player
from demos.dataset import Dataset
from demos.episode import Actor, Episode
from demos.store import Store
from environments.catalog import make_batch
from environments.world import World


@dataclass
class _Stream:
    """One game as it grows; every list has a row per step, `seen` one more."""

    seen: list[np.ndarray]  # [N, O] each
    actions: list[np.ndarray] = field(default_factory=list)  # [N, ...] each
    rewards: list[np.ndarray] = field(default_factory=list)  # [N] each
    terms: list[np.ndarray] = field(default_factory=list)  # [N, K] each
    costs: list[np.ndarray] = field(default_factory=list)  # [N, C] each
    times: list[int] = field(default_factory=list)  # ns
    terminated: bool = False


def collect(
    store: Store,
    name: str,
    world: World,
    players: Sequence[Player],
    episodes: int,
    *,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    description: str = "",
) -> Dataset:
    """Play games on the seeds from `seed` on and keep every seat's stream as a new dataset.

    Args:
        store: where the dataset goes; it appears whole or not at all.
        name: of the dataset.
        world: what is played.
        players: who sits in each seat.
        episodes: how many games.
        seed: of the first game.
        options: of every episode, such as `horizon`.
        description: in words, for `gpo demos info`.

    Raises:
        ValueError: not one player a seat.
        Problem: the name is taken or cannot be one.
    """
    if len(players) != len(world.agents):
        raise ValueError(f"{len(players)} players for {len(world.agents)} seats")
    with store.building_for(world, name, description) as dataset:
        streams = _play(world, players, episodes, seed, options)
        dataset.append_many(
            [
                _episode(
                    world, stream, seat, f"{name}-{number}", seed + number, dict(options or {})
                )
                for number, stream in enumerate(streams)
                for seat in range(len(world.agents))
            ]
        )
    return store.open(name)


def _play(
    world: World,
    players: Sequence[Player],
    episodes: int,
    seed: int,
    options: Mapping[str, Any] | None,
) -> list[_Stream]:
    """Every game until its first end."""
    batch: Any = make_batch(world, episodes, seed=seed, options=options)
    streams = [_Stream([batch.observation[b].copy()]) for b in range(episodes)]
    memory: list[Any] = [None] * len(players)
    running, starts = np.ones(episodes, bool), np.ones(episodes, bool)
    while running.any():
        chosen = []
        for seat, player in enumerate(players):
            action, memory[seat] = player.predict(batch.observation[:, seat], memory[seat], starts)
            chosen.append(action)
        batch.step(np.stack(chosen, axis=1))
        starts, now = batch.ended, time.time_ns()
        for b in np.flatnonzero(running):
            stream = streams[b]
            last = batch.final_observation if starts[b] else batch.observation
            stream.seen.append(last[b].copy())
            stream.actions.append(batch.actions[b].copy())
            stream.rewards.append(batch.reward[b].copy())
            stream.terms.append(batch.terms[b].copy())
            stream.costs.append(batch.costs[b].copy())
            stream.times.append(now)
            stream.terminated = bool(batch.terminated[b])
        running &= ~starts
    return streams


def _episode(
    world: World, stream: _Stream, seat: int, match: str, seed: int, options: dict[str, Any]
) -> Episode:
    """The game as one of its players saw it."""
    terms, costs = (
        np.stack(stream.terms)[:, seat],
        np.stack(stream.costs)[:, seat],
    )  # [T, K], [T, C]
    steps = len(stream.actions)
    return Episode(
        observations=np.stack(stream.seen)[:, seat],
        actions=np.stack(stream.actions)[:, seat],
        rewards=np.stack(stream.rewards)[:, seat].astype(np.float32),
        terminated=stream.terminated,
        truncated=not stream.terminated,
        world=world.id,
        fingerprint=world.fingerprint,
        agent=world.agents[seat],
        terms={term: terms[:, k] for k, term in enumerate(world.terms)},
        costs={cost: costs[:, k] for k, cost in enumerate(world.costs)},
        actors=np.full(steps, Actor.AGENT, np.uint8),
        capture_times=np.array(stream.times, np.int64),
        match=match,
        seed=seed,
        options=options,
        meta={"device": "none", "tick": world.tick},
    )
