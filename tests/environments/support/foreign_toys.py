"""Two small environments as other people write them, for the tests of the adapter."""

import gymnasium
import numpy as np
from gymnasium import spaces


class Corridor(gymnasium.Env):
    """Walk to the end of a corridor; running costs, and the info names the parts of the reward."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, length=5, costs="named", render_mode=None):
        self.observation_space = spaces.Dict(
            {"here": spaces.Discrete(length + 1), "wind": spaces.Box(-1.0, 1.0, (2,), np.float64)}
        )
        self.action_space = spaces.MultiDiscrete([2, 3])
        self.length, self.costs, self.render_mode = length, costs, render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.here = (options or {}).get("start", 0)
        return self._seen(), {}

    def step(self, action):
        self.here = min(self.here + int(action[0]), self.length)
        parts = {"forward": float(action[0]), "effort": -0.1 * float(action[1])}
        cost = {"costs": {"speed": 2.0, "noise": 0.5}} if self.costs == "named" else {"cost": 3.0}
        info = {"terms": parts, **cost}
        return self._seen(), sum(parts.values()), self.here == self.length, False, info

    def render(self):
        return np.full((4, 6, 3), self.here, np.uint8)

    def _seen(self):
        return {"here": self.here, "wind": self.np_random.uniform(-1, 1, 2)}


class Camera(gymnasium.Env):
    """Sees pictures and flips switches."""

    def __init__(self):
        self.observation_space = spaces.Box(0, 255, (8, 8, 3), np.uint8)
        self.action_space = spaces.MultiBinary(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.np_random.integers(256, size=(8, 8, 3)).astype(np.uint8), {}

    def step(self, action):
        return np.full((8, 8, 3), action.sum(), np.uint8), float(action.sum()), False, False, {}


class Fragile(gymnasium.Env):
    """Ends after three steps, and raises if it is stepped once more."""

    def __init__(self):
        self.observation_space = spaces.Box(0.0, 9.0, (2,), np.float32)
        self.action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self._seen(), {}

    def step(self, action):
        if self.count == 3:
            raise RuntimeError("it is over")
        self.count += 1
        return self._seen(), 1.0, self.count == 3, False, {}

    def _seen(self):
        return np.array([self.count, self.np_random.random()], np.float32)
