"""The columns of recorded episodes that training needs, read straight into arrays that are given.

S = steps of all episodes, E = episodes, T = steps of one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demos.data.episodes.episode import Actor
from demos.data.episodes.files import (
    LONGEST,
    STEPS_FILE,
    STRANGE,
    Damaged,
    open_steps,
    read_verified,
)

Columns = Mapping[str, npt.NDArray[Any]]
_FLAGS = {"terminated": "terminations", "truncated": "truncations"}


@dataclass(frozen=True)
class Column:
    """One array of `Arrays`, before it is there."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


def fill(columns: Columns, episode: int, first: int, last: int, folder: Path) -> None:
    """Read the episode in `folder` into rows `first` to `last` of the steps, row `episode` of the rest.

    Raises:
        Damaged: a file is not what was written.
    """
    data = read_verified(folder, (STEPS_FILE,))[STEPS_FILE]
    noted = [name for name in columns if name == "actors" or "/" in name]
    names = ["observations", "actions", "rewards", *_FLAGS.values()]
    try:
        # One row group, so one batch: a third faster than reading a table of it.
        batches = open_steps(data, last - first).iter_batches(
            LONGEST + 1, columns=[*names, *(f"infos.{name}" for name in noted)], use_threads=False
        )
        batch = next(batches)
        read = {name: batch.column(name) for name in [*names, "infos"]}
        seen = _rows(read["observations"], columns["observations"])
        columns["observations"][first:last] = seen[:-1]
        columns["final_observations"][episode] = seen[-1]
        for name in ("actions", "rewards"):
            columns[name][first:last] = _rows(read[name], columns[name])[:-1]
        for ours, theirs in _FLAGS.items():
            columns[ours][episode] = read[theirs][-2].as_py()
        for name in noted:  # what is noted of a step stands a row later
            columns[name][first:last] = _rows(read["infos"].field(name), columns[name])[1:]
    except STRANGE as error:
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise Damaged(STEPS_FILE, f"cannot be read ({what})") from error


def read_actors(folder: Path, steps: int) -> npt.NDArray[np.uint8]:
    """Who acted in each step of the episode in `folder`, codes of `Actor`: [T].

    Raises:
        Damaged: a file is not what was written.
    """
    data = read_verified(folder, (STEPS_FILE,))[STEPS_FILE]
    try:
        table = open_steps(data, steps).read(columns=["infos.actors"], use_threads=False)
        codes = table.column("infos").combine_chunks().field("actors")[1:]
        actors = np.asarray(codes.to_numpy(zero_copy_only=False))
        if actors.dtype != np.uint8 or actors.max() > max(Actor):
            raise ValueError("its actors are no codes of Actor")
    except STRANGE as error:
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise Damaged(STEPS_FILE, f"cannot be read ({what})") from error
    return actors


def _rows(values: pa.Array, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers of an arrow array, of the type and shape of a column: [T+1, ...]."""
    shape = column.shape[1:]
    flat = (values.flatten() if shape else values).to_numpy(zero_copy_only=False)
    if flat.dtype != column.dtype:
        raise ValueError(f"numbers of type {flat.dtype}, and the dataset has {column.dtype}")
    return np.asarray(flat).reshape(len(values), *shape)
