"""Observations of several parts: nested as an environment has them, by name, and as rows of one array.

R rows. The names and the order of parts are those of `environments.simulation.observation_parts`: the way
through dicts and tuples, `inner.camera`, in the order in which Gymnasium flattens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from agents.schema.own_observation import read_layout
from demos.data.dataset.dataset import Dataset
from demos.data.inspection.resimulate import world_of
from environments.external.world import ExternalWorld
from environments.files.readers import Unreadable
from environments.simulation.observation_parts import (
    MASK,
    Kind,
    Part,
    holds_mask,
    is_picture,
    parts_of_space,
    without_mask,
)
from environments.simulation.world import World
from environments.system.errors import UserError

_PART = re.compile(r"(?s)(.*): (vector|image|mask) \[([0-9, ]*)\]")  # as `str(Part)`
_KINDS: dict[str, Kind] = {"vector": "vector", "image": "image", "mask": "mask"}

Space = gymnasium.Space[Any]
Rows = npt.NDArray[Any]


def native_space(world: World) -> Space | None:
    """The observation space of an environment of others, as it has it; None for a world of ours.

    An action mask that is a part of it stays one, unless it comes in several pieces.
    """
    space: Any = world.own_observation_space
    if not isinstance(world, ExternalWorld) or space is None:
        return None
    if holds_mask(space, world.mask_size):
        pieces = not isinstance(space.spaces[MASK], (spaces.Box, spaces.MultiBinary))
        space = without_mask(space) if pieces else space
    found: Space = space
    return found


def recorded_space(dataset: Dataset) -> Space | None:
    """The nested space of a dataset's environment; None if it is a plain box, changed since, or not there."""
    if dataset.world.startswith("gpo/"):
        return None
    try:
        world = world_of(dataset)
        found = native_space(world) if world.fingerprint == dataset.fingerprint else None
    except (
        UserError
    ):  # not installed, or not allowed here: observations stay as the dataset has them
        return None
    return None if isinstance(found, spaces.Box) else found


def recorded_parts(dataset: Dataset) -> tuple[Part, ...]:
    """What a dataset's observations are made of; empty where that is one thing, or nothing says it.

    Its own description says so; that of an older one where pictures or a mask are among them, and else its
    environment.
    """
    described, shape = dataset.facts["world_description"], dataset.revision.observation_space.shape
    told = described.get("parts") or []
    found = [_PART.fullmatch(text) for text in told if isinstance(text, str)]
    laid_out = _laid_out(described.get("layout"), math.prod(shape or ()))
    if laid_out:
        parts = laid_out
    elif told and all(found) and len(found) == len(told):
        shapes = [tuple(map(int, filter(None, m[3].split(", ")))) for m in found if m]
        parts = [
            Part(m[1], _KINDS[m[2]], shape)
            for m, shape in zip(filter(None, found), shapes, strict=True)
        ]
    else:
        space = None if told else recorded_space(dataset)
        parts = [] if space is None else list(parts_of_space(space))
    if [part.name for part in parts] == [""]:  # one thing, seen otherwise than as a box
        return ()
    return tuple(parts) if _size(parts) == math.prod(shape or ()) else ()


def _laid_out(described: Any, size: int) -> list[Part]:
    """The parts that a description lays out; empty where it lays out nothing that we know."""
    if described is None:
        return []
    with suppress(Unreadable):
        return [
            Part(part.name, "mask", (part.numbers,))
            if part.is_mask
            else Part(part.name, "image", part.space.shape)
            if is_picture(part.space)
            else Part(part.name, "vector", (part.numbers,))
            for part in read_layout(described, size)
        ]
    return []


def leaves(space: Space, name: str = "") -> Iterator[tuple[str, Space]]:
    """The plain spaces in a nested one, by the names of their parts, in order."""
    for key, inner in _inner(space):
        yield from leaves(inner, f"{name}.{key}" if name else str(key))
    if not isinstance(space, (spaces.Dict, spaces.Tuple)):
        yield name, space


def parts_from_nested(space: Space, nested: Any, name: str = "") -> dict[str, Rows]:
    """Nested rows by the names of their parts, each flattened: {name: [R, ...]}."""
    if not isinstance(space, (spaces.Dict, spaces.Tuple)):
        return {name: flatten_rows(space, nested)}
    found: dict[str, Rows] = {}
    for key, inner in _inner(space):
        found |= parts_from_nested(inner, nested[key], f"{name}.{key}" if name else str(key))
    return found


def nested_from_parts(space: Space, parts: Mapping[str, Rows], name: str = "") -> Any:
    """Rows by name as the environment has them: dicts and tuples of arrays [R, ...]."""
    if not isinstance(space, (spaces.Dict, spaces.Tuple)):
        return _unflatten_rows(space, parts[name])
    inner = {
        key: nested_from_parts(part, parts, f"{name}.{key}" if name else str(key))
        for key, part in _inner(space)
    }
    return inner if isinstance(space, spaces.Dict) else tuple(inner.values())


def parts_from_rows(rows: Rows, parts: Sequence[Part]) -> dict[str, Rows]:
    """The rows of a dataset [R, O] by name: pictures as bytes [R, H, W, ...], the rest as it is."""
    ends = np.cumsum([part.size for part in parts])
    flat = rows.reshape(len(rows), -1)
    found = {}
    for part, end in zip(parts, ends, strict=True):
        values = flat[:, end - part.size : end].reshape(len(rows), *part.shape)
        if part.kind == "image" and np.array_equal(values.astype(np.uint8), values):
            values = values.astype(np.uint8)
        found[part.name] = values
    return found


def rows_from_parts(
    named: Mapping[str, Rows], parts: Sequence[Part], kinds: Mapping[str, Space]
) -> Rows:
    """Named arrays end to end, in the order of the parts: [R, O].

    Args:
        named: what was read, flattened or as the environment has it.
        parts: what it has to be, all of it and no more.
        kinds: the plain spaces of the parts, where they are known.

    Raises:
        ValueError: a part is missing, unknown, or of another shape; as the end of a sentence.
    """
    known = [part.name for part in parts]
    if missing := [name for name in known if name not in named]:
        raise ValueError(f"has no observation '{missing[0]}', which the world shows")
    if strange := [name for name in named if name not in known]:
        raise ValueError(f"has the observation '{strange[0]}', which the world does not show")
    columns = []
    for part in parts:
        values = np.asarray(named[part.name])
        kind = kinds.get(part.name)
        if kind is not None and values.shape[1:] == kind.shape and values.dtype == kind.dtype:
            values = flatten_rows(kind, values)
        wide = values.reshape(len(values), -1)
        if wide.shape[1] != part.size or values.dtype.kind not in "biuf":
            raise ValueError(
                f"has rows of {values.dtype} {list(values.shape[1:])} for the observation "
                f"'{part.name}'; the world shows {list(part.shape)}"
            )
        columns.append(wide)
    if len({len(column) for column in columns}) > 1:
        raise ValueError("has observations of different lengths")
    return np.concatenate(columns, axis=1)


def flatten_rows(space: Space, rows: Any) -> Rows:
    """Rows of a plain space [R, ...] as Gymnasium flattens each; a box keeps its shape."""
    if isinstance(space, spaces.Box):
        return np.asarray(rows)
    return np.stack([np.asarray(spaces.utils.flatten(space, row)) for row in rows])


def _unflatten_rows(space: Space, rows: Rows) -> Rows:
    if isinstance(space, spaces.Box):
        return rows.reshape(len(rows), *space.shape).astype(space.dtype)
    made = np.stack([np.asarray(spaces.utils.unflatten(space, row)) for row in rows])
    return made.astype(space.dtype)


def _inner(space: Space) -> Iterator[tuple[Any, Space]]:
    if isinstance(space, spaces.Dict):
        yield from space.spaces.items()
    elif isinstance(space, spaces.Tuple):
        yield from enumerate(space.spaces)


def _size(parts: Sequence[Part]) -> int:
    return sum(part.size for part in parts)
