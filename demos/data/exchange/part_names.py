"""Which recorded observation is which part of a world: by name, by the customs of robot data, by shape.

`observation.images.front` of LeRobot may be `pixels.front` of an environment, `obs/robot0_eef_pos` of
robomimic its `robot0_eef_pos`. A person's own word (`--part OURS=THEIRS`) goes before all of these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.exchange.portable_episode import part_shapes
from environments.simulation.observation_parts import MASK, Part
from environments.system.errors import UserError
from environments.system.suggestions import nearest

_BEFORE = ("observation.images.", "observation.image.", "observation.", "obs.", "obs/")
# What LeRobot calls the parts that its environments show (lerobot.envs.utils.preprocess_observation).
_CUSTOMS = {
    "agent_pos": ("observation.state",),
    "pixels": ("observation.image", "observation.images.pixels", "observation.images.top"),
    "environment_state": ("observation.environment_state",),
    "observation": ("observation.state",),
    "state": ("observation.state",),
    "": ("observation.state", "observation.image", "state"),  # a world that shows one thing
}
Shape = tuple[int, ...]
Rows = npt.NDArray[Any]


@dataclass(frozen=True)
class Matched:
    """Recorded names by the names of the world's parts."""

    names: dict[str, str]
    left: tuple[str, ...]  # recorded ones that no part is taken from


def match_parts(
    parts: Sequence[Part],
    recorded: Mapping[str, Shape],
    said: Mapping[str, str],
    where: str,
) -> Matched:
    """Find each part of a world among what was recorded; an action mask may be missing.

    Args:
        parts: what the world shows.
        recorded: the shapes of the rows that there are, by name.
        said: recorded names by the world's, as a person has given them.
        where: begins a sentence.

    Raises:
        UserError: a person's names are not there, or a part is not found; the sentence names both sides.
    """
    known = [part.name for part in parts]
    for ours, theirs in said.items():
        if ours not in known:
            raise UserError(
                f"--part {ours}={theirs}: the world shows no '{ours}': {nearest(ours, known)}"
            )
        if theirs not in recorded:
            raise UserError(
                f"--part {ours}={theirs}: the file has no '{theirs}': {nearest(theirs, recorded)}"
            )
    found = dict(said)
    for find in (_same, _by_custom, _by_shape):
        for part in parts:
            free = {n: s for n, s in recorded.items() if n not in found.values()}
            if part.name not in found and (name := find(part, free)) is not None:
                found[part.name] = name
    missing = [name for name in known if name not in found and name != MASK]
    left = tuple(name for name in recorded if name not in found.values())
    if missing:
        offered = ", ".join(f"{name} {list(recorded[name])}" for name in left) or "nothing else"
        raise UserError(
            f"{where} has no observation {missing[0] or list(parts[0].shape)}, which the world shows; it has "
            f"{offered}: say which, with --part {missing[0]}=NAME."
        )
    return Matched(found, left)


def named_as_shown(
    parts: Sequence[Part],
    recorded: Mapping[str, Rows],
    said: Mapping[str, str],
    where: str,
    left: set[str],
) -> dict[str, Rows]:
    """The rows of each part of a world, out of recorded ones; only those that are needed are read.

    A world that shows one thing may be shown several recorded vectors end to end.

    Args:
        parts: what the world shows; a single one may have no name.
        recorded: rows by recorded name, [R, ...] each.
        said: as `match_parts`.
        where: begins a sentence.
        left: takes the names of what is not needed.

    Raises:
        UserError: as `match_parts`.
    """
    shapes = part_shapes(recorded)
    if len(parts) == 1 and not said:
        vectors = [name for name, shape in shapes.items() if len(shape) < 2]
        alone = any(_fits(parts[0], shape) for shape in shapes.values())
        if not alone and sum(math.prod(shapes[name]) for name in vectors) == parts[0].size:
            left |= set(shapes) - set(vectors)
            flat = [np.asarray(recorded[name]) for name in vectors]
            return {parts[0].name: np.concatenate([v.reshape(len(v), -1) for v in flat], axis=1)}
    found = match_parts(parts, shapes, said, where)
    left |= set(found.left)
    kinds = {part.name: part for part in parts}
    return {ours: _turned(kinds[ours], recorded[name]) for ours, name in found.names.items()}


def _turned(part: Part, rows: Rows) -> Rows:
    """Pictures with their channels where the world has them."""
    values = np.asarray(rows)
    if part.kind == "image" and values.ndim == 4 and values.shape[1:] != part.shape:
        values = values.transpose(0, 3, 1, 2)
    return values.reshape(len(values), *part.shape)


def _same(part: Part, free: Mapping[str, Shape]) -> str | None:
    return part.name if part.name in free else None


def _by_custom(part: Part, free: Mapping[str, Shape]) -> str | None:
    """By the name without what formats put before it, or by a custom."""
    for name in free:
        for before in _BEFORE:
            if name.startswith(before) and name.removeprefix(before) == part.name:
                return name
    for name in _CUSTOMS.get(part.name, ()):
        if name in free and _fits(part, free[name]):
            return name
    inner = part.name.rpartition(".")[2]  # of pixels.front
    for name in (f"observation.images.{inner}", f"observation.{inner}", inner):
        if name in free and _fits(part, free[name]):
            return name
    return None


def _by_shape(part: Part, free: Mapping[str, Shape]) -> str | None:
    """The only one that could be it."""
    fitting = [name for name, shape in free.items() if _fits(part, shape)]
    return fitting[0] if len(fitting) == 1 and part.kind != "mask" else None


def _fits(part: Part, shape: Shape) -> bool:
    if part.kind == "image":
        turned = (shape[-1], *shape[:-1]) if len(shape) == 3 else shape
        return part.shape in (shape, turned) or shape == (*part.shape, 1)
    return math.prod(shape) == part.size and len(shape) < 2
