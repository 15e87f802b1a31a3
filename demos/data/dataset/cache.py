"""All steps of a dataset, kept as plain arrays that the next training maps into memory.

<name>/.cache/<key>/
    cache.json          the columns: type, shape, CRC-32; with a checksum of its own
    0.npy 1.npy ...     one a column, as numpy writes it; read without believing its header

The key is a hash over the episodes' checksum files and over size and time of change of the files
that hold their steps: when an episode comes, goes or is touched, the key is another one. At each
loading these are compared: the key, the checksum of `cache.json`, and every byte of every file with
the CRC-32 noted there (some 20 ms for a hundred megabytes that are in memory). Whatever does not
agree is thrown away and made anew from the episodes, whose own checksums are verified then. The
arrays are mapped copy-on-write: a change to them is seen by this process alone.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.episodes.columns import Column
from environments.files.atomic import read_checked_json, to_checked_json

FOLDER = ".cache"
FACTS_FILE = "cache.json"
FORMAT = 1  # raise it when what is written here changes

Columns = dict[str, npt.NDArray[Any]]
Layout = Mapping[str, Column]


def load_cached(
    folder: Path,
    key: str,
    plan: Callable[[], Layout],
    fill: Callable[[Columns], None],
    check: Callable[[Columns], None],
) -> Columns:
    """The columns kept under `key` in the dataset's `folder`, made and kept first if need be.

    Args:
        folder: of the dataset; a cache that cannot be written (read-only, full) is done without.
        key: says of which episodes; see above.
        plan: what columns there are; asked only if they are not kept yet.
        fill: writes all of them, into arrays that are handed to it.
        check: raises ValueError for columns that cannot be these, whatever their checksums say.
    """
    place = folder / FOLDER / key
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        kept = _mapped(place)
        check(kept)
        return kept
    columns = plan()
    try:
        if place.parent.is_symlink():  # what is in it is not ours to sweep
            raise OSError(errno.ELOOP, "a link", str(place.parent))
        return _made(place, columns, fill)
    except OSError:  # no room or no right to write: the arrays are as good in memory
        in_memory = {name: np.empty(c.shape, c.dtype) for name, c in columns.items()}
        fill(in_memory)
        return in_memory


def _mapped(place: Path) -> Columns:
    """What is kept, compared with all its checksums; ValueError or OSError if it is not whole."""
    if place.is_symlink() or place.parent.is_symlink():
        raise ValueError("is a link")
    facts = read_checked_json(place / FACTS_FILE)
    if facts["format"] != FORMAT:
        raise ValueError("of another format")
    columns = {}
    for number, (name, noted) in enumerate(sorted(facts["columns"].items())):
        path, dtype = place / f"{number}.npy", np.dtype(noted["dtype"])
        if not stat.S_ISREG(path.lstat().st_mode) or dtype.kind not in "biuf":
            raise ValueError(f"{name} is no file of numbers")
        whole: npt.NDArray[Any] = np.memmap(path, np.uint8, "c").view(np.ndarray)
        if _sum(whole) != noted["crc32"]:
            raise ValueError(f"{name} is not what was written")
        values = whole[noted["offset"] :].view(dtype)
        columns[name] = values.reshape(noted["shape"])
    return columns


def _made(place: Path, layout: Layout, fill: Callable[[Columns], None]) -> Columns:
    """Fill files beside and put them into place in one step."""
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        places = {name: beside / f"{number}.npy" for number, name in enumerate(sorted(layout))}
        columns = {name: _allocated(path, layout[name]) for name, path in places.items()}
        fill(columns)
        noted = {name: _noted(path, layout[name]) for name, path in places.items()}
        (beside / FACTS_FILE).write_bytes(to_checked_json({"format": FORMAT, "columns": noted}))
        shutil.rmtree(place, ignore_errors=True)  # damaged, or we would not be here
        # No fsync: what a power cut tears is found by its CRC-32.
        beside.rename(place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    _sweep(place)
    return _mapped(place)


def _allocated(path: Path, column: Column) -> npt.NDArray[Any]:
    """A file for a column, mapped, with all the room it needs: a full disk is noticed here."""
    if column.size == 0:  # nothing cannot be mapped
        np.save(path, np.empty(column.shape, column.dtype))
        return np.empty(column.shape, column.dtype)
    values = np.lib.format.open_memmap(path, mode="w+", dtype=column.dtype, shape=column.shape)
    with path.open("r+b") as file:  # a hole in a mapped file would end the process when it is met
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return values.view(np.ndarray)


def _noted(path: Path, column: Column) -> dict[str, Any]:
    """What is written down of a column's file."""
    whole: npt.NDArray[Any] = np.memmap(path, np.uint8, "r").view(np.ndarray)
    return {
        "dtype": column.dtype.str,
        "shape": list(column.shape),
        "offset": whole.size - column.size,
        "crc32": _sum(whole),
    }


def _sum(whole: npt.NDArray[Any]) -> int:
    data: Any = whole  # a buffer, which its type does not say
    return zlib.crc32(data)


def _sweep(place: Path) -> None:
    """Remove the caches of episodes as they were before; who has one mapped keeps it."""
    for other in place.parent.iterdir():
        if other != place and not other.name.startswith("."):
            shutil.rmtree(other, ignore_errors=True)
    for left in place.parent.glob(".*"):  # by a process that died while it filled one
        if not _alive(left.name.rpartition(".")[2]):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: str) -> bool:
    if os.name != "posix":
        return True  # there such a question would end the process
    try:
        os.kill(int(pid), 0)  # sends nothing
    except ProcessLookupError:
        return False
    except (OSError, ValueError, OverflowError):
        pass  # of another user, or no number: nothing is known of it
    return True
