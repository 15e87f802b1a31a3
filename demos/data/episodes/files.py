"""The files of an episode's folder: read as they lie there, compared with checksums, looked at before use."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from demos.data.episodes.facts import shown
from environments.files.readers import NO_LINK, Unreadable, parse_json, read_ordinary

STEPS_FILE = "part-0.parquet"
FACTS_FILE = "metadata.json"
CHECKSUM_FILE = "_checksum.json"
# minari takes one batch for one episode, and pyarrow cuts batches at this many rows.
LONGEST = 131_072 - 1  # steps
MOST = 2**33  # bytes of a file
DENSEST = 300  # numbers, in bytes, for each byte of a file: lz4 packs a run of one byte as 255 to 1
# What is met in the steps of a file that we did not write: never more than a damaged episode.
STRANGE = (
    pa.ArrowException, OSError, ValueError, KeyError, TypeError, IndexError, AttributeError,
    OverflowError, MemoryError, StopIteration,
)  # fmt: skip
_seen: dict[str, tuple[pa.Schema, float]] = {}


class Damaged(Exception):
    """A file of an episode is not what was written: `file` names it, `reason` says how."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file} {reason}")
        self.file = file
        self.reason = reason


def read_verified(
    folder: Path, names: Sequence[str] = (STEPS_FILE, FACTS_FILE)
) -> dict[str, bytes]:
    """The bytes of an episode's files, after comparing each with its checksum."""
    files = read_own(folder, (CHECKSUM_FILE, *names))
    try:
        sums = parse_json(files.pop(CHECKSUM_FILE))
    except ValueError as error:
        raise Damaged(CHECKSUM_FILE, str(error)) from error
    if not isinstance(sums, dict) or set(sums) != {STEPS_FILE, FACTS_FILE}:
        raise Damaged(CHECKSUM_FILE, f"does not list {STEPS_FILE} and {FACTS_FILE}")
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != sums[name]:
            raise Damaged(name, "is not what was written (its SHA-256 differs)")
    return files


def read_own(folder: Path | str, names: Sequence[str]) -> dict[str, bytes]:
    """Files of an episode's folder; neither it nor they may be links to something else."""
    files, name = {}, ""
    try:
        if os.open not in os.supports_dir_fd:  # Windows
            return {(name := own): read_ordinary(Path(folder) / own, MOST) for own in names}
        handle = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | NO_LINK)
        try:
            for name in names:
                files[name] = read_ordinary(name, MOST, handle)
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        raise Damaged(name or CHECKSUM_FILE, "is missing") from error
    except Unreadable as error:
        raise Damaged(name, str(error)) from error
    except OSError as error:
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror
        what = name or "its folder"
        if not name and error.errno in (errno.ENOTDIR, errno.ELOOP):
            why = "it is a link or a file"
        raise Damaged(what, f"cannot be read ({why})") from error
    return files


def open_steps(data: bytes, steps: int) -> pq.ParquetFile:
    """The steps of an episode, before they are read: as many as its facts say, and of plain numbers.

    Raises:
        ValueError: they are not; or so few bytes cannot hold so many numbers.
    """
    file = pq.ParquetFile(pa.BufferReader(data))
    rows, width = file.metadata.num_rows, _row_width(file.schema_arrow)
    if rows != steps + 1:
        raise ValueError(f"it has {rows:,} rows, and needs {steps + 1:,}")
    if "raw" in file.schema_arrow.names:  # lists, as long as they are
        width += 4 * _numbers_in(file, "raw.") / max(rows, 1)
    if rows * width > DENSEST * len(data):
        raise ValueError(f"{len(data):,} bytes cannot hold {rows:,} rows of {width:,.0f} bytes")
    return file


def _numbers_in(file: pq.ParquetFile, column: str) -> int:
    groups = (file.metadata.row_group(k) for k in range(file.metadata.num_row_groups))
    parts = (group.column(k) for group in groups for k in range(group.num_columns))
    return sum(part.num_values for part in parts if part.path_in_schema.startswith(column))


def _row_width(schema: pa.Schema) -> float:
    """Bytes a row; ValueError for columns of anything but numbers."""
    known = _seen.get("last")  # of thousands of files one looks like the other
    if known is not None and known[0] == schema:
        return known[1]
    if len(set(schema.names)) < len(schema.names):
        raise ValueError("it has a column twice")
    width = 0.0
    for field in schema:
        kind = field.type
        if field.name == "infos" and pa.types.is_struct(kind):
            width += sum(_width(part.name, part.type) for part in kind)
        elif (
            field.name == "raw" and pa.types.is_list(kind) and pa.types.is_float32(kind.value_type)
        ):
            continue
        else:
            width += _width(field.name, kind)
    _seen["last"] = schema, width
    return width


def _width(name: str, kind: pa.DataType) -> float:
    """Bytes a row of plain numbers, or of a fixed number of them."""
    count = 1
    if pa.types.is_fixed_size_list(kind):
        kind, count = kind.value_type, kind.list_size
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ValueError(f"its column {shown(name)} is of type {shown(str(kind))}")
    return float(kind.bit_width * count / 8)
