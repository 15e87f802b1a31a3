"""Ready-made rules of a shield for actions that are numbers, and the one that stops, for any action.

Each is data alone, so it can stand in a recipe, in an agent's file and beside an exported one. It is called
with a `Moment` and the actions that are asked for, and gives what is to be done; what it does not forbid goes
through untouched. An observation that is not a number counts as the worst.

B games, N agents, O numbers in an observation, A numbers of an action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moment:
    """What a rule may know beside what is asked for."""

    seen: np.ndarray  # [B, N, O], in the environment's own units
    before: np.ndarray  # [B, N, A], what was done in the step before
    begun: np.ndarray  # bool [B], games of which this is the first step


Limit = Callable[[Moment, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class BoxLimit:
    """Holds numbers of an action between two bounds."""

    actions: list[int]
    low: list[float]
    high: list[float]

    def __call__(self, moment: Moment, wanted: np.ndarray) -> np.ndarray:
        """[B, N, A] -> [B, N, A]."""
        return _between(wanted, self.actions, np.asarray(self.low), np.asarray(self.high))


@dataclass(frozen=True)
class RateLimit:
    """Lets numbers of an action change by so much a step, from what was really done before."""

    actions: list[int]
    most: list[float]  # a step
    start: list[float]  # what counts as done before the first step

    def __call__(self, moment: Moment, wanted: np.ndarray) -> np.ndarray:
        """[B, N, A] -> [B, N, A]."""
        before = moment.before[..., self.actions].astype(np.float64)
        before[moment.begun] = self.start
        most = np.asarray(self.most)
        return _between(wanted, self.actions, before - most, before + most)


@dataclass(frozen=True)
class SpeedLimit:
    """Holds the size of numbers of an action down while something is near."""

    distance: list[int]  # numbers of the observation: the nearest counts
    within: float
    actions: list[int]
    most: list[float]

    def __call__(self, moment: Moment, wanted: np.ndarray) -> np.ndarray:
        """[B, N, A] -> [B, N, A]."""
        most = np.asarray(self.most)
        slow = _between(wanted, self.actions, -most, most)
        near = ~(_nearest(moment.seen, self.distance) >= self.within)
        return np.where(near[..., None], slow, wanted)


@dataclass(frozen=True)
class WorkspaceLimit:
    """Keeps a position inside of bounds: what would lead out of them is cut to where they end.

    Number `actions[k]` of an action moves number `position[k]` of the observation by `gain[k]` a step for
    each 1. Outside of the bounds it may rest or go back.
    """

    position: list[int]
    actions: list[int]
    low: list[float]
    high: list[float]
    gain: list[float]

    def __call__(self, moment: Moment, wanted: np.ndarray) -> np.ndarray:
        """[B, N, A] -> [B, N, A]."""
        at = moment.seen[..., self.position].astype(np.float64)
        gain = np.asarray(self.gain)
        down = np.nan_to_num(np.minimum(np.asarray(self.low) - at, 0.0), nan=0.0) / gain
        up = np.nan_to_num(np.maximum(np.asarray(self.high) - at, 0.0), nan=0.0) / gain
        return _between(wanted, self.actions, np.minimum(down, up), np.maximum(down, up))


@dataclass(frozen=True)
class StopLimit:
    """Puts an action in place of any other while something is nearer than it takes to stop.

    It takes `within` and, where `speed` names numbers of the observation, the way of `reaction` seconds at
    that speed and of braking with `braking` (ISO 13855's separation distance, without its tables).
    """

    distance: list[int]
    within: float
    action: list[float]
    speed: list[int]
    reaction: float  # s
    braking: float  # units of speed a second

    def __call__(self, moment: Moment, wanted: np.ndarray) -> np.ndarray:
        """[B, N, ...] -> [B, N, ...]."""
        need = np.full(wanted.shape[:2], self.within)
        if self.speed:
            speed = np.linalg.norm(moment.seen[..., self.speed].astype(np.float64), axis=-1)
            need = need + speed * self.reaction + speed**2 / (2 * self.braking)
        near = ~(_nearest(moment.seen, self.distance) >= need)
        near = near.reshape(*near.shape, *[1] * (wanted.ndim - 2))
        stopped = np.asarray(self.action, wanted.dtype).reshape(wanted.shape[2:])
        return np.where(near, stopped, wanted)


def _nearest(seen: np.ndarray, places: list[int]) -> np.ndarray:
    """The least of some numbers of what is seen, nan if one of them is: [B, N]."""
    least: np.ndarray = seen[..., places].min(-1)
    return least


def _between(
    wanted: np.ndarray, places: list[int], low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Some numbers of actions held between bounds; what lies there already stays as it is, to the bit."""
    kept = wanted.copy()
    numbers = wanted[..., places]
    kept[..., places] = np.clip(numbers, low.astype(wanted.dtype), high.astype(wanted.dtype))
    return kept
