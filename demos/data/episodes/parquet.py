"""An episode as the three files of its folder, laid out so that minari reads it too.

    part-0.parquet   T+1 rows; the last row of everything but observations is padding
    metadata.json    steps, seed, options, seat, match, player, world
    _checksum.json   SHA-256 of the other two; minari passes over names that begin with "_"

What minari has no column for stands under `infos`, one row later than the step it belongs to:
there, row 0 is what `reset` returned and row t+1 what step t returned. Raw device states have a
column of their own, only where there are any: a keyboard's and a pad's are of different lengths, and
minari opens a dataset only if all its episodes have `infos` of one type.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from demos.data.episodes.episode import Episode
from demos.data.episodes.facts import require_episode
from demos.data.episodes.files import (
    CHECKSUM_FILE,
    FACTS_FILE,
    LONGEST,
    STEPS_FILE,
    STRANGE,
    Damaged,
    open_steps,
    read_verified,
)
from environments.files.atomic import to_json
from environments.files.readers import parse_json

FACTS = ("world", "fingerprint", "agent", "match", "player", "seed", "options", "meta")
_LISTED = (gymnasium.spaces.Box, gymnasium.spaces.MultiDiscrete, gymnasium.spaces.MultiBinary)


Space = gymnasium.Space[Any]


def encode(episode: Episode, observation_space: Space, action_space: Space) -> dict[str, bytes]:
    """The files of an episode's folder, by name."""
    if len(episode) > LONGEST:
        raise ValueError(f"actions: {len(episode)} steps, an episode holds at most {LONGEST}")
    ending = np.zeros((2, len(episode) + 1), np.bool_)
    ending[0, -2], ending[1, -2] = episode.terminated, episode.truncated
    columns = {
        "observations": _fit("observations", episode.observations, observation_space),
        "actions": _fit("actions", _end_padded(episode.actions), action_space),
        "rewards": _end_padded(episode.rewards),
        "terminations": ending[0],
        "truncations": ending[1],
    }
    fields, arrays = _columns(columns, listed=_listed(observation_space, action_space))
    infos = _infos(episode, action_space)
    fields.append(pa.field("infos", infos.type))
    arrays.append(infos)
    if episode.raw.shape[1]:
        raw = _lists(_end_padded(episode.raw))
        fields.append(pa.field("raw", raw.type))
        arrays.append(raw)
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    sink = pa.BufferOutputStream()
    # Fast rather than small: zstd with dictionaries takes half the room and twice the time to load.
    pq.write_table(
        table,
        sink,
        compression="lz4",
        use_dictionary=False,
        write_statistics=False,
        row_group_size=LONGEST + 1,
    )
    facts = facts_of(episode)
    require_episode(facts)  # what is written can be read
    files = {STEPS_FILE: sink.getvalue().to_pybytes(), FACTS_FILE: to_json(facts)}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return files | {CHECKSUM_FILE: to_json(sums)}


def facts_of(episode: Episode) -> dict[str, Any]:
    """What lists and tables need without opening the parquet file.

    No episode number: the folder's name is the number, so that a later revision can hold the same
    bytes under another one.
    """
    return {name: getattr(episode, name) for name in FACTS} | {
        "total_steps": len(episode),
        "seconds": episode.seconds,
        "aborted": episode.aborted,
        "totals": {name: episode.total(name) for name in (*episode.terms, *episode.costs)},
    }


def decode(folder: Path) -> Episode:
    """Read an episode back, or raise Damaged. Runs nothing that the files say."""
    files = read_verified(folder)
    facts = _facts_in(files[FACTS_FILE])
    try:
        table = open_steps(files[STEPS_FILE], facts["total_steps"]).read(use_threads=False)
        infos = table.column("infos").combine_chunks()
        own = {
            field.name: _to_numpy(infos.field(number), field)[1:]
            for number, field in enumerate(infos.type)
        }
        columns = {
            name: _to_numpy(table.column(name).combine_chunks(), table.schema.field(name))
            for name in ("observations", "actions", "rewards", "terminations", "truncations")
        }
        raw = np.zeros((len(table), 0), np.float32)  # where none was recorded there is no column
        if "raw" in table.column_names:
            flat = table.column("raw").combine_chunks().flatten().to_numpy(zero_copy_only=False)
            raw = np.asarray(flat).reshape(len(table), -1)
        return Episode(
            observations=columns["observations"],
            actions=columns["actions"][:-1],
            rewards=columns["rewards"][:-1],
            terminated=bool(columns["terminations"][-2]),
            truncated=bool(columns["truncations"][-2]),
            terms=_group(own, "terms/"),
            costs=_group(own, "costs/"),
            requested_actions=own["requested_actions"],
            actors=own["actors"],
            capture_times=own["capture_times"],
            late=own["late"],
            raw=raw[:-1],
            **{name: facts[name] for name in FACTS},
        )
    except STRANGE as error:
        raise Damaged(STEPS_FILE, f"cannot be read ({_first_line(error)})") from error


def read_facts(folder: Path) -> dict[str, Any]:
    """An episode's `metadata.json`, or raise Damaged."""
    return _facts_in(read_verified(folder, (FACTS_FILE,))[FACTS_FILE])


def _facts_in(data: bytes) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = parse_json(data)
        require_episode(facts)
    except ValueError as error:
        raise Damaged(FACTS_FILE, f"does not describe an episode ({error})") from error
    return facts


def _end_padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([values, np.zeros_like(values[:1])])


def _start_padded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros_like(values[:1]), values])


def _infos(episode: Episode, action_space: Space) -> pa.StructArray:
    columns = {
        "requested_actions": _fit("requested_actions", episode.requested_actions, action_space),
        "actors": episode.actors,
        "capture_times": episode.capture_times,
        "late": episode.late,
        **{f"terms/{name}": values for name, values in episode.terms.items()},
        **{f"costs/{name}": values for name, values in episode.costs.items()},
    }
    padded = {name: _start_padded(values) for name, values in columns.items()}
    listed = {"requested_actions"} if isinstance(action_space, _LISTED) else set()
    fields, arrays = _columns(padded, listed)
    return pa.StructArray.from_arrays(arrays, fields=fields)


def _listed(observation_space: Space, action_space: Space) -> set[str]:
    spaces = {"observations": observation_space, "actions": action_space}
    return {name for name, space in spaces.items() if isinstance(space, _LISTED)}


def _fit(name: str, values: npt.NDArray[Any], space: Space) -> npt.NDArray[Any]:
    """The values in the space's own type; refuse what would be changed by that."""
    if not isinstance(space, (*_LISTED, gymnasium.spaces.Discrete)):
        raise ValueError(f"{name}: a dataset cannot hold {type(space).__name__} spaces")
    if values.shape[1:] != space.shape:
        raise ValueError(f"{name}: rows of shape {values.shape[1:]}, the space has {space.shape}")
    if space.dtype is None or not np.can_cast(values.dtype, space.dtype, "safe"):
        raise ValueError(f"{name}: type {values.dtype}, the space has {space.dtype}")
    return values.astype(space.dtype, copy=False)


def _columns(
    columns: dict[str, npt.NDArray[Any]], listed: set[str]
) -> tuple[list[pa.Field], list[pa.Array]]:
    """Arrow arrays: one number a row, or a list of fixed length with its shape noted beside."""
    fields, arrays = [], []
    for name, values in columns.items():
        array, shape = pa.array(values) if name not in listed else None, None
        if array is None:
            width = int(np.prod(values.shape[1:], dtype=np.int64))
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            array = pa.FixedSizeListArray.from_arrays(flat, width)
            shape = {"shape": ",".join(str(size) for size in values.shape[1:])}
        fields.append(pa.field(name, array.type, metadata=shape))
        arrays.append(array)
    return fields, arrays


def _lists(values: npt.NDArray[Any]) -> pa.ListArray:
    """Rows of numbers as lists whose type does not say how long they are."""
    offsets = np.arange(len(values) + 1, dtype=np.int32) * np.int32(values.shape[1])
    return pa.ListArray.from_arrays(offsets, pa.array(np.ascontiguousarray(values).reshape(-1)))


def _to_numpy(values: pa.Array, field: pa.Field) -> npt.NDArray[Any]:
    if not pa.types.is_fixed_size_list(values.type):
        return np.asarray(values.to_numpy(zero_copy_only=False))
    sizes = (field.metadata or {}).get(b"shape", b"").split(b",")
    shape = tuple(int(size) for size in sizes if size)
    flat = values.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat).reshape(len(values), *shape)


def _group(columns: dict[str, npt.NDArray[Any]], prefix: str) -> dict[str, npt.NDArray[Any]]:
    return {
        name.removeprefix(prefix): values
        for name, values in columns.items()
        if name.startswith(prefix)
    }


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
