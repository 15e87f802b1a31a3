"""Arrays of a zarr folder (version 2), read chunk by chunk without believing what they say of their size.

zarr itself does not read here: it follows whatever a folder names (links, codecs, stores). What packs a chunk
is Blosc, zlib, gzip or zstd, or nothing, each bounded by the size that the chunk has to have.

https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demos.data.episodes.facts import ANY_LIST, NAME, require, shown, whole
from demos.data.exchange.folder_limits import memory
from environments.files.readers import read_json, read_ordinary

_LARGEST_CHUNK = 2**30  # bytes
_WIDEST, _DIMENSIONS = 2**40, 6
_BLOSC_HEADER = 16  # bytes, of which 4 to 7 say how many there are when unpacked
_GZIP = 31  # zlib's window bits for a gzip header


@dataclass(frozen=True)
class ZarrArray:
    """An array of a folder, of which rows are read when they are asked for."""

    folder: Path
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    packed: str | None  # id of the codec
    separator: str

    @classmethod
    def open(cls, folder: Path) -> ZarrArray:
        """What a folder says of its array; ValueError, as the end of a sentence, if it is not read."""
        told = read_json(folder / ".zarray", infinite=True)
        require(
            told, {"zarr_format": whole(2, 2), "shape": ANY_LIST, "chunks": ANY_LIST, "dtype": NAME}
        )
        shape, chunks = tuple(told["shape"]), tuple(told["chunks"])
        sizes = [*shape, *chunks]
        plain = (
            all(type(n) is int and 0 <= n < _WIDEST for n in sizes) and min(chunks, default=1) > 0
        )
        if not plain or not 1 <= len(shape) == len(chunks) <= _DIMENSIONS:
            raise ValueError(f"{folder.name} has shape {shown(shape)} and chunks {shown(chunks)}")
        try:
            dtype = np.dtype(told["dtype"])
        except TypeError:
            dtype = np.dtype(object)
        if dtype.kind not in "biuf" or told.get("filters") or told.get("order", "C") != "C":
            raise ValueError(f"{folder.name} is no plain array of numbers in C order")
        if math.prod(chunks) * dtype.itemsize > _LARGEST_CHUNK:
            raise ValueError(f"{folder.name} has chunks of more than {_LARGEST_CHUNK:,} bytes")
        codec = told.get("compressor")
        name = codec.get("id") if isinstance(codec, dict) else None
        if codec is not None and name not in ("blosc", "zlib", "gzip", "zstd"):
            raise ValueError(f"{folder.name} is packed with {shown(name)}, which is not read")
        separator = "/" if told.get("dimension_separator") == "/" else "."
        return cls(folder, shape, chunks, dtype, name, separator)

    def rows(self, first: int = 0, end: int | None = None) -> npt.NDArray[Any]:
        """Some of its rows, all if none are named: [R, ...].

        Raises:
            ValueError, OSError: a chunk is missing or of another size.
        """
        end = self.shape[0] if end is None else end
        size = (end - first) * math.prod(self.shape[1:]) * self.dtype.itemsize
        if size > memory():
            raise ValueError(
                f"{self.folder.name} holds {size:,} bytes, more than there is room for"
            )
        made = np.empty((end - first, *self.shape[1:]), self.dtype)
        counts = [-(-n // c) for n, c in zip(self.shape[1:], self.chunks[1:], strict=True)]
        for row in range(first // self.chunks[0], -(-end // self.chunks[0])):
            for place in np.ndindex(*counts):
                self._place(made, first, end, (row, *place))
        return made

    def _place(self, made: npt.NDArray[Any], first: int, end: int, place: tuple[int, ...]) -> None:
        """Put what of a chunk is wanted where it belongs."""
        chunk = self._chunk(self.separator.join(map(str, place)))
        starts = [p * c for p, c in zip(place, self.chunks, strict=True)]
        since, until = max(first, starts[0]), min(end, starts[0] + self.chunks[0])
        there = [slice(since - first, until - first)]
        here = [slice(since - starts[0], until - starts[0])]
        for start, extent, size in zip(starts[1:], self.shape[1:], self.chunks[1:], strict=True):
            there.append(slice(start, min(start + size, extent)))
            here.append(slice(0, min(size, extent - start)))
        made[tuple(there)] = chunk[tuple(here)]

    def _chunk(self, name: str) -> npt.NDArray[Any]:
        size = math.prod(self.chunks) * self.dtype.itemsize
        path = self.folder / name
        if not path.is_file():
            raise ValueError(f"{self.folder.name} has no chunk {name}")
        data = unpacked(read_ordinary(path, 2 * size + 2**16), self.packed, size)
        if len(data) != size:
            raise ValueError(
                f"chunk {name} of {self.folder.name} has {len(data):,} bytes, not {size:,}"
            )
        return np.frombuffer(data, self.dtype).reshape(self.chunks)


def unpacked(data: bytes, codec: str | None, size: int) -> bytes:
    """The bytes of a chunk, never more than one beyond its size.

    Raises:
        ValueError: they are not packed so, or are more.
    """
    if codec is None:
        return data
    if codec in ("zlib", "gzip"):
        bits = _GZIP if codec == "gzip" else zlib.MAX_WBITS
        try:
            return zlib.decompressobj(bits).decompress(data, size + 1)
        except zlib.error as error:
            raise ValueError(f"a chunk is not packed with {codec}: {error}") from error
    if codec == "zstd":
        try:
            return pa.Codec("zstd").decompress(data, size, asbytes=True)  # type: ignore[no-any-return]
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"a chunk is not packed with zstd: {error}") from error
    if len(data) < _BLOSC_HEADER or struct.unpack_from("<I", data, 4)[0] != size:
        raise ValueError(f"a chunk is not packed with Blosc, or is not of {size:,} bytes")
    from numcodecs import blosc  # here: only such files need it

    try:
        return bytes(blosc.decompress(data))
    except RuntimeError as error:
        raise ValueError(f"a chunk is not packed with Blosc: {error}") from error
