"""An environment's own observation, as a file describes it (`layout` of a world).

B observations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.schema.space_schema import are_sizes, is_whole_number, printable
from environments.files.readers import Unreadable
from environments.system.errors import UserError

DEPTH = 32  # keys that lead to a part
_FAR = 2**62  # no choice begins beyond it
TYPES = "biuf"


@dataclass(frozen=True)
class OwnPart:
    """A part of what an environment shows, and its place in a row of ours."""

    name: str
    path: tuple[str | int, ...] | None  # that leads to it; None of a mask that stands beside
    at: int
    numbers: int
    space: Any  # as the environment has it; None of a mask in several pieces, or one that stands beside
    is_mask: bool = False

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Values of the part [B, ...] as they stand in rows: float32 [B, numbers].

        Raises:
            UserError: a choice is none that there is.
        """
        flat = values.reshape(len(values), -1)
        if self.is_mask:
            allowed: np.ndarray = (flat != 0).astype(np.float32)
            return allowed
        space: Any = self.space
        if not isinstance(space, (spaces.Discrete, spaces.MultiDiscrete)):
            return flat.astype(np.float32)
        counts = np.ravel(space.n if isinstance(space, spaces.Discrete) else space.nvec)
        chosen = flat - np.ravel(space.start)
        if ((chosen < 0) | (chosen >= counts)).any() or (chosen != chosen.astype(int)).any():
            raise UserError(f"This agent sees '{self.name}' in {self.space}, not {_told(values)}.")
        rows = np.zeros((len(flat), self.numbers), np.float32)
        places = chosen.astype(int) + np.cumsum([0, *counts[:-1]])
        np.put_along_axis(rows, places, 1.0, 1)
        return rows


def read_layout(described: Any, size: int) -> tuple[OwnPart, ...]:
    """The parts that `World.describe()` names, which make up rows of so many numbers; a mask is the last.

    Raises:
        Unreadable: they are none, or of spaces that only the environment itself can flatten.
    """
    if not isinstance(described, list):
        raise Unreadable("describes an observation that is no list of parts")
    parts: list[OwnPart] = []
    at = 0
    for told in described:
        part = _read_part(told, at, size)
        if parts and parts[-1].is_mask:
            raise Unreadable("describes an observation whose mask is not its last part")
        parts.append(part)
        at += part.numbers
    if at != size or not parts or parts[0].is_mask:
        raise Unreadable(f"describes an observation of {at} numbers, not of {size}")
    return tuple(parts)


def _read_part(told: Any, at: int, size: int) -> OwnPart:
    if not isinstance(told, dict) or not isinstance(told.get("name"), str):
        raise Unreadable("describes an observation with a part that has no name")
    name, kind = told["name"], told.get("space")
    path: Any = told.get("path")
    short = printable(name)
    if kind != "mask" or path is not None:
        listed = isinstance(path, list) and len(path) <= DEPTH
        if not listed or not all(type(key) in (str, int) for key in path):
            raise Unreadable(f"does not say where '{short}' is in an observation")
    if told.get("at") != at or not is_whole_number(told.get("numbers"), 0, size - at):
        raise Unreadable(f"does not say which numbers of an observation are '{short}'")
    try:
        if kind == "mask":
            return OwnPart(name, _tuple(path), at, told["numbers"], _mask_space(told), True)
        space = _read_space(kind, told)
    except Unreadable:
        raise
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError):
        raise Unreadable(f"describes '{short}' in an observation as nothing that can be") from None
    if (numbers := spaces.utils.flatdim(space)) != told["numbers"]:
        raise Unreadable(f"describes '{short}' in an observation as {numbers} numbers")
    return OwnPart(name, _tuple(path), at, numbers, space)


def _tuple(path: Any) -> tuple[str | int, ...] | None:
    return None if path is None else tuple(path)


def _mask_space(told: dict[str, Any]) -> Any:
    of = told.get("of")
    if not isinstance(of, dict) or of.get("space") not in ("Box", "MultiBinary"):
        return None
    return _read_space(of["space"], {**of, "name": told["name"], "numbers": told["numbers"]})


def _read_space(kind: Any, told: dict[str, Any]) -> Any:
    """A plain space, once it is known to be no larger than the part."""
    shape, numbers = told.get("shape", []), told["numbers"]
    if not are_sizes(shape, 0) or math.prod(shape) > max(numbers, 1):
        raise ValueError("its shape")
    dtype: Any = np.dtype(told.get("dtype", "int8"))
    if dtype.kind not in TYPES:
        raise ValueError("its type")
    if kind == "Box":
        ends = ("low", -np.inf), ("high", np.inf)
        low, high = (_bound(told[name], shape, dtype, none) for name, none in ends)
        return spaces.Box(low, high, tuple(shape), dtype.type)
    if kind == "MultiBinary":
        return spaces.MultiBinary(shape[0] if len(shape) == 1 else shape)
    if kind == "Discrete":
        if not is_whole_number(told["n"], 1, numbers):
            raise ValueError("its choices")
        return spaces.Discrete(told["n"], start=_start(told["start"]), dtype=dtype.type)
    if kind != "MultiDiscrete":
        raise Unreadable(
            f"is shown '{printable(told['name'])}', a {printable(kind)}, which only the environment itself "
            "makes numbers of: play it in gymnasium.wrappers.FlattenObservation(env)"
        )
    counts, start = (np.array(told[name], np.int64) for name in ("nvec", "start"))
    if list(counts.shape) != shape or start.shape != counts.shape or counts.sum() != numbers:
        raise ValueError("its choices")
    return spaces.MultiDiscrete(counts, dtype=dtype.type, start=start)


def _start(value: Any) -> int:
    if not is_whole_number(value, -_FAR, _FAR):
        raise ValueError("where it begins")
    return int(value)


def _bound(told: Any, shape: list[int], dtype: Any, none: float) -> np.ndarray:
    """A bound of a box, which may stand once for all its numbers; `none` where there is none."""
    given = np.array(told, object)
    if given.shape not in ((), tuple(shape)):
        raise ValueError("its bounds")
    given[given == None] = none  # noqa: E711  element by element
    return np.broadcast_to(given.astype(dtype), shape).copy()


def _told(values: np.ndarray) -> str:
    return printable(np.asarray(values).tolist(), 80)
