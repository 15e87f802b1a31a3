"""Environments that a stranger wraps before using them, registered: "tests.studies.strangers.wrapped:ID"."""

from __future__ import annotations

from typing import Any

import gymnasium

HERE = "tests.studies.strangers.wrapped"


def empty_room(**params: Any) -> gymnasium.Env[Any, Any]:
    """A maze's view as a picture of 7 x 7."""
    from minigrid.wrappers import ImgObsWrapper

    return ImgObsWrapper(gymnasium.make("minigrid:MiniGrid-Empty-Random-5x5-v0", **params))


def door_key(**params: Any) -> gymnasium.Env[Any, Any]:
    """A maze's view and mission as one vector."""
    from minigrid.wrappers import FlatObsWrapper

    return FlatObsWrapper(gymnasium.make("minigrid:MiniGrid-DoorKey-5x5-v0", **params))


gymnasium.register("Picture-Empty-Random-5x5-v0", entry_point=empty_room)
gymnasium.register("Vector-DoorKey-5x5-v0", entry_point=door_key)
