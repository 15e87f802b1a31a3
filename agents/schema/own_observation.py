"""An environment's own observation, as a file describes it (`layout` of a world): read, and made rows of.

B observations, O numbers of a row, M of the action mask at its end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.schema.space_schema import are_sizes, is_whole_number, printable
from environments.files.readers import Unreadable
from environments.system.errors import UserError

DEPTH = 32  # keys that lead to a part
_FAR = 2**62  # no choice begins beyond it
_TYPES = "biuf"


@dataclass(frozen=True)
class OwnPart:
    """A part of what an environment shows, and its place in a row of ours."""

    name: str
    path: tuple[str | int, ...] | None  # that leads to it; None of a mask that stands beside
    at: int
    numbers: int
    space: Any  # None of a mask

    @property
    def is_mask(self) -> bool:
        return self.space is None

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Values of the part [B, ...] as they stand in rows: float32 [B, numbers].

        Raises:
            UserError: a choice is none that there is.
        """
        flat = values.reshape(len(values), -1)
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
        space = None if kind == "mask" else _read_space(kind, told)
        numbers = told["numbers"] if space is None else spaces.utils.flatdim(space)
    except Unreadable:
        raise
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError):
        raise Unreadable(f"describes '{short}' in an observation as nothing that can be") from None
    if numbers != told["numbers"]:
        raise Unreadable(f"describes '{short}' in an observation as {numbers} numbers")
    return OwnPart(name, None if path is None else tuple(path), at, numbers, space)


def _read_space(kind: Any, told: dict[str, Any]) -> Any:
    """A plain space, once it is known to be no larger than the part."""
    shape, numbers = told.get("shape", []), told["numbers"]
    if not are_sizes(shape, 0) or math.prod(shape) > max(numbers, 1):
        raise ValueError("its shape")
    dtype: Any = np.dtype(told.get("dtype", "int8"))
    if dtype.kind not in _TYPES:
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


class OwnLayout:
    """Makes rows of what an environment shows.

    Args:
        described: `layout` of its world.
        size: O.
        source: the world, for sentences.

    Raises:
        Unreadable: as `read_layout`.
    """

    def __init__(self, described: Any, size: int, source: str) -> None:
        self.parts = read_layout(described, size)
        self.source = source
        self.mask = self.parts[-1] if self.parts[-1].is_mask else None
        self.seen = self.parts[:-1] if self.mask is not None else self.parts

    @property
    def counts(self) -> bool:
        """Whether what is shown is one choice, whose whole numbers are no row of ours."""
        return self.whole and isinstance(self.seen[0].space, spaces.Discrete)

    @property
    def whole(self) -> bool:
        """Whether what is shown is one thing, neither a dict nor a tuple."""
        return [part.path for part in self.seen] == [()]

    def rows(self, observation: Any, masks: Any = None) -> tuple[np.ndarray, bool]:
        """Rows [B, O] of one observation or of B of them, and whether it is one.

        Args:
            observation: as the environment has it.
            masks: what is allowed, [M] or [B, M], where that is no part of the observation.

        Raises:
            UserError: it is no such observation; the sentence says why.
        """
        shapes = [self._values(part, observation) for part in self.seen]
        games = {None if one else len(values) for values, one in shapes}
        if len(games) > 1:
            raise UserError(
                "This agent was handed an observation whose parts are of different numbers of games: hand it "
                f"one that {self.source} shows, or a batch of them."
            )
        found = [part.encode(v) for part, (v, _) in zip(self.seen, shapes, strict=True)]
        one, count = shapes[0][1], len(found[0])
        if self.mask is not None:
            found.append(self._masks(self.mask, observation, masks, count))
        return np.concatenate(found, axis=1), one

    def _values(self, part: OwnPart, observation: Any) -> tuple[np.ndarray, bool]:
        """What is shown of a part, [B, ...], and whether it is that of a single game."""
        given = np.asarray(self._at(part, observation))
        wanted = tuple(part.space.shape)
        if given.dtype.kind in _TYPES and given.shape == wanted:
            return given[None], True
        if given.dtype.kind in _TYPES and given.shape[1:] == wanted and given.ndim > len(wanted):
            return given, False
        raise UserError(
            f"This agent sees '{part.name}' as {part.space.dtype} {list(wanted)}, not {given.dtype} "
            f"{list(given.shape)}: hand it what {self.source} shows."
        )

    def _at(self, part: OwnPart, observation: Any) -> Any:
        value = observation
        for key in part.path or ():
            try:
                if isinstance(key, str) and not isinstance(value, Mapping):
                    raise LookupError(key)  # a record of numpy has names, too
                value = value[key]
            except (LookupError, TypeError):
                raise UserError(
                    f"This agent sees '{part.name}', and the observation has none: hand it what "
                    f"{self.source} shows."
                ) from None
        return value

    def _masks(self, mask: OwnPart, observation: Any, masks: Any, count: int) -> np.ndarray:
        """What is allowed, perhaps in several pieces: float32 [B, M]."""
        given = self._at(mask, observation) if masks is None and mask.path is not None else masks
        if given is None:
            raise UserError(
                "This agent chooses among what is allowed: hand it action_masks, which "
                f"{self.source} has in info['action_mask'] or in action_masks()."
            )
        several = isinstance(given, (tuple, list)) and any(np.ndim(one) for one in given)
        pieces = [np.asarray(one) for one in given] if several else [np.asarray(given)]
        if any(one.size % count or one.dtype.kind not in _TYPES for one in pieces):
            raise UserError(f"This agent sees a mask of {mask.numbers} choices in each game.")
        found = np.concatenate([one.reshape(count, -1) for one in pieces], axis=1) != 0
        if found.shape[1] != mask.numbers:
            raise UserError(
                f"This agent sees a mask of {mask.numbers} choices, not of {found.shape[1]}."
            )
        allowed: np.ndarray = found.astype(np.float32)
        return allowed


def _told(values: np.ndarray) -> str:
    return printable(np.asarray(values).tolist(), 80)
