"""Environments that a stranger wraps before using them, registered: "tests.studies.strangers.wrapped:ID"."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

HERE = "tests.studies.strangers.wrapped"
MAZE = "minigrid:MiniGrid-{}-5x5-v0"
SIDE = 64  # pixels of a small picture
Made = gymnasium.Env[Any, Any]


def picture(maze: str, **params: Any) -> Made:
    """What is in sight in a maze as a picture of 7 x 7."""
    from minigrid.wrappers import ImgObsWrapper

    made: Made = ImgObsWrapper(gymnasium.make(MAZE.format(maze), **params))
    return made


def vector(maze: str, **params: Any) -> Made:
    """What is in sight in a maze, and the mission, as one vector."""
    from minigrid.wrappers import FlatObsWrapper

    made: Made = FlatObsWrapper(gymnasium.make(MAZE.format(maze), **params))
    return made


class FrameSkip(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Does every action twice, as RL Zoo's wrapper of that name."""

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Both steps, and the sum of their rewards."""
        total = 0.0
        for _ in range(2):
            seen, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
        return seen, total, terminated, truncated, info


class SmallGrey(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Pictures in grey, averaged down to 64 x 64, as RL Zoo's wrappers do it with OpenCV."""

    def __init__(self, env: Made) -> None:
        super().__init__(env)
        self.observation_space = gymnasium.spaces.Box(0, 255, (SIDE, SIDE, 1), np.uint8)

    def observation(self, observation: np.ndarray) -> np.ndarray:
        """[96, 96, 3] -> [64, 64, 1]."""
        from PIL import Image

        small = Image.fromarray(observation).resize((SIDE, SIDE), Image.Resampling.BOX)
        return np.asarray(small.convert("L"))[..., None]


def small_race(**params: Any) -> Made:
    """CarRacing as RL Zoo wraps it."""
    return SmallGrey(FrameSkip(gymnasium.make("CarRacing-v3", **params)))


_MADE: tuple[tuple[str, Any, dict[str, str]], ...] = (
    ("Picture-Empty-Random-5x5-v0", picture, {"maze": "Empty-Random"}),
    ("Vector-Empty-Random-5x5-v0", vector, {"maze": "Empty-Random"}),
    ("Vector-DoorKey-5x5-v0", vector, {"maze": "DoorKey"}),
    ("Small-CarRacing-v3", small_race, {}),
)
for _id, _make, _of in _MADE:
    gymnasium.register(_id, entry_point=_make, kwargs=_of)
