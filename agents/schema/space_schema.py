"""The schema of spaces in files: checked before anything is made of them, and nothing large is made."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from gymnasium import spaces
from minari.serialization import deserialize_space

from environments.files.readers import Unreadable

CHOICES = 2**20  # logits of an action, all its choices end to end
CELLS = 16  # parts of an action, in a row or in a table
_LARGEST = 2**63 - 1
_NUMBERS = {
    "float16": "fiu", "float32": "fiu", "float64": "fiu", "int8": "iu", "int16": "iu", "int32": "iu",
    "int64": "iu", "uint8": "iu", "uint16": "iu", "uint32": "iu", "uint64": "iu",
}  # fmt: skip


def printable(text: Any, most: int = 60) -> str:
    """A name out of a file, as it may stand in a message: no control characters, and not for ever."""
    kept = "".join(c if c.isprintable() else "?" for c in str(text)[: most + 1])
    return kept if len(kept) <= most else f"{kept[: most - 3]}..."


def read_observation_space(described: Any) -> spaces.Box:
    """The space of what an agent is shown.

    Raises:
        Unreadable: it describes no Box.
    """
    if not isinstance(described, dict) or described.get("type") != "Box":
        raise Unreadable("says of its observation space nothing that describes a Box")
    box: spaces.Box = _box(described, "observation")
    return box


def read_action_space(described: Any) -> spaces.Space[Any]:
    """The space of what an agent does.

    Raises:
        Unreadable: it describes none of the spaces that an agent can act in.
    """
    kind = described.get("type") if isinstance(described, dict) else None
    if kind == "Box":
        box: spaces.Space[Any] = _box(described, "action")
        return box
    known = {"Discrete": _choice, "MultiDiscrete": _choices, "MultiBinary": _switches}
    check = known.get(kind) if isinstance(kind, str) else None
    if check is None or not check(described):
        raise Unreadable("says of its action space nothing that can be acted in")
    made: spaces.Space[Any] = _made(described, "action")
    return made


def _made(described: dict[str, Any], what: str) -> Any:
    try:
        with np.errstate(over="ignore"):  # a bound beyond the type's is infinite
            return deserialize_space(json.dumps(described))
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        said = printable(error, 200)
        raise Unreadable(f"describes an {what} space that cannot be made ({said})") from None


def _box(described: dict[str, Any], what: str) -> Any:
    """A Box, once its bounds are as many numbers as its shape says."""
    shape, kind = described.get("shape"), described.get("dtype")
    if not are_sizes(shape, 0) or not isinstance(kind, str) or kind not in _NUMBERS:
        raise Unreadable(f"describes an {what} space without a shape and a type of numbers")
    for name in ("low", "high"):
        try:
            bound = np.array(described.get(name))
        except (OverflowError, ValueError):  # ragged, or numbers of more than 64 bits
            bound = np.array(None)
        if bound.dtype.kind not in _NUMBERS[kind] or list(bound.shape) != shape:
            raise Unreadable(f"describes an {what} space whose '{name}' does not fit its shape")
        if np.isnan(bound).any():
            raise Unreadable(f"describes an {what} space whose '{name}' holds NaN")
    return _made(described, what)


def _choice(described: dict[str, Any]) -> bool:
    start = described.get("start", 0)
    return is_whole_number(described.get("n"), 1, CHOICES) and is_whole_number(
        start, -(2**31), 2**31
    )


def _choices(described: dict[str, Any]) -> bool:
    counts, starts = _cells(described.get("nvec")), _cells(described.get("start"))
    if counts is None or starts is None or len(starts) != len(counts):
        return False
    if not counts or not all(is_whole_number(n, 1, CHOICES) for n in counts):
        return False
    kind = described.get("dtype")
    placed = all(is_whole_number(n, -(2**31), 2**31) for n in starts)
    return placed and sum(counts) <= CHOICES and kind in ("int8", "int16", "int32", "int64")


def _cells(given: Any) -> list[Any] | None:
    """The numbers of a list, or of a table of some equal rows; None if it is neither."""
    if not isinstance(given, list) or len(given) > CELLS:
        return None
    if not any(isinstance(row, list) for row in given):
        return given
    if not all(isinstance(row, list) and 0 < len(row) <= CELLS for row in given):
        return None
    return (
        [cell for row in given for cell in row] if len({len(row) for row in given}) == 1 else None
    )


def _switches(described: dict[str, Any]) -> bool:
    count = described.get("n")
    sizes = count if isinstance(count, list) else [count]
    return bool(sizes) and are_sizes(sizes, 1) and math.prod(sizes) <= CHOICES


def are_sizes(given: Any, least: int, most_of_them: int = 16) -> bool:
    """Whether it is a list of whole numbers, such as a shape."""
    listed = isinstance(given, list) and len(given) <= most_of_them
    return listed and all(is_whole_number(n, least, _LARGEST) for n in given)


def is_whole_number(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most
