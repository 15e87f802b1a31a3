"""Evaluation games: a batch played to the first end of each, to evaluate, judge, measure or collect.

E episodes (one of each game), B games, N seats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.players.player import Player

SHIELDED = "shielded"  # what the count of the shield's interventions is called
HELD_OUT = 1_000_000  # evaluation seeds begin here; training seeds stay below
GAMES = 100  # of an evaluation, on the seeds from `HELD_OUT` on, unless told otherwise


@dataclass(frozen=True)
class EpisodeTotals:
    """What happened in E games, seat by seat."""

    terms: dict[str, np.ndarray]  # totals, [E, N]
    costs: dict[str, np.ndarray]  # totals, [E, N]
    returns: np.ndarray  # sum of reward under the batch's weights, [E, N]
    steps: np.ndarray  # [E]
    # "shielded": steps in which the shield stepped in, [E, N]; empty without a shield
    shield: dict[str, np.ndarray] = field(default_factory=dict)
    broken: np.ndarray | None = None  # [E], whether the environment broke it off; None if none was
    again: int = (
        0  # games that were broken off and played again on other seeds: no part of the totals
    )
    seeds: np.ndarray | None = None  # [E]

    @property
    def whole(self) -> np.ndarray:
        """Which games count, as figures are of those that went on to their end: [E]."""
        return np.ones(len(self.steps), bool) if self.broken is None else ~self.broken


@dataclass(frozen=True)
class GamesStep:
    """A step that all games have just taken; those that had ended before go on uncounted."""

    requested: np.ndarray  # [B, N, ...], what the players chose
    running: np.ndarray  # [B], the games that had not ended before it
    memory: Sequence[Any]  # [N], the players' states, player by player


class _Totals:
    """Sums over the games of a batch, each until its first end."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch
        self.terms, self.costs = np.zeros(batch.terms.shape), np.zeros(batch.costs.shape)
        self.returns = np.zeros(batch.reward.shape)
        self.steps = np.zeros(len(batch.reward), np.int64)
        guarded = hasattr(batch, "intervened")
        self.shielded = np.zeros(batch.reward.shape) if guarded else None
        self.broken, self.again = np.zeros(len(batch.reward), bool), 0
        self.seeds = batch.state["seed"].copy()

    def add(self, running: np.ndarray) -> None:
        """Count the last step of the games that run: [B]; one that was broken off in it did not take it."""
        batch = self.batch
        self.broken |= running & batch.broken
        running = running & ~batch.broken
        self.terms[running] += batch.terms[running]
        self.costs[running] += batch.costs[running]
        self.returns[running] += batch.reward[running]
        self.steps[running] += 1
        if self.shielded is not None:
            self.shielded[running] += batch.intervened[running]

    def begin_again(self) -> np.ndarray:
        """Forget the games that were broken off, which the batch has begun anew: [B]."""
        anew = self.broken.copy()
        for sums in (self.terms, self.costs, self.returns, self.steps):
            sums[anew] = 0
        if self.shielded is not None:
            self.shielded[anew] = 0
        self.seeds[anew] = self.batch.state["seed"][anew]
        self.again += int(anew.sum())
        self.broken[:] = False
        return anew

    def episodes(self) -> EpisodeTotals:
        """All of it by name."""
        world = self.batch.world
        return EpisodeTotals(
            {name: self.terms[:, :, k] for k, name in enumerate(world.terms)},
            {name: self.costs[:, :, k] for k, name in enumerate(world.costs)},
            self.returns,
            self.steps,
            {} if self.shielded is None else {SHIELDED: self.shielded},
            self.broken if self.broken.any() else None,
            self.again,
            self.seeds,
        )


def _by_seat(batch: Any, chosen: Sequence[Any], at: Sequence[np.ndarray]) -> np.ndarray:
    """Each player's actions at the seats that it has, [B, N, ...]."""
    found: np.ndarray = np.zeros_like(batch.actions)
    for action, seats in zip(chosen, at, strict=True):
        found[np.arange(len(seats)), seats] = action
    return found


def play_games(
    batch: Any,
    players: Sequence[Player],
    deterministic: bool = False,
    seats: np.ndarray | None = None,
    note: Callable[[GamesStep], None] | None = None,
    again: bool = False,
) -> EpisodeTotals:
    """Play one episode in every game of a batch that has just been reset.

    Args:
        batch: B games, at their beginning.
        players: who plays, N of them.
        deterministic: take the likeliest actions instead of samples.
        seats: where the first player sits in each game, the others in the seats after it, [B]; if None
            every player has the seat of its number.
        note: is told of each step after it was taken.
        again: play a game that its environment broke off again, on the seed that the batch gives it, so that
            all are whole, as pairs of games have to be; else it is marked.
    """
    totals, size = _Totals(batch), len(batch.reward)
    at = None if seats is None else [(seats + n) % len(players) for n in range(len(players))]
    each = np.arange(size)
    running, starts = np.ones(size, bool), np.ones(size, bool)
    memory: list[Any] = [None] * len(players)
    chosen: list[Any] = [None] * len(players)
    joined: np.ndarray | None = None  # [B, N], who has just come into a game that goes on
    while running.any():
        for n, player in enumerate(players):
            seen = batch.observation[:, n] if at is None else batch.observation[each, at[n]]
            begins = starts if joined is None else starts | joined[each, n if at is None else at[n]]
            chosen[n], memory[n] = player.predict(seen, memory[n], begins, deterministic)
        requested = np.stack(chosen, axis=1) if at is None else _by_seat(batch, chosen, at)
        batch.step(requested)
        totals.add(running)
        if note is not None:
            note(GamesStep(requested, running, memory))
        starts, joined = batch.ended, batch.presence.begins if batch.presence.changes else None
        running = running & ~starts
        if again and batch.broken.any():
            running |= totals.begin_again()
    return totals.episodes()
