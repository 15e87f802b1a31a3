"""minari's HDF5 files: every link and dataset is looked at before any is read, and none is followed.

HDF5 can point anywhere: a soft or external link, an external or virtual dataset, a reference. None of them is
in what minari writes, and each could read another file into a dataset; so a file with one is refused whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np
from gymnasium import spaces

from demos.data.episodes.facts import shown
from demos.data.exchange.folder_limits import DEEPEST, memory, require_room
from demos.data.exchange.minari.jpeg import is_picture, pictures
from environments.simulation.observation_parts import MASK

FILE = "main_data.hdf5"
# deflate, shuffle, fletcher32, szip, lzf: those that HDF5 and h5py bring; another would load a library.
_FILTERS = (1, 2, 3, 4, 32000)
_LARGEST_CHUNK = 2**30  # bytes
Space = gymnasium.Space[Any]


def episodes(
    data: Path, seen: Space, done: Space, jpeg: bool, total: int, extras: bool = False
) -> Iterator[dict[str, Any]]:
    """The episodes of a file, as `minari_format` takes them; we write none, so there are no extras.

    Raises:
        ValueError, or what h5py raises: it is not as minari writes it.
    """
    path = data / FILE
    size = path.stat().st_size
    with h5py.File(path, "r") as file:
        _require_plain(file, size)
        for number in range(total):
            group = file[f"episode_{number}"]
            infos = group.get("infos", {})
            yield {
                "observations": _decode(group["observations"], seen, jpeg, size),
                "actions": _decode(group["actions"], done, jpeg, size),
                **{name: group[name][:] for name in ("rewards", "terminations", "truncations")},
                "infos": {
                    n: _info(infos[n]) for n in ("terms", "costs", "cost", MASK) if n in infos
                },
                **_noted(group),
            }


def _require_plain(file: h5py.File, size: int) -> None:
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


def _decode(node: Any, space: Space, jpeg: bool, size: int) -> Any:
    if isinstance(space, spaces.Tuple):
        parts = enumerate(space.spaces)
        return tuple(_decode(node[f"_index_{n}"], part, jpeg, size) for n, part in parts)
    if isinstance(space, spaces.Dict):
        return {n: _decode(node[n], part, jpeg, size) for n, part in space.spaces.items()}
    if jpeg and is_picture(space):
        return pictures((bytes(node[row]) for row in range(len(node))), space, len(node), size)
    if isinstance(space, spaces.Text):
        return list(_texts(node, size))
    return node[()]


def _texts(node: Any, left: int) -> Iterator[str]:
    """Texts one by one: rows may share their bytes, so that all of them are more than the file is."""
    for row in range(len(node)):
        data = node[row]
        left -= len(data)
        if left < 0:
            raise ValueError("its texts have more bytes than its file")
        yield data.decode("utf-8")


def _info(node: Any) -> Any:
    if isinstance(node, h5py.Group):
        return {name: node[name][()] for name in node if isinstance(node[name], h5py.Dataset)}
    return node[()]


def _noted(group: h5py.Group) -> dict[str, Any]:
    """Seed and options, which minari keeps as attributes: `options/NAME`."""
    noted: dict[str, Any] = {"seed": None, "options": {}}
    for name in group.attrs:
        if name == "seed" or name.startswith("options/"):
            value = group.attrs[name]
            value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
            if name == "seed":
                noted["seed"] = value
            else:
                _put(noted["options"], name.split("/")[1:], value)
    return noted


def _put(table: dict[str, Any], names: list[str], value: Any) -> None:
    if len(names) > DEEPEST:
        raise ValueError(f"its options are nested more than {DEEPEST} deep")
    for name in names[:-1]:
        table = table.setdefault(name, {})
    table[names[-1]] = value
