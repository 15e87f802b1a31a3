"""Numbers that the rules of a shield are made of: read from tables, and places in observations and actions.

O numbers in an observation, A numbers of an action.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.simulation.observation_parts import layout_of
from environments.simulation.spec import WorldSpec

LARGEST = 1e30  # of a number of a rule, so that float32 holds it
LONGEST = 4096  # numbers in a list


def number(given: Any, key: str, least: float = -LARGEST) -> float:
    """A finite number.

    Raises:
        ValueError: it is none, or less than `least`.
    """
    fits = isinstance(given, int | float) and not isinstance(given, bool)
    if not fits or not least <= given <= LARGEST:  # neither is true of nan
        raise ValueError(
            f"has {key} = {str(given)[:40]}, where a number from {least:g} up is needed"
        )
    return float(given)


def numbers(given: Any, key: str, count: int, least: float = -LARGEST) -> list[float]:
    """A number for each of `count`, from one for all or a list.

    Raises:
        ValueError: there are others than that.
    """
    listed = given if isinstance(given, list | tuple) else [given] * count
    if len(listed) != count:
        raise ValueError(
            f"has {len(listed)} numbers as {key}, where {count} are needed, or one for all"
        )
    return [number(one, key, least) for one in listed]


def action_places(given: Any, world: WorldSpec) -> list[int]:
    """Which numbers of an action are meant: all if None.

    Raises:
        ValueError: there is no such number.
    """
    size = math.prod(world.action_space.shape or ())
    listed = range(size) if given is None else given if isinstance(given, list | tuple) else [given]
    return [_place(one, "actions", size, "an action") for one in _short(listed, "actions")]


def seen_places(given: Any, key: str, world: WorldSpec) -> list[int]:
    """Which numbers of an observation are meant by numbers from 0, or names of parts.

    Raises:
        ValueError: there is no such number or part.
    """
    if len(world.observation_space.shape) != 1:
        raise ValueError(
            f"has a {key}, and the observation is a picture: write a function of your own"
        )
    size = world.observation_space.shape[0] - world.mask_size
    found: list[int] = []
    for one in _short(given if isinstance(given, list | tuple) else [given], key):
        if isinstance(one, str):
            found += _part(one, key, world)
        else:
            found.append(_place(one, key, size, "an observation"))
    return found


def _part(name: str, key: str, world: WorldSpec) -> list[int]:
    own = world.own_observation_space
    layout = [] if own is None else layout_of(own, world.mask_size)
    told = [part for part in layout if part["name"] and part["space"] != "mask"]
    for part in told:
        if part["name"] == name:
            return list(range(part["at"], part["at"] + part["numbers"]))
    known = ", ".join(part["name"] for part in told)
    raise ValueError(
        f"has {key} = '{name[:80]}', and no part of an observation is called that"
        + (f": there is {known}" if known else ": name its numbers, from 0")
    )


def _place(given: Any, key: str, size: int, what: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < size:
        raise ValueError(
            f"has {key} = {str(given)[:40]}, and {what} has the numbers 0 to {size - 1}"
        )
    return given


def _short(listed: Any, key: str) -> list[Any]:
    if not 1 <= len(listed) <= LONGEST:
        raise ValueError(f"has {len(listed)} {key}, where 1 to {LONGEST:,} can be named")
    return list(listed)


def all_of(value: Any, count: int) -> list[float]:
    """An action of a world, which may be one number for all, as a list."""
    return [float(one) for one in np.broadcast_to(np.ravel(value), (count,))]


def as_action(action: list[float], space: spaces.Space[Any]) -> Any:
    """An action of a space, of numbers; whole where the space has whole ones."""
    row = np.asarray(action).reshape(space.shape or ())
    if isinstance(space, spaces.Box):
        return row.astype(np.float32)
    return row.astype(np.int64 if not isinstance(space, spaces.MultiBinary) else np.int8)
