"""minari's HDF5 files, once `demos.data.exchange.hdf5_limits` has looked at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np
from gymnasium import spaces

from demos.data.exchange.folder_limits import DEEPEST
from demos.data.exchange.hdf5_limits import require_plain_hdf5
from demos.data.exchange.minari.jpeg import is_picture, pictures
from environments.simulation.observation_parts import MASK

FILE = "main_data.hdf5"
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
        require_plain_hdf5(file, size)
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
