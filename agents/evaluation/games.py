"""Plays episodes on fixed seeds and says what came out, with an interval: by seat, by term, by cost.

E episodes, B games, N seats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from agents.players.player import Player

SHIELDED = "shielded"  # what the count of the shield's interventions is called
RESAMPLES = 2000  # of an interval
HELD_OUT = 1_000_000  # evaluation seeds begin here; training seeds stay below


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """`156.4 [150.1, 162.7]`."""
        return f"{self.mean:.1f} [{self.low:.1f}, {self.high:.1f}]"


def interval(values: np.ndarray, seed: int = 0) -> Interval:
    """The mean of independent episodes with its 95 % percentile bootstrap interval: [E] -> Interval.

    Percentiles of resampled means (Efron 1979); with a single value the interval is that value.
    """
    values = np.asarray(values, np.float64)
    mean = float(values.mean())
    if len(values) < 2 or np.ptp(values) == 0:
        return Interval(mean, mean, mean)
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high))


@dataclass(frozen=True)
class EpisodeTotals:
    """What happened in E games, seat by seat."""

    terms: dict[str, np.ndarray]  # totals, [E, N]
    costs: dict[str, np.ndarray]  # totals, [E, N]
    returns: np.ndarray  # sum of reward under the batch's weights, [E, N]
    steps: np.ndarray  # [E]
    shield: dict[str, np.ndarray] = field(
        default_factory=dict
    )  # "shielded": steps in which it stepped in, [E, N]


def play_games(
    batch: Any,
    players: Sequence[Player],
    deterministic: bool = False,
    tick: Callable[[int], None] | None = None,
) -> EpisodeTotals:
    """Play one episode in every game of a batch that has just been reset.

    Args:
        batch: B games, at their beginning.
        players: who sits in each seat.
        deterministic: take the likeliest actions instead of samples.
        tick: called after each step with the number of games still running.
    """
    size, seats = batch.reward.shape
    terms, costs = np.zeros(batch.terms.shape), np.zeros(batch.costs.shape)
    returns, steps = np.zeros((size, seats)), np.zeros(size, np.int64)
    shielded = np.zeros((size, seats)) if hasattr(batch, "intervened") else None
    running, starts = np.ones(size, bool), np.ones(size, bool)
    memory: list[Any] = [None] * seats
    actions: list[Any] = [None] * seats
    while running.any():
        for seat, player in enumerate(players):
            actions[seat], memory[seat] = player.predict(
                batch.observation[:, seat], memory[seat], starts, deterministic
            )
        batch.step(np.stack(actions, axis=1))
        terms[running] += batch.terms[running]
        costs[running] += batch.costs[running]
        returns[running] += batch.reward[running]
        steps[running] += 1
        if shielded is not None:
            shielded[running] += batch.intervened[running]
        starts = batch.ended
        running &= ~starts
        if tick is not None:
            tick(int(running.sum()))
    return EpisodeTotals(
        {name: terms[:, :, k] for k, name in enumerate(batch.world.terms)},
        {name: costs[:, :, k] for k, name in enumerate(batch.world.costs)},
        returns,
        steps,
        {} if shielded is None else {SHIELDED: shielded},
    )
