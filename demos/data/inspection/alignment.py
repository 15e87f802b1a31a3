"""Whether actions stand in the row of the observation that they were chosen on, without any replay.

The next observation is explained by the observation, its last change and an action, linearly, once with the
action of the same row and once with those of the rows before and after it. Where a neighbour's explains it
better in episodes that were not fitted, the data set is probably off by a row: the most common fault of
hand-made recordings, which no seed is needed to see. Ridge regression (Hoerl and Kennard 1970).

T steps of an episode, O numbers of an observation, A of an action.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Episode

OFFSETS = (-1, 0, 1)  # rows from an observation to the action that is tried with it
FOLDS = 5
LEAST = 5  # steps of an episode, and episodes, from which on anything is told
BETTER = 0.95  # times the error of the own row, below which a neighbour's counts as better
SINGLE = 0.8  # likewise, for an episode of a data set that is not off as a whole
MOST, FEW = (
    0.5,
    0.1,
)  # share of the episodes in which it has to be, and in which it may be the other way
WIDEST = 2_000  # numbers of an observation; pictures are not looked at
STEPS = 100_000  # that are looked at, spread over the episodes
_RIDGE = 1e-3  # of the diagonal, in spreads
Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """How much of the next observation's change each offset leaves unexplained, by episode."""

    episodes: tuple[int, ...]
    errors: Rows  # [E, 3], mean squares in spreads of the change, by OFFSETS

    @property
    def medians(self) -> list[float]:
        """Over the episodes, by OFFSETS."""
        found: list[float] = np.median(self.errors, axis=0).tolist()
        return found

    def shifted(self, better: float) -> dict[int, int]:
        """The offset of each episode that a neighbouring row explains so much better."""
        best = self.errors.argmin(axis=1)
        return {
            number: OFFSETS[best[row]]
            for row, number in enumerate(self.episodes)
            if OFFSETS[best[row]] and self.errors[row].min() < better * self.errors[row, 1]
        }

    @cached_property
    def offset(self) -> int:
        """The one by which the data set is off; 0 if it is not."""
        count = len(self.episodes)
        for offset in (-1, 1):
            off = sum(found == offset for found in self.shifted(BETTER).values())
            against = self.errors[:, 1] < BETTER * self.errors[:, OFFSETS.index(offset)]
            if off >= MOST * count and against.sum() <= FEW * count:
                return offset
        return 0

    @property
    def sentence(self) -> str:
        """It in words; empty where nothing is wrong."""
        before, own, after = self.medians
        if self.offset:
            word, side, other = ("late", "after", after)
            if self.offset < 0:
                word, side, other = ("early", "before", before)
            off = sum(found == self.offset for found in self.shifted(BETTER).values())
            return (
                f"Every action seems to be recorded one step too {word}: with the action of the row {side}, "
                f"{other:.2g} of the next observation's change stays unexplained, with its own {own:.2g} "
                f"(median of held-out episodes; clearly so in {off} of {len(self.episodes)})."
            )
        single = self.shifted(SINGLE)
        if not single:
            return ""
        told = ", ".join(
            f"{number} ({'late' if offset > 0 else 'early'})" for number, offset in single.items()
        )
        return f"Actions seem to be recorded one step too late or early in {len(single)} episodes: {told}."


def alignment_of(dataset: Dataset) -> Alignment | None:
    """The alignment of a dataset; None where there is too little, or only pictures, to tell it by."""
    numbers = [
        n for n in range(len(dataset)) if int(dataset.episode_facts(n)["total_steps"]) >= LEAST
    ]
    if len(numbers) < LEAST or math.prod(dataset.revision.observation_space.shape or ()) > WIDEST:
        return None
    steps = sum(int(dataset.episode_facts(n)["total_steps"]) for n in numbers)
    numbers = numbers[:: max(1, -(-steps // STEPS))]
    if len(numbers) < LEAST:
        return None
    episodes = [dataset.load(number) for number in numbers]
    errors = offset_errors(episodes, dataset.revision.action_space)
    return None if errors is None else Alignment(tuple(numbers), errors)


def offset_errors(episodes: Sequence[Episode], space: Any) -> Rows | None:
    """What each offset leaves unexplained of each held-out episode: [E, 3]; None if nothing changes."""
    seen = [one.observations.reshape(len(one) + 1, -1).astype(np.float64) for one in episodes]
    done = [as_numbers(one.actions, space) for one in episodes]
    change = np.concatenate([np.diff(rows, axis=0) for rows in seen])
    moving = change.std(axis=0) > 1e-9 * (1 + np.abs(np.concatenate(seen)).max(axis=0))
    if not moving.any() or np.concatenate(done).std() == 0:
        return None
    spread = change.std(axis=0)[moving]
    fold = np.arange(len(episodes)) % FOLDS
    errors = np.zeros((len(episodes), len(OFFSETS)))
    for k, offset in enumerate(OFFSETS):
        # The same steps for every offset: those that have both neighbours.
        pairs = [_pairs(s, d, offset, moving, spread) for s, d in zip(seen, done, strict=True)]
        for part in range(FOLDS):
            fitted = [pair for pair, own in zip(pairs, fold, strict=True) if own != part]
            weights = _ridge(
                np.concatenate([x for x, _ in fitted]), np.concatenate([y for _, y in fitted])
            )
            for row in np.flatnonzero(fold == part):
                x, y = pairs[row]
                errors[row, k] = ((y - x @ weights) ** 2).mean() / max((y**2).mean(), 1e-12)
    return errors


def as_numbers(actions: npt.NDArray[Any], space: Any) -> Rows:
    """Actions as numbers that a line can be laid through, choices one a column: [T, A]."""
    if isinstance(space, spaces.Discrete):
        chosen: Rows = np.eye(int(space.n))[actions]
        return chosen
    if isinstance(space, spaces.MultiDiscrete):
        rows = actions.reshape(len(actions), -1)
        parts = [np.eye(int(n))[rows[:, k]] for k, n in enumerate(space.nvec.ravel())]
        return np.concatenate(parts, axis=1)
    return actions.reshape(len(actions), -1).astype(np.float64)


def _pairs(
    seen: Rows, done: Rows, offset: int, moving: npt.NDArray[np.bool_], spread: Rows
) -> tuple[Rows, Rows]:
    """What explains, with a constant, and the change that is to be explained, in spreads."""
    rows = np.arange(1, len(done) - 1)
    past = (seen[rows] - seen[rows - 1])[:, moving]  # speeds, where they are not shown
    given = np.concatenate([seen[rows][:, moving], past, done[rows + offset]], axis=1)
    change = (seen[rows + 1] - seen[rows])[:, moving] / spread
    return np.concatenate([given, np.ones((len(rows), 1))], axis=1), change


def _ridge(given: Rows, wanted: Rows) -> Rows:
    """Weights [O + A + 1, O], each column of what is given in its own spread."""
    scale = np.maximum(given.std(axis=0), 1e-12 + 1e-9 * np.abs(given).max(axis=0))
    middle = given.mean(axis=0)
    scale[-1], middle[-1] = 1.0, 0.0  # the constant
    plain = (given - middle) / scale
    square = plain.T @ plain
    square[np.diag_indices_from(square)] += _RIDGE * len(plain)
    weights = np.linalg.solve(square, plain.T @ wanted)
    weights = weights / scale[:, None]
    weights[-1] -= middle[:-1] @ weights[:-1]
    found: Rows = weights
    return found
