"""Observations: an array, or a dict of such arrays as environments with parts give.

T steps, B games, M observations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def each(change: Callable[[Any], Any], observations: Any) -> Any:
    """What `change` makes of the array, or of each part's."""
    if isinstance(observations, dict):
        return {name: change(part) for name, part in observations.items()}
    return change(observations)


def first(observations: Any) -> Any:
    """The array, or that of a part: of its rows there are as many as of any other's."""
    return next(iter(observations.values())) if isinstance(observations, dict) else observations


def sizes(observations: Any) -> tuple[int, ...]:
    """How many numbers a row holds of each part."""
    parts = observations.values() if isinstance(observations, dict) else [observations]
    return tuple(int(np.prod(part.shape[1:])) for part in parts)


def stacked(several: Sequence[Any]) -> Any:
    """Single observations as one of M."""
    if isinstance(several[0], dict):
        return {name: np.stack([one[name] for one in several]) for name in several[0]}
    return np.stack(several)


def in_rows(observations: Any) -> Any:
    """[T, B, ...] -> [T x B, ...], without copying."""

    def rows(part: Any) -> Any:
        return part.reshape(part.shape[0] * part.shape[1], *part.shape[2:])

    return each(rows, observations)
