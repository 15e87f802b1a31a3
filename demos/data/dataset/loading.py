"""The steps of a dataset's episodes as arrays: read from their files, or mapped from the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from demos.data.dataset.cache import Columns, load_cached
from demos.data.dataset.reader import RevisionReader, stamp
from demos.data.dataset.revision import Revision
from demos.data.dataset.validation import require_values
from demos.data.episodes.arrays import COST, TERM, Arrays, from_columns
from demos.data.episodes.columns import Column, fill
from demos.data.episodes.files import STEPS_FILE, Damaged

Starts = npt.NDArray[np.int64]  # [E+1]


def load_steps(reader: RevisionReader, numbers: Sequence[int]) -> Arrays:
    """The steps of these episodes, read from their files.

    Raises:
        UserError: one of them is damaged.
    """
    starts = _starts(reader, numbers)
    columns = {
        name: np.empty(column.shape, column.dtype)
        for name, column in layout(reader.revision, int(starts[-1]), len(numbers)).items()
    }
    _fill(reader, columns, starts, numbers)
    return from_columns(columns, starts, numbers)


def load_kept(reader: RevisionReader, folder: Path, numbers: Sequence[int]) -> Arrays:
    """The steps of these episodes, mapped from what is kept of them, or read and kept.

    Args:
        reader: of the episodes.
        folder: of the dataset, where the cache is.
        numbers: of all of them that anything is learned from.

    Raises:
        UserError: one of them is damaged.
        OSError: a file of one is missing.
    """
    stamps = [stamp(f"{reader.data}/{number}/{STEPS_FILE}") for number in numbers]
    told = f"{reader.revision.name} {reader.digest()} {stamps}"
    told += "" if len(numbers) == len(reader) else f" {list(numbers)}"
    key = hashlib.sha256(told.encode()).hexdigest()[:32]

    def plan() -> dict[str, Column]:
        starts = _starts(reader, numbers)
        columns = layout(reader.revision, int(starts[-1]), len(numbers))
        return {**columns, "starts": Column(starts.shape, starts.dtype)}

    def write(columns: Columns) -> None:
        columns["starts"][:] = _starts(reader, numbers)
        steps = {name: values for name, values in columns.items() if name != "starts"}
        _fill(reader, steps, columns["starts"], numbers)

    def check(columns: Columns) -> None:
        starts = columns["starts"]
        if len(starts) != len(numbers) + 1 or starts[0] != 0 or (np.diff(starts) < 1).any():
            raise ValueError("not of these episodes")
        wanted = layout(reader.revision, int(starts[-1]), len(numbers))
        wanted["starts"] = Column((len(numbers) + 1,), np.dtype(np.int64))
        if {name: Column(v.shape, v.dtype) for name, v in columns.items()} != wanted:
            raise ValueError("not of this dataset")
        try:
            require_values(reader.revision, columns)
        except Damaged as damage:
            raise ValueError(str(damage)) from damage

    columns = load_cached(folder, key, plan, write, check)
    return from_columns(columns, columns.pop("starts"), numbers)


def layout(revision: Revision, steps: int, episodes: int) -> dict[str, Column]:
    """The columns of so many steps (S) and episodes (E) of a revision, by name."""
    seen, done = revision.observation_space, revision.action_space
    row, act = tuple(seen.shape or ()), tuple(done.shape or ())
    seen_type, number = np.dtype(seen.dtype), np.dtype(np.float32)
    names = [TERM + name for name in revision.facts["terms"]]
    names += [COST + name for name in revision.facts["costs"]]
    return {
        "observations": Column((steps, *row), seen_type),
        "actions": Column((steps, *act), np.dtype(done.dtype)),
        "rewards": Column((steps,), number),
        "actors": Column((steps,), np.dtype(np.uint8)),
        "final_observations": Column((episodes, *row), seen_type),
        "terminated": Column((episodes,), np.dtype(np.bool_)),
        "truncated": Column((episodes,), np.dtype(np.bool_)),
        **{name: Column((steps,), number) for name in names},
    }


def _starts(reader: RevisionReader, numbers: Sequence[int]) -> Starts:
    """Where each of the episodes begins when they are laid end to end."""
    lengths = [reader.facts(number)["total_steps"] for number in numbers]
    return np.cumsum([0, *lengths], dtype=np.int64)


def _fill(reader: RevisionReader, columns: Columns, starts: Starts, numbers: Sequence[int]) -> None:
    for e, number in enumerate(numbers):
        first, last = int(starts[e]), int(starts[e + 1])
        try:
            fill(columns, e, first, last, reader.data / str(number))
        except Damaged as damage:
            raise reader.damaged(number, damage) from damage
    try:
        require_values(reader.revision, columns)  # of all at once: it takes no time
    except Damaged:
        for e, number in enumerate(numbers):
            _require_values_of(reader, columns, e, starts, number)


def _require_values_of(
    reader: RevisionReader, columns: Columns, e: int, starts: Starts, number: int
) -> None:
    """Name the episode whose steps hold what no game does."""
    steps, one = slice(int(starts[e]), int(starts[e + 1])), slice(e, e + 1)
    ends = ("final_observations", "terminated", "truncated")  # one an episode
    own = {name: values[one if name in ends else steps] for name, values in columns.items()}
    try:
        require_values(reader.revision, own)
    except Damaged as damage:
        raise reader.damaged(number, damage) from damage
