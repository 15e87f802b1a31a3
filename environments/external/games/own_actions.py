"""Actions as we count them, and as an environment takes them.

Ours are rows: choices counted from 0, switches, or float32 numbers. An environment may count its choices from
anywhere, arrange them in a table, or want numbers of another type; what it is given lies in its own space.

A numbers of an action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.system.errors import UserError


def counted_space(space: Any, name: str) -> Any:
    """The space of actions as we count them, [A] or a single choice.

    Raises:
        UserError: actions of that kind are not supported.
    """
    if isinstance(space, spaces.Discrete):
        return spaces.Discrete(int(space.n))
    if isinstance(space, spaces.MultiDiscrete):
        return spaces.MultiDiscrete(space.nvec.ravel())
    if isinstance(space, spaces.MultiBinary):
        return spaces.MultiBinary(int(np.prod(space.shape)))
    if isinstance(space, spaces.Box) and space.dtype.kind in "fiu" and np.prod(space.shape):
        with np.errstate(over="ignore"):  # a bound beyond float32 is none
            low, high = space.low.astype(np.float32), space.high.astype(np.float32)
        return spaces.Box(low.ravel(), high.ravel(), dtype=np.float32)
    raise UserError(f"Actions of '{name}' are of a kind that we do not have: {space}.")


def to_own(space: Any) -> Callable[[np.ndarray], Any]:
    """The function that makes an environment's own action of one of ours."""
    if isinstance(space, spaces.Discrete):
        return lambda given: space.dtype.type(given + space.start)
    rows = own_rows(space)
    return lambda given: rows(np.asarray(given)[None])[0, ...]  # an array, of no dimensions too


def own_rows(space: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The function that makes an environment's own actions [B, ...] of ours, [B, A] or [B]."""
    if isinstance(space, spaces.Box):
        return _own_numbers(space)
    start = getattr(space, "start", 0)
    return lambda given: (given.reshape(-1, *space.shape) + start).astype(space.dtype)


def to_counted(space: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The function that makes actions of ours, [B, A] or [B], of an environment's own, [B, ...]."""
    if isinstance(space, spaces.Discrete):
        return lambda given: given.astype(np.int64) - int(space.start)
    if isinstance(space, spaces.MultiDiscrete):
        start = space.start.astype(np.int64).ravel()
        return lambda given: given.reshape(len(given), -1).astype(np.int64) - start
    kind = np.float32 if isinstance(space, spaces.Box) else space.dtype
    return lambda given: given.reshape(len(given), -1).astype(kind)


def is_counted(space: Any) -> bool:
    """Whether an environment's own actions are rows of ours already, though perhaps of a longer float."""
    if isinstance(space, spaces.Box):
        return len(space.shape) == 1 and space.dtype.kind == "f"
    return len(space.shape) <= 1 and not np.any(getattr(space, "start", 0))


def idle_action_of(space: Any) -> Any:
    """What most likely does nothing, as we count: 0 in the environment's own numbers, or next to it."""
    counted = counted_space(space, "")
    if isinstance(space, spaces.Box):
        return np.clip(0, counted.low, counted.high)
    if isinstance(space, spaces.MultiBinary):
        return 0
    if isinstance(space, spaces.Discrete):
        return int(np.clip(-space.start, 0, space.n - 1))
    first = np.clip(-space.start, 0, space.nvec - 1).ravel()
    return first if first.any() else 0


def _own_numbers(space: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Within the bounds, in the space's own type: whole numbers are rounded, never cut."""
    kind, shape = space.dtype, space.shape
    low, high = space.low, space.high
    if kind.kind == "f":

        def numbers(given: np.ndarray) -> np.ndarray:
            with np.errstate(over="ignore"):
                cast = given.reshape(-1, *shape).astype(kind)
            kept: np.ndarray = np.clip(cast, low, high)
            return kept

        return numbers
    least, most = _within(low, -1), _within(high, 1)

    def whole(given: np.ndarray) -> np.ndarray:
        rounded = np.rint(given.reshape(-1, *shape).astype(np.float64))
        return np.clip(rounded, least, most).astype(kind)

    return whole


def _within(bound: np.ndarray, sign: int) -> np.ndarray:
    """A whole bound as float64, which may have to lie a little inside: its type reaches no further."""
    found = bound.astype(np.float64)
    beyond = [
        sign * int(f) > sign * int(b) for f, b in zip(found.ravel(), bound.ravel(), strict=True)
    ]
    return np.where(np.reshape(beyond, found.shape), np.nextafter(found, -sign * np.inf), found)
