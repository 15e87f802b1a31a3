"""Indexes a player's state by games, for when games join and leave those it plays.

B games before, M games afterwards.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
import torch

from environments.simulation.frame_stack import FrameStack


def index_state(state: Any, index: np.ndarray) -> Any:
    """A player's state of B games for the games `index` [M] of them; a game may come several times.

    An array's first axis counts games, in a dataclass, list or dict as well; single values are of all games.

    Raises:
        TypeError: a state of a kind that cannot be taken apart.
    """
    if state is None or isinstance(state, (bool, int, float, str)):
        return state
    if isinstance(state, np.ndarray):
        return state[index]
    if isinstance(state, torch.Tensor):
        return state[torch.from_numpy(index)]
    if isinstance(state, FrameStack):
        taken = copy.copy(state)
        for name, value in vars(state).items():
            if isinstance(value, np.ndarray):
                setattr(taken, name, value[index])
        taken.games = len(index)
        return taken
    if dataclasses.is_dataclass(state) and not isinstance(state, type):
        fields = [field.name for field in dataclasses.fields(state)]
        parts = {name: index_state(getattr(state, name), index) for name in fields}
        return dataclasses.replace(state, **parts)
    if isinstance(state, dict):
        return {key: index_state(value, index) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(index_state(value, index) for value in state)
    raise TypeError(f"A {type(state).__name__} cannot be taken apart by games")
