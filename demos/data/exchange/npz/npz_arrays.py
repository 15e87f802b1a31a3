"""Arrays of an .npz file, read without believing its headers: plain numbers, and texts where asked for."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.episodes.facts import shown
from demos.data.exchange.folder_limits import STRANGE, memory, require_room

UNREADABLE = (*STRANGE, zipfile.BadZipFile, zlib.error)  # what `read_npz` raises
TEXTS = ("facts",)  # arrays that hold one text
_header_2_0 = np.lib.format.read_array_header_2_0


def read_npz(path: Path, is_read: Callable[[str], Any]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of which `is_read` says so by name; no more is unpacked than the file can hold.

    Raises:
        What `UNREADABLE` lists: it is no such file, or speaks of more than it holds.
    """
    if not path.is_file():
        raise ValueError("it is no ordinary file")
    arrays, packed, left = {}, 0, memory()
    with zipfile.ZipFile(path) as file:
        members = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
        for name in filter(is_read, members):
            packed += members[name].compress_size
            if packed > path.stat().st_size:
                raise ValueError("its parts are larger than it is")
            with file.open(members[name]) as part:
                arrays[name] = _array(name, part, members[name])
            left -= arrays[name].nbytes
            if left < 0:
                raise ValueError("it holds more than this machine has room for")
    return arrays


def _array(name: str, part: Any, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    """One array, after a look at what its header says."""
    version = np.lib.format.read_magic(part)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} is of a format that is not known")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else _header_2_0
    shape, _, dtype = header(part)
    if dtype.hasobject or dtype.kind not in ("U" if name in TEXTS else "biuf"):
        raise ValueError(f"{name} is of type {shown(str(dtype))}, which is no plain array")
    size = math.prod(shape) * dtype.itemsize
    require_room(size, info.compress_size)
    if any(extent < 0 for extent in shape) or size > info.file_size:
        raise ValueError(f"{name} has {info.file_size:,} bytes, and speaks of {size:,}")
    part.seek(0)
    made: npt.NDArray[Any] = np.lib.format.read_array(part, allow_pickle=False)
    if name in TEXTS and made.size != 1:
        raise ValueError(f"{name} is no single text")
    return made
