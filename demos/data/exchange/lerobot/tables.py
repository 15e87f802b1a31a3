"""Columns of LeRobot's parquet files, after a look at what they would take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from demos.data.episodes.facts import shown
from demos.data.exchange.folder_limits import memory, require_room, row_width
from demos.data.exchange.lerobot.layout import Feature

_FILES = 2  # whose columns are kept: episodes are read in their order
_PICTURES_AT_ONCE = 16


class TableColumns:
    """Columns of files of many episodes, the latest of which are kept for the next episode."""

    def __init__(self) -> None:
        self._kept: dict[Path, dict[str, pa.ChunkedArray]] = {}

    def column(self, path: Path, name: str) -> pa.ChunkedArray:
        """A column of a file.

        Raises:
            ValueError, or what pyarrow raises: it is not there, or of more than the file can hold.
        """
        columns = self._kept.setdefault(path, {})
        if name not in columns:
            columns[name] = _read(path, name)
        while len(self._kept) > _FILES:
            del self._kept[next(iter(self._kept))]
        return columns[name]


def _read(path: Path, name: str) -> pa.ChunkedArray:
    file = pq.ParquetFile(path)
    if name not in file.schema_arrow.names:
        raise ValueError(f"{path.name} has no column {name}")
    kind = file.schema_arrow.field(name).type
    if pa.types.is_struct(kind) or pa.types.is_binary(kind):
        return _pictures(file, name)
    kind = kind.storage_type if isinstance(kind, pa.ExtensionType) else kind
    require_room(file.metadata.num_rows * row_width(name, kind), path.stat().st_size)
    found = file.read(columns=[name], use_threads=False).column(name)
    if isinstance(found.type, pa.ExtensionType):
        found = pa.chunked_array([chunk.storage for chunk in found.chunks])
    return found


def _pictures(file: pq.ParquetFile, name: str) -> pa.ChunkedArray:
    """A column of packed pictures, a few at a time: one in the file may stand for many rows."""
    chunks, left = [], memory()
    for batch in file.iter_batches(_PICTURES_AT_ONCE, columns=[name], use_threads=False):
        chunks.append(batch.column(0))
        left -= chunks[-1].nbytes
        if left < 0:
            raise ValueError(f"the pictures of {name} are more than there is room for")
    return pa.chunked_array(chunks, type=file.schema_arrow.field(name).type)


def plain_numbers_of(cells: pa.ChunkedArray, feature: Feature) -> npt.NDArray[Any]:
    """Cells as an array of the shape that their feature says: [T, ...].

    Raises:
        ValueError: they have gaps, hold no numbers, or are of other lengths.
    """
    flat: Any = cells.combine_chunks()
    types = pa.types
    while (
        types.is_list(flat.type)
        or types.is_large_list(flat.type)
        or types.is_fixed_size_list(flat.type)
    ):
        flat = flat.flatten()
    values = np.asarray(flat.to_numpy(zero_copy_only=False))
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{feature.key} has gaps, or holds {shown(str(flat.type))}")
    return values.reshape(len(cells), *feature.shape)
