"""What the networks say of the steps of a rollout, read while the rollout goes on if there is a core for it.

The weights rest meanwhile, so it is all the same when a step is read; and read in large pieces it costs a
fraction of what it would cost a step at a time.

T steps, B games.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from training.compute.second_core import SecondCore, Task

Said = dict[str, Tensor]  # [M, ...] each, or [T x B, ...]
CHUNK = 8192  # observations a forward pass, at most; larger passes fall out of the cache
PIECE = 2048  # likewise while a rollout goes on: the last piece can only be read when it is over
LARGE = 256  # numbers of an observation above which a pass takes fewer


class BackgroundForward:
    """Reads a rollout's steps, those that `played` tells of while the others are played.

    Args:
        crew: who reads.
        read: observations [M, ...] and actions [M, ...] to what is said of them.
        observations: [T, B, ...], filled as the rollout goes on.
        actions: [T, B, ...], likewise.
    """

    def __init__(
        self,
        crew: SecondCore,
        read: Callable[[np.ndarray, np.ndarray], Said],
        observations: np.ndarray,
        actions: np.ndarray,
    ) -> None:
        self._crew, self._read = crew, read
        self._steps, self.games = observations.shape[:2]
        self._observations = observations.reshape(-1, *observations.shape[2:])  # views
        self._actions = actions.reshape(-1, *actions.shape[2:])
        # The last bits of a value depend on where its part ends, on where it is cut in pieces they do not.
        sizes = [len(part) for part in even_parts(self._observations)]
        pieces = [min(PIECE, size - at) for size in sizes for at in range(0, size, PIECE)]
        self._ends = np.cumsum(pieces).tolist()
        self._tasks: list[Task[Said]] = []
        self._begun = 0  # rows

    def played(self, steps: int) -> None:
        """So many steps are filled: read what is complete."""
        while len(self._tasks) < len(self._ends):
            rows = slice(self._begun, self._ends[len(self._tasks)])
            if rows.stop > steps * self.games:
                return
            here, done = self._observations[rows], self._actions[rows]
            self._tasks.append(self._crew.begin(partial(self._read, here, done)))
            self._begun = rows.stop

    def said(self) -> Said:
        """All that was said, [T x B, ...], once every step is filled."""
        self.played(self._steps)
        backwards = [task.result() for task in reversed(self._tasks)]  # the last ones wait longest
        pieces = backwards[::-1]
        return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}


def even_parts(observations: np.ndarray) -> list[np.ndarray]:
    """The same observations in even parts, none much larger than a forward pass should take."""
    return np.array_split(observations, max(1, len(observations) // chunk(observations)))


def chunk(observations: np.ndarray) -> int:
    """How many observations [M, ...] a forward pass takes: fewer of pictures and of windows."""
    size: int = math.prod(observations.shape[1:])
    return max(1, min(CHUNK, CHUNK * LARGE // max(size, 1)))
