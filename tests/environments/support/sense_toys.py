"""Environments that show dicts of differing types, nested too, and remember what they showed."""

import copy
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

CAMERA = spaces.Box(0, 255, (36, 40, 3), np.uint8)
FAR = 2**40  # beyond the whole numbers that float32 holds
SENSES: dict[str, Any] = {
    "dict": spaces.Dict(
        {
            "camera": CAMERA,
            "gear": spaces.Discrete(3),
            "place": spaces.Box(-1e7, 1e7, (3,), np.float64),
        }
    ),
    "numbers": spaces.Dict(
        {
            "clock": spaces.Box(0, FAR, (1,), np.int64),
            "gear": spaces.Discrete(3),
            "lamps": spaces.MultiBinary(2),
            "place": spaces.Box(-np.inf, np.inf, (2, 2), np.float64),
            "sides": spaces.MultiDiscrete([2, 3]),
        }
    ),
    "nested": spaces.Dict(
        {
            "arm": spaces.Dict(
                {"camera": CAMERA, "joints": spaces.Box(-0.1, 0.1, (2, 2), np.float64)}
            ),
            "goal": spaces.Tuple(
                (
                    spaces.Discrete(3, start=-1),
                    spaces.MultiBinary(2),
                    spaces.Box(0, FAR, (2,), np.int64),
                )
            ),
        }
    ),
    "tuple": spaces.Tuple((spaces.Discrete(4), spaces.Box(-1, 1, (2,), np.float64))),
    "choice": spaces.Discrete(5, start=10),
    "wide": spaces.Box(-1e7, 1e7, (2, 3), np.float64),
    "text": spaces.Dict({"said": spaces.Text(6, charset="zyx"), "x": spaces.Box(-1, 1, (1,))}),
}
LENGTH = 5
shown: list[Any] = []  # by all of them, in order


class Senses(gymnasium.Env):
    """Shows what its space samples; with `mask`, "part" or "info", the choice of the step before is shut."""

    def __init__(self, kind: str = "dict", start: int = 0, mask: str = ""):
        seen = copy.deepcopy(SENSES[kind])
        if mask == "part":
            seen = spaces.Dict({**seen.spaces, "action_mask": spaces.MultiBinary(3)})
        self.observation_space: Any = seen
        self.action_space = spaces.Discrete(3, start=start)
        self.start, self.how = start, mask

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.steps, self.mask = 0, np.ones(3, np.int8)
        return self.see()

    def step(self, action):
        assert self.action_space.contains(action), action
        self.steps, self.mask = self.steps + 1, np.ones(3, np.int8)
        self.mask[action - self.start] = 0
        seen, info = self.see()
        return seen, float(action), self.steps == LENGTH, False, info

    def see(self):
        seen = self.observation_space.sample()
        if self.how == "part":
            seen["action_mask"] = self.mask
        shown.append(copy.deepcopy(seen))
        return seen, {"action_mask": self.mask} if self.how == "info" else {}


def same(one: Any, other: Any) -> bool:
    """Whether two observations are equal, to the type."""
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    a, b = np.asarray(one), np.asarray(other)
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)


def game(seen: Any, b: int) -> Any:
    """What is shown in one of several games."""
    if isinstance(seen, dict):
        return {key: game(part, b) for key, part in seen.items()}
    if isinstance(seen, tuple) and not isinstance(seen[0], str):
        return tuple(game(part, b) for part in seen)
    return seen[b]
