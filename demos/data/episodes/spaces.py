"""Reader of spaces in minari's notation: checked before anything of their size is made."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np

from environments.files.readers import Unreadable, parse_json

Space = gymnasium.Space[Any]

LARGEST = 2**24  # numbers in an observation or action, and choices in all
DEEPEST = 16  # spaces in each other
TYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)
PLAIN = ("Box", "Discrete", "MultiDiscrete", "MultiBinary")  # what a dataset of ours can hold
NESTED = (*PLAIN, "Dict", "Tuple", "Text")  # and what one of minari's
_WHOLE = 2**63
_NUMBERS = {int, float, bool}


def read_space(text: Any, kinds: tuple[str, ...] = PLAIN) -> Space:
    """The space that a text describes.

    Raises:
        ValueError: it describes none, or a larger one than can be; as the end of a sentence.
    """
    # minari's own notation for spaces; imported here because only this needs minari
    from minari.serialization import deserialize_space

    if not isinstance(text, str):
        raise ValueError("is no text")
    told = parse_json(text, infinite=True)
    _require(told, kinds)
    try:
        space: Space = deserialize_space(told)
    except (ValueError, TypeError, AssertionError, KeyError, IndexError, OverflowError) as error:
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise Unreadable(f"is no space ({what[:100]})") from None
    return space


def _require(told: Any, kinds: tuple[str, ...], depth: int = 1) -> None:
    kind = told.get("type") if isinstance(told, dict) else None
    if kind not in kinds:
        raise Unreadable(f"is none of {', '.join(kinds)}")
    if depth > DEEPEST:
        raise Unreadable(f"is nested more than {DEEPEST} deep")
    if kind == "Box":
        shape = told.get("shape")
        if not _sizes(shape):
            raise Unreadable("has a shape that is no list of sizes, or is too large")
        if told.get("dtype") not in TYPES:
            raise Unreadable("is not of a type of numbers that we read")
        for name in ("low", "high"):
            if _shape(told.get(name)) != tuple(shape):
                raise Unreadable(f"has other bounds ({name}) than its shape")
    elif kind == "Discrete":
        n, start = told.get("n"), told.get("start")
        if not _in(n, 1, LARGEST) or not _in(start, -_WHOLE, _WHOLE - 1 - n):
            raise Unreadable(f"has not from 1 to {LARGEST:,} choices")
    elif kind == "MultiDiscrete":
        _require_choices(told)
    elif kind == "MultiBinary":
        n = told.get("n")
        if not (_sizes(n) and math.prod(n) if isinstance(n, list) else _in(n, 1, LARGEST)):
            raise Unreadable(f"has not from 1 to {LARGEST:,} numbers")
    elif kind == "Text":
        least, most = told.get("min_length"), told.get("max_length")
        if not _in(most, 1, 100_000) or not _in(least, 0, most):
            raise Unreadable("does not say how long its texts are")
        if not isinstance(told.get("charset"), str) or len(told["charset"]) > 100_000:
            raise Unreadable("does not say of which characters its texts are")
    elif kind in ("Dict", "Tuple"):
        within = told.get("subspaces")
        if not isinstance(within, dict if kind == "Dict" else list) or len(within) > 10_000:
            raise Unreadable("does not say of what it is made")
        for part in within.values() if isinstance(within, dict) else within:
            _require(part, kinds, depth + 1)


def _require_choices(told: dict[str, Any]) -> None:
    shape = _shape(told.get("nvec"))
    if not shape or not math.prod(shape) or _shape(told.get("start")) != shape:
        raise Unreadable("does not say how many choices there are")
    if told.get("dtype") not in TYPES or np.dtype(told["dtype"]).kind not in "iu":
        raise Unreadable("is not of a type of whole numbers that we read")
    choices = np.array(told["nvec"], object).reshape(-1)
    starts = np.array(told["start"], object).reshape(-1)
    if not all(_in(n, 1, LARGEST) for n in choices) or choices.sum() > LARGEST:
        raise Unreadable(f"has not from 1 to {LARGEST:,} choices")
    if not all(_in(start, -_WHOLE, _WHOLE - 1 - LARGEST) for start in starts):
        raise Unreadable("begins to count where no number is")


def _in(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _sizes(shape: Any) -> bool:
    return (
        isinstance(shape, list)
        and len(shape) <= DEEPEST
        and all(_in(size, 0, LARGEST) for size in shape)
        and math.prod(shape) <= LARGEST
    )


def _shape(values: Any) -> tuple[int, ...] | None:
    """Of nested lists of numbers; None where they are something else."""
    if not isinstance(values, list):
        return () if type(values) in _NUMBERS else None
    kinds = set(map(type, values))
    if kinds <= _NUMBERS:
        return (len(values),)
    below = set(map(_shape, values)) if kinds == {list} else {None}
    inner = below.pop() if len(below) == 1 else None
    return None if inner is None else (len(values), *inner)
