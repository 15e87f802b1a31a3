"""HDF5 files of others: every link and dataset is looked at before any is read, and none is followed.

HDF5 can point anywhere: a soft or external link, an external or virtual dataset, a reference. None of them is
in what minari or robomimic write, and each could read another file into a dataset; so a file with one is
refused whole.
"""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np

from demos.data.episodes.facts import shown
from demos.data.exchange.folder_limits import DEEPEST, memory, require_room

# deflate, shuffle, fletcher32, szip, lzf: those that HDF5 and h5py bring; another would load a library.
_FILTERS = (1, 2, 3, 4, 32000)
_LARGEST_CHUNK = 2**30  # bytes


def require_plain_hdf5(file: h5py.File, size: int) -> None:
    """Walk all of a file; ValueError if anything in it is not plain numbers in groups."""
    seen, stored, held = {_address(file)}, 0, 0
    left: list[tuple[h5py.Group, int]] = [(file, 0)]
    while left:
        group, depth = left.pop()
        if depth > DEEPEST:
            raise ValueError(f"its groups are nested more than {DEEPEST} deep")
        for name in group:
            where = shown(f"{group.name}/{name}".replace("//", "/"))
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = "an external" if isinstance(link, h5py.ExternalLink) else "a soft"
                raise ValueError(f"{where} is {kind} link, and links are not followed")
            found = group[name]
            if _address(found) in seen:
                raise ValueError(f"{where} is there a second time, under another name")
            seen.add(_address(found))
            if isinstance(found, h5py.Group):
                left.append((found, depth + 1))
                continue
            try:
                packed, whole = _sizes(found)
            except ValueError as error:
                raise ValueError(f"{where} {error}") from None
            stored, held = stored + packed, held + whole
            if stored > size or held > memory():
                raise ValueError(f"{where} goes beyond what a file of {size:,} bytes can hold")


def _sizes(found: Any) -> tuple[int, int]:
    """Bytes of a dataset in the file and in memory; ValueError, after its name, if it is not plain."""
    if not isinstance(found, h5py.Dataset):
        raise ValueError("is neither a group nor a dataset")
    if found.external or found.is_virtual:
        raise ValueError("keeps its numbers in another file, which is not read")
    if found.shape is None:
        raise ValueError("is empty")
    kind = found.dtype
    texts = h5py.check_string_dtype(kind) is not None
    held = None if texts else h5py.check_vlen_dtype(kind)
    if h5py.check_ref_dtype(kind) is not None or (held is not None and held != np.uint8):
        raise ValueError("holds references or lists of lists, which are not read")
    if held is None and not texts and kind.kind not in "biuf":
        raise ValueError(f"is of type {shown(str(kind))}, which is no number")
    filters = found.id.get_create_plist()
    codes = [filters.get_filter(n)[0] for n in range(filters.get_nfilters())]
    if strange := [code for code in codes if code not in _FILTERS]:
        raise ValueError(f"is packed with filter {strange[0]}, which is not known")
    size, stored = math.prod(found.shape) * kind.itemsize, found.id.get_storage_size()
    if not codes and size > stored:  # what is not there would be filled in
        raise ValueError(f"has {stored:,} bytes, and speaks of {size:,}")
    require_room(size, stored)
    if found.chunks and math.prod(found.chunks) * kind.itemsize > _LARGEST_CHUNK:
        raise ValueError(f"has pieces of more than {_LARGEST_CHUNK:,} bytes")
    return stored, size


def _address(found: Any) -> int:
    return int(h5py.h5o.get_info(found.id).addr)
