"""Limits of what is read from other people's files: kinds of files, types of columns, memory."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from demos.data.episodes.facts import shown
from environments.system.errors import UserError

DENSEST = 1100  # bytes for each byte of a file: deflate packs a run of one byte as 1032 to 1
SMALL = 2**16  # bytes of a file, which may be as dense as it likes
DEEPEST = 32  # folders in each other
# What is met in files that we did not write, as the libraries that read them raise it.
STRANGE = (
    pa.ArrowException, OSError, ValueError, KeyError, TypeError, IndexError, AttributeError,
    AssertionError, OverflowError, MemoryError, RuntimeError, EOFError, NotImplementedError,
)  # fmt: skip


def require_plain(root: Path) -> None:
    """Refuse a folder with links out of it, pipes or devices anywhere in it; no link is followed.

    Raises:
        UserError: the sentence names what is in the way.
    """
    base = root.resolve()
    for entry in _below(root, 0):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            target = Path(os.path.realpath(entry.path))
            if not target.is_relative_to(base) or not target.is_file():
                raise UserError(
                    f"{entry.path} is a link to {target}: what is imported has to be inside of {root}, "
                    "and no other file is read."
                )
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise UserError(f"{entry.path} is a pipe or a device, not a file: it is not read.")


def _below(folder: Path, depth: int) -> Iterator[os.DirEntry[str]]:
    if depth > DEEPEST:
        raise UserError(f"{folder} is nested more than {DEEPEST} folders deep: it is not read.")
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(Path(entry.path), depth + 1)
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}).") from error


def require_room(size: int, packed: int) -> None:
    """Raise ValueError if so many bytes (`packed`) cannot hold what is said, or memory cannot.

    Args:
        size: bytes that it would be in memory.
        packed: bytes in the file.
    """
    if size > DENSEST * max(packed, SMALL):
        raise ValueError(f"{packed:,} bytes cannot hold the {size:,} that it speaks of")
    if size > memory():
        raise ValueError(f"it holds {size:,} bytes, more than this machine has room for")


def row_width(name: str, kind: pa.DataType, depth: int = 0) -> int:
    """Bytes a row, as far as a type says; ValueError if it is not one of plain numbers or texts."""
    if depth > DEEPEST:
        raise ValueError(f"its column {shown(name)} is nested more than {DEEPEST} deep")
    types = pa.types
    if types.is_struct(kind) and kind.num_fields:
        return sum(row_width(name, part.type, depth + 1) for part in kind)
    if types.is_fixed_size_list(kind) and kind.list_size > 0:
        return int(kind.list_size) * row_width(name, kind.value_type, depth + 1)
    if types.is_list(kind) or types.is_large_list(kind):
        return 4 + row_width(name, kind.value_type, depth + 1)
    if types.is_binary(kind) or types.is_string(kind):
        return 4
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        return max(int(kind.bit_width) // 8, 1)
    raise ValueError(f"its column {shown(name)} is of type {shown(str(kind))}, which is not read")


def memory() -> int:
    """Bytes that one file may take: half of what this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def words(error: BaseException) -> str:
    """The first line of what another library said, without a full stop."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300].rstrip(".").encode("ascii", "backslashreplace").decode()
