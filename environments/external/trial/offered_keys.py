"""The keys that an environment itself offers to people, by the convention of `gymnasium.utils.play`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.external.games.global_state import is_our_signal

# Keys that are held together, by name, letter or pygame's code; and the action that they do, counted from 0.
OfferedKeys = tuple[tuple[tuple[str | int, ...], Any], ...]
METHOD = "get_keys_to_action"


def offered_keys(env: Any, space: Any) -> OfferedKeys:
    """What `get_keys_to_action` says, of the outermost wrapper that has it; empty where none does.

    What is no such table is none: the person then writes one.
    """
    layer = env
    while layer is not None and not callable(getattr(layer, METHOD, None)):
        layer = getattr(layer, "env", None)
    if layer is None:
        return ()
    try:
        told = getattr(layer, METHOD)()
        pairs = list(told.items()) if isinstance(told, Mapping) else []
        return tuple((_keys(keys), _counted(action, space)) for keys, action in pairs)
    except BaseException as error:  # external code: any exception
        if is_our_signal(error):
            raise
        return ()


def _keys(keys: Any) -> tuple[str | int, ...]:
    """`"wa"`, `("w", "a")`, `(119, 97)`, a single code, or none at all."""
    each: Iterable[Any] = keys if isinstance(keys, Iterable) else (keys,)
    return tuple(key if isinstance(key, str) else int(key) for key in each)


def _counted(action: Any, space: Any) -> Any:
    """An action of the environment's as plain numbers, choices counted from 0."""
    given = np.asarray(action)
    if not space.contains(given.astype(space.dtype) if space.shape else space.dtype.type(given)):
        raise ValueError("no action of this space")
    if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        given = given - space.start
    return given.tolist()
