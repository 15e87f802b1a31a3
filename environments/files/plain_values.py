"""Checks of what a JSON or TOML text held: plain values, within limits of depth, keys and digits."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date, time
from typing import Any


@dataclass(frozen=True)
class Limits:
    """How much plain values may be."""

    depth: int  # lists and tables inside each other
    digits: int  # of a whole number
    keys: int  # of all tables together


def flaw(found: Any, limits: Limits, above: int = 0, infinite: bool = False) -> str | None:
    """What is wrong with values, as words that go on after the name of their text; None if nothing is.

    Args:
        found: numbers, texts, lists and tables.
        limits: that they have to keep.
        above: levels that are counted already, or, below 0, are not to be counted.
        infinite: take NaN.
    """
    level, depth, keys = [found], above, 0
    while level:
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                keys += len(value)
                below += value.values()
            elif isinstance(value, list):
                below += value
            elif not (infinite and isinstance(value, float)):
                wrong = _single_flaw(value, limits.digits)
                if wrong is not None:
                    return wrong
        depth += any(isinstance(value, (dict, list)) for value in level)
        if depth > limits.depth:
            return too_deep(limits.depth)
        if keys > limits.keys:
            return f"has more than {limits.keys:,} keys"
        level = below
    return None


def _single_flaw(value: Any, digits: int) -> str | None:
    if isinstance(value, float) and math.isnan(value):
        return "holds nan, which is no number"
    if isinstance(value, int) and abs(value) >= 10**digits:
        return f"holds a number of more than {digits} digits"
    if isinstance(value, (date, time)):
        return f"holds {value}, a date or time: put it into quotes"
    return None


def half_letter(found: Any) -> str | None:
    """Words for half a letter that stands alone: what holds one cannot be written or shown."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "holds half a letter, which is no text"
    return None


def too_deep(depth: int) -> str:
    """Words for values that are nested deeper than this."""
    return f"is nested more than {depth} deep"
