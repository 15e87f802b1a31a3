"""The named parts of an observation vector: numbers, pictures, and perhaps an action mask.

A picture alone stays a picture. Where one comes with other things (a dict), or an action mask comes with
what is seen, all of it is one float32 vector whose parts the world names, so that recordings, buffers and
wrappers hold one array; the network takes it apart again (`agents.networks.encoders`). Whatever goes into a
file says in its `layout` how such a vector is filled.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from gymnasium import spaces

from environments.system.errors import UserError

Kind = Literal["vector", "image", "mask"]
MASK = (
    "action_mask"  # what the mask is called, in a dict of PettingZoo and RLlib as among our parts
)


@dataclass(frozen=True)
class Part:
    """A stretch of the observation vector, in the order of the parts."""

    name: str
    kind: Kind  # a mask holds a number a choice, 0 where it is forbidden; it comes last
    shape: tuple[int, ...]  # as it was before it was flattened

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        """`camera: image [16, 16, 3]`."""
        return f"{self.name}: {self.kind} {list(self.shape)}"

    def as_json(self) -> list[Any]:
        """For an agent file."""
        return [self.name, self.kind, list(self.shape)]


def read_parts(described: Iterable[Any]) -> tuple[Part, ...]:
    """Parts from what `Part.as_json` gave.

    Raises:
        ValueError: a part of an unknown kind, or a mask that is not the last.
    """
    parts = tuple(Part(str(n), k, tuple(int(s) for s in shape)) for n, k, shape in described)
    if any(part.kind not in ("vector", "image", "mask") for part in parts):
        raise ValueError("a part of an observation is a vector, an image or a mask")
    if any(part.kind == "mask" for part in parts[:-1]):
        raise ValueError("the mask is the last part of an observation")
    return parts


def is_picture(space: Any) -> bool:
    """Whether a space holds pictures: bytes from 0 to 255, [H, W], [H, W, C] or [C, H, W]."""
    if (
        not isinstance(space, spaces.Box)
        or space.dtype != np.uint8
        or len(space.shape) not in (2, 3)
    ):
        return False
    return bool((space.low == 0).all() and (space.high == 255).all())


def parts_of_space(space: Any) -> tuple[Part, ...]:
    """The parts of a space in the order in which Gymnasium flattens it, named by their way through it."""
    return tuple(_leaves(space, ""))


def _leaves(space: Any, name: str) -> Iterator[Part]:
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(space, spaces.Dict):
        inner = space.spaces.items()
    elif isinstance(space, spaces.Tuple):
        inner = enumerate(space.spaces)
    else:
        size = (spaces.utils.flatdim(space),)
        yield Part(name, "image", space.shape) if is_picture(space) else Part(name, "vector", size)
    for key, part in inner:
        yield from _leaves(part, f"{name}.{key}" if name else str(key))


def layout_of(space: Any, mask: int = 0) -> list[dict[str, Any]]:
    """Where each part of an environment's own observation stands in a row of ours, for its files as JSON.

    Each has `name`, `path` (the keys that lead to it), `at` and `numbers` (its place in the row), and its
    space: Box numbers in row-major order; Discrete and MultiDiscrete one-hot, from `start`. A bound that is
    the same for all numbers stands once, null for none. The mask is the last, without a path if it is no part
    of what is shown.

    Args:
        space: as the environment has it.
        mask: how many numbers at the end of a row are the action mask.
    """
    found: list[dict[str, Any]] = []
    at, inside = 0, holds_mask(space, mask)
    for path, leaf in leaves_of(without_mask(space) if inside else space):
        about = {"name": ".".join(map(str, path)), "path": list(path), "at": at}
        numbers = int(spaces.utils.flatdim(leaf))
        found.append({**about, "numbers": numbers, **leaf_as_json(leaf)})
        at += numbers
    if mask:
        about = {"name": MASK, "path": [MASK] if inside else None, "at": at, "numbers": mask}
        of = {"of": leaf_as_json(space.spaces[MASK])} if inside else {}
        found.append({**about, "space": "mask", **of})
    return found


def leaves_of(
    space: Any, path: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], spaces.Space[Any]]]:
    """The plain spaces in a nested one and the keys that lead to each, as Gymnasium flattens them."""
    if isinstance(space, spaces.Dict):
        for key, inner in space.spaces.items():
            yield from leaves_of(inner, (*path, key))
    elif isinstance(space, spaces.Tuple):
        for k, inner in enumerate(space.spaces):
            yield from leaves_of(inner, (*path, k))
    else:
        yield path, space


def holds_mask(space: Any, count: int) -> bool:
    """Whether one part of a dict, perhaps in several pieces, is an action mask of so many choices."""
    if not count or not isinstance(space, spaces.Dict) or MASK not in space.spaces:
        return False
    pieces = [leaf.shape for _, leaf in leaves_of(space.spaces[MASK])]
    sizes = [0 if shape is None else math.prod(shape) for shape in pieces]
    return len(space.spaces) > 1 and sum(sizes) == count


def without_mask(space: spaces.Dict) -> spaces.Dict:
    """The space without that part."""
    rest = {name: part for name, part in space.spaces.items() if name != MASK}
    return spaces.Dict(OrderedDict(rest))


def leaf_as_json(space: Any) -> dict[str, Any]:
    """A plain space as a layout has it."""
    kinds = spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary
    known = next((kind for kind in kinds if isinstance(space, kind)), type(space))
    told: dict[str, Any] = {"space": known.__name__}
    if isinstance(space, spaces.Box):
        told |= {"dtype": str(space.dtype), "shape": list(space.shape)}
        return told | {"low": _bound(space.low), "high": _bound(space.high)}
    if isinstance(space, spaces.Discrete):
        return told | {"dtype": str(space.dtype), "n": int(space.n), "start": int(space.start)}
    if isinstance(space, spaces.MultiDiscrete):
        told |= {"dtype": str(space.dtype), "shape": list(space.shape)}
        return told | {"nvec": space.nvec.tolist(), "start": space.start.tolist()}
    if isinstance(space, spaces.MultiBinary):
        return told | {"shape": list(space.shape)}
    if isinstance(
        space, spaces.Text
    ):  # each character by its place among them, their count at the end
        return told | {"characters": "".join(space.character_list)}
    return told | {"told": str(space)}


def _bound(values: np.ndarray) -> Any:
    """The bounds of a box: one number if they are all the same, None where there is none."""
    if values.size and (values == values.flat[0]).all():
        values = values.flat[0]
    told = np.asarray(values).astype(object)
    told[values == np.inf] = told[values == -np.inf] = None
    return told.tolist()


def choices(space: Any) -> int:
    """How many numbers an action mask has: one a choice, of all parts of an action end to end.

    Raises:
        UserError: nothing in such an action can be forbidden.
    """
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiDiscrete):
        return int(space.nvec.sum())
    if isinstance(space, spaces.MultiBinary):  # whether a switch may be on
        return math.prod(space.shape)
    raise UserError(f"Actions {space} cannot be masked: only discrete choices can.")


def with_mask(space: spaces.Box, mask: int) -> spaces.Box:
    """The space of such an observation, flattened to float32, and a mask of so many numbers after it."""
    low = np.concatenate([space.low.ravel(), np.zeros(mask)]).astype(np.float32)
    high = np.concatenate([space.high.ravel(), np.ones(mask)]).astype(np.float32)
    return spaces.Box(low, high, dtype=np.float32)


def flat_mask(given: Any, size: int, name: str) -> np.ndarray:
    """A mask as a world gave it, perhaps in several pieces, as one row of 0 and 1.

    Raises:
        UserError: it is missing, or has not one number a choice.
    """
    if given is None:
        raise UserError(f"'{name}' has offered an action mask, but does not in every step.")
    pieces = given if isinstance(given, (tuple, list)) else [given]
    mask: np.ndarray = np.concatenate([np.ravel(piece) for piece in pieces]) != 0
    if len(mask) != size:
        raise UserError(
            f"The action mask of '{name}' has {len(mask)} numbers; there are {size} choices."
        )
    return mask.astype(np.float32, copy=False)


def legal_actions(
    space: Any, asked: np.ndarray, mask: np.ndarray, idle: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Actions with each that the mask forbids replaced: by the idle one if it is allowed, else by the first.

    A mask that allows nothing says nothing: nothing is replaced, but for switches, which stay off.

    Args:
        space: of an action.
        asked: what was asked for, [..., A] or [...].
        mask: 1 or 0 a choice, [..., M].
        idle: the action that does nothing.

    Returns:
        The actions, and where they differ from what was asked for: [...].
    """
    allowed = mask > 0
    if isinstance(space, spaces.MultiBinary):
        possible = np.where(allowed, asked, 0).astype(asked.dtype)
        return possible, (possible != asked).any(-1)
    counts = [int(space.n)] if isinstance(space, spaces.Discrete) else space.nvec.tolist()
    rows = asked.reshape(*mask.shape[:-1], len(counts)).copy()
    rest = np.broadcast_to(np.asarray(idle).ravel(), (len(counts),))
    ends = np.cumsum(counts)[:-1]
    for k, some in enumerate(np.split(allowed, ends, axis=-1)):
        instead = np.where(some[..., int(rest[k])], int(rest[k]), some.argmax(-1))
        fine = np.take_along_axis(some, rows[..., k : k + 1].astype(np.int64), -1)[..., 0]
        rows[..., k] = np.where(fine | ~some.any(-1), rows[..., k], instead)
    possible = rows.reshape(asked.shape)
    differs = possible != asked
    return possible, differs.any(-1) if asked.ndim == mask.ndim else differs
