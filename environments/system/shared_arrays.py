"""Named arrays in memory that processes can share."""

from __future__ import annotations

from collections.abc import Mapping
from multiprocessing import sharedctypes
from typing import Any

import numpy as np

SharedArrays = dict[str, np.ndarray]  # the arrays that a layout names
Layout = Mapping[str, tuple[tuple[int, ...], str | np.dtype[Any]]]  # shape and type of each


def arrays_bytes(layout: Layout) -> int:
    """How much memory `map_arrays` wants."""
    return sum(_place(np.prod(shape) * np.dtype(kind).itemsize) for shape, kind in layout.values())


def shared_memory(layout: Layout) -> Any:
    """Memory for `map_arrays` that a process can be handed when it is started; it leaves no file behind."""
    return sharedctypes.RawArray("c", arrays_bytes(layout))


def map_arrays(layout: Layout, memory: Any) -> SharedArrays:
    """The arrays of a layout, one after another in `memory`."""
    arrays, at = {}, 0
    for name, (shape, kind) in layout.items():
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(memory, kind, count, at).reshape(shape)
        at += _place(count * np.dtype(kind).itemsize)
    return arrays


def _place(wanted: Any) -> int:
    """Bytes that an array takes up, so that the next begins at a round address."""
    return -(-max(int(wanted), 1) // 64) * 64
