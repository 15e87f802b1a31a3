"""The steps of a dataset's episodes as arrays: read from their files, or mapped from the cache."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from demos.data.dataset.cache import Columns, load_cached
from demos.data.dataset.validation import require_values
from demos.data.episodes.arrays import Arrays, from_columns
from demos.data.episodes.columns import Column, fill, layout
from demos.data.episodes.files import STEPS_FILE, Damaged

if TYPE_CHECKING:  # which imports this
    from demos.data.dataset.dataset import Dataset

Starts = npt.NDArray[np.int64]  # [E+1]


def load_steps(dataset: Dataset, numbers: Sequence[int]) -> Arrays:
    """The steps of these episodes, read from their files.

    Raises:
        Problem: one of them is damaged.
    """
    starts = _starts(dataset, numbers)
    columns = {
        name: np.empty(column.shape, column.dtype)
        for name, column in layout(dataset.revision, int(starts[-1]), len(numbers)).items()
    }
    _fill(dataset, columns, starts, numbers)
    return from_columns(columns, starts, numbers)


def load_kept(dataset: Dataset) -> Arrays:
    """The steps of all episodes, mapped from what is kept of them, or read and kept.

    Raises:
        Problem: one of them is damaged.
        OSError: a file of one is missing.
    """
    numbers = range(len(dataset))
    stamps = [stamp(f"{dataset.data}/{number}/{STEPS_FILE}") for number in numbers]
    told = f"{dataset.revision.name} {dataset.digest()} {stamps}"
    key = hashlib.sha256(told.encode()).hexdigest()[:32]

    def plan() -> dict[str, Column]:
        starts = _starts(dataset, numbers)
        columns = layout(dataset.revision, int(starts[-1]), len(numbers))
        return {**columns, "starts": Column(starts.shape, starts.dtype)}

    def write(columns: Columns) -> None:
        columns["starts"][:] = _starts(dataset, numbers)
        steps = {name: values for name, values in columns.items() if name != "starts"}
        _fill(dataset, steps, columns["starts"], numbers)

    def check(columns: Columns) -> None:
        starts = columns["starts"]
        if len(starts) != len(numbers) + 1 or starts[0] != 0 or (np.diff(starts) < 1).any():
            raise ValueError("not of these episodes")
        wanted = layout(dataset.revision, int(starts[-1]), len(numbers))
        wanted["starts"] = Column((len(numbers) + 1,), np.dtype(np.int64))
        if {name: Column(v.shape, v.dtype) for name, v in columns.items()} != wanted:
            raise ValueError("not of this dataset")
        try:
            require_values(dataset.revision, columns)
        except Damaged as damage:
            raise ValueError(str(damage)) from damage

    columns = load_cached(dataset.folder, key, plan, write, check)
    return from_columns(columns, columns.pop("starts"), numbers)


def stamp(path: str) -> tuple[int, ...]:
    """What changes when a file does."""
    found = os.stat(path)  # noqa: PTH116  half the time, thousands at each opening
    return found.st_ino, found.st_size, found.st_mtime_ns


def _starts(dataset: Dataset, numbers: Sequence[int]) -> Starts:
    """Where each of the episodes begins when they are laid end to end."""
    lengths = [dataset.episode_facts(number)["total_steps"] for number in numbers]
    return np.cumsum([0, *lengths], dtype=np.int64)


def _fill(dataset: Dataset, columns: Columns, starts: Starts, numbers: Sequence[int]) -> None:
    for e, number in enumerate(numbers):
        first, last = int(starts[e]), int(starts[e + 1])
        try:
            fill(columns, e, first, last, dataset.data / str(number))
        except Damaged as damage:
            raise dataset.damaged(number, damage) from damage
    try:
        require_values(dataset.revision, columns)  # of all at once: it takes no time
    except Damaged:
        for e, number in enumerate(numbers):
            _require_values_of(dataset, columns, e, starts, number)


def _require_values_of(
    dataset: Dataset, columns: Columns, e: int, starts: Starts, number: int
) -> None:
    """Name the episode whose steps hold what no game does."""
    steps, one = slice(int(starts[e]), int(starts[e + 1])), slice(e, e + 1)
    ends = ("final_observations", "terminated", "truncated")  # one an episode
    own = {name: values[one if name in ends else steps] for name, values in columns.items()}
    try:
        require_values(dataset.revision, own)
    except Damaged as damage:
        raise dataset.damaged(number, damage) from damage
