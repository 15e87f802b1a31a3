"""The files of an episode with its observations nested as its environment has them, for minari.

Columns, infos and facts are those of our own files (`demos.data.episodes.parquet`); an action mask, which no
environment counts among its observations, goes into the infos, a row for each observation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from gymnasium import spaces

from demos.data.episodes.episode import Episode
from demos.data.episodes.files import CHECKSUM_FILE, LONGEST, STEPS_FILE
from demos.data.exchange.named_parts import (
    nested_from_parts,
    parts_from_nested,
    parts_from_rows,
    rows_from_parts,
)
from environments.simulation.observation_parts import MASK, Part
from environments.system.errors import UserError


def nested_files(
    files: Mapping[str, bytes], episode: Episode, parts: Sequence[Part], space: Any, where: str
) -> dict[str, bytes]:
    """The files of an episode's folder as minari has them; what only ours has (checksums) is left out.

    Args:
        files: those of the dataset's folder.
        episode: read from them.
        parts: what its observations are made of, the mask among them.
        space: the environment's own.
        where: begins a sentence.

    Raises:
        UserError: the rows of the dataset are no observations of that space.
    """
    named = parts_from_rows(episode.observations, parts)
    nested = nested_from_parts(space, named)
    again = parts_from_nested(space, nested)
    masks = {name: rows for name, rows in named.items() if name == MASK and name not in again}
    rows = rows_from_parts({**again, **masks}, parts, {})
    if not np.array_equal(rows.astype(episode.observations.dtype), _flat(episode), equal_nan=True):
        raise UserError(
            f"{where} holds observations that {episode.world} cannot show: export it to npz."
        )
    table = pq.ParquetFile(pa.BufferReader(files[STEPS_FILE])).read(use_threads=False)
    table = _replaced(table, "observations", _to_arrow(space, nested))
    for name, values in masks.items():
        infos = table.column("infos").combine_chunks()
        kept = [infos.field(k) for k in range(infos.type.num_fields)]
        fields = [*infos.type, pa.field(name, pa.list_(pa.float32(), values.shape[1]))]
        mask = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
        table = _replaced(table, "infos", pa.StructArray.from_arrays([*kept, mask], fields=fields))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="lz4", row_group_size=LONGEST + 1)
    others = {n: data for n, data in files.items() if n not in (STEPS_FILE, CHECKSUM_FILE)}
    return {STEPS_FILE: sink.getvalue().to_pybytes(), **others}


def _flat(episode: Episode) -> npt.NDArray[Any]:
    return episode.observations.reshape(len(episode.observations), -1)


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), pa.field(name, column.type), column)


def _to_arrow(space: Any, nested: Any) -> pa.Array:
    """Nested rows as minari writes them: structs of lists of fixed length."""
    if isinstance(space, spaces.Dict):
        arrays = [_to_arrow(part, nested[name]) for name, part in space.spaces.items()]
        return pa.StructArray.from_arrays(arrays, names=[str(name) for name in space.spaces])
    if isinstance(space, spaces.Tuple):
        arrays = [_to_arrow(part, nested[k]) for k, part in enumerate(space.spaces)]
        return pa.StructArray.from_arrays(arrays, names=[str(k) for k in range(len(arrays))])
    if isinstance(space, spaces.Discrete):
        return pa.array(nested)
    flat = pa.array(np.ascontiguousarray(nested).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, int(np.prod(space.shape, dtype=np.int64)))
