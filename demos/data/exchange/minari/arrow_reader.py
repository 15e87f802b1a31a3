"""minari's Parquet and Arrow files: plain numbers, in lists and tables of a known shape, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from gymnasium import spaces

from demos.data.episodes.arrays import COST, TERM
from demos.data.episodes.parquet import FACTS
from demos.data.exchange.folder_limits import require_room, row_width
from demos.data.exchange.minari.jpeg import is_picture, pictures
from demos.data.exchange.portable_episode import NOTED
from environments.files.readers import read_json
from environments.simulation.observation_parts import MASK

FORMATS = ("parquet", "arrow")
_COLUMNS = ("observations", "actions", "rewards", "terminations", "truncations")
_INFOS = ("terms", "costs", "cost", MASK)
_BYTES = ("metadata.json", "_", ".")  # what minari passes over begins so
Space = gymnasium.Space[Any]


def episodes(
    data: Path, seen: Space, done: Space, jpeg: bool, total: int, extras: bool = False
) -> Iterator[dict[str, Any]]:
    """The episodes of a folder, as `minari_format` takes them.

    Args:
        data: the folder.
        seen: the space of observations.
        done: of actions.
        jpeg: whether pictures are packed so.
        total: how many episodes there are.
        extras: whether we wrote it, and what only we note is read too.

    Raises:
        ValueError, or what pyarrow raises: it is not as minari writes it.
    """
    for number in range(total):
        folder = data / str(number)
        files = sorted(p for p in folder.iterdir() if not p.name.startswith(_BYTES))
        table = pa.concat_tables([_read(path, extras) for path in files]).combine_chunks()
        size = sum(path.stat().st_size for path in files)
        column = {name: _whole(table.column(name)) for name in table.column_names}
        rows = len(table) - 1  # the last one is padding, in all but the observations
        noted = read_json(folder / "metadata.json")
        yield {
            "observations": _decode(column["observations"], seen, jpeg, size),
            "actions": _decode(column["actions"].slice(0, rows), done, jpeg, size),
            **{name: _numbers(column[name])[:rows] for name in _COLUMNS[2:]},
            "infos": _infos(column.get("infos"), extras),
            **{name: noted.get(name) for name in ("seed", "options")},
            **(_extras(noted, column.get("raw"), rows) if extras else {}),
        }


def _extras(noted: dict[str, Any], raw: Any, rows: int) -> dict[str, Any]:
    """What only we note: the facts of an episode, and raw device states."""
    found: dict[str, Any] = {"facts": {name: noted[name] for name in FACTS if name in noted}}
    if raw is not None:
        found["raw"] = {"raw": _numbers(raw).reshape(rows + 1, -1)[:rows]}
    return found


def _is_read(name: str, extras: bool) -> bool:
    """Whether one of what minari calls infos is read."""
    return name in _INFOS or (extras and (name in NOTED or name.startswith((TERM, COST))))


def _read(path: Path, extras: bool) -> pa.Table:
    """The columns of a file that are asked for, after a look at what they would take."""
    size = path.stat().st_size
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        schema, rows = file.schema_arrow, file.metadata.num_rows
        columns = (*_COLUMNS, "infos", "raw") if extras else (*_COLUMNS, "infos")
        names = [name for name in columns if name in schema.names]
        wanted = [name for name in names if name != "infos"]
        infos = schema.field("infos").type if "infos" in names else None
        if infos is not None and pa.types.is_struct(infos):
            wanted += [f"infos.{part.name}" for part in infos if _is_read(part.name, extras)]
        require_room(rows * sum(row_width(n, t) for n, t in _kinds(schema, names, extras)), size)
        return file.read(columns=wanted, use_threads=False)
    with pa.OSFile(str(path)) as source:
        reader = pa.ipc.open_file(source)
        names = [name for name in (*_COLUMNS, "infos") if name in reader.schema.names]
        for name, kind in _kinds(reader.schema, names, extras):
            row_width(name, kind)
        table = reader.read_all().select(names)
    table.validate(full=True)  # its offsets are whatever the file says
    require_room(table.nbytes, size)
    return table


def _kinds(schema: pa.Schema, names: list[str], extras: bool) -> Iterator[tuple[str, pa.DataType]]:
    """Columns that are read, by name and type; of what minari calls infos only a few."""
    for name in names:
        kind = schema.field(name).type
        if name == "infos" and pa.types.is_struct(kind):
            yield from ((f"infos {p.name}", p.type) for p in kind if _is_read(p.name, extras))
        elif name != "infos":
            yield name, kind


def _whole(column: pa.ChunkedArray) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _decode(values: Any, space: Space, jpeg: bool, size: int) -> Any:
    if isinstance(space, spaces.Dict):
        return {n: _decode(values.field(n), s, jpeg, size) for n, s in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        parts = enumerate(space.spaces)
        return tuple(_decode(values.field(str(n)), s, jpeg, size) for n, s in parts)
    if jpeg and is_picture(space):
        return pictures((row.as_py() for row in values), space, len(values), size)
    if isinstance(space, spaces.Text):
        return values.to_pylist()
    return _numbers(values).reshape(len(values), *(space.shape or ()))


def _infos(values: Any, extras: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"noted": {}}
    if values is None or not pa.types.is_struct(values.type):
        return found
    for number, part in enumerate(values.type):
        column = values.field(number)
        if part.name in _INFOS and pa.types.is_struct(part.type):
            found[part.name] = {p.name: _numbers(column.field(k)) for k, p in enumerate(part.type)}
        elif part.name in _INFOS:
            found[part.name] = _numbers(column)
        elif _is_read(part.name, extras):
            found["noted"][part.name] = _numbers(column)
    return found


def _numbers(values: Any) -> np.ndarray:
    """Numbers, one or a list of them a row: [T] or [T, N]."""
    flat = values
    while not (pa.types.is_integer(flat.type) or pa.types.is_floating(flat.type)
               or pa.types.is_boolean(flat.type)):  # fmt: skip
        flat = flat.flatten()
    found = np.asarray(flat.to_numpy(zero_copy_only=False))
    if found.dtype.kind not in "biuf":
        raise ValueError("it has gaps where numbers are needed")
    return found if len(flat) == len(values) else found.reshape(len(values), -1)
