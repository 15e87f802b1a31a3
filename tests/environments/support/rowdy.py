"""An environment that misbehaves on demand, for the tests of the guard."""

import os
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Rowdy(gymnasium.Env):
    """Shows the end of its seed and counts its steps, six an episode, and misbehaves once under some seeds.

    Args:
        how: what it does; see `_misbehave`.
        step: in which step of the first episode after a seed.
        seeds: under which seeds.
        every: beside those, under one in so many seeds: those that leave `every - 1`.
    """

    metadata = {"render_modes": ["rgb_array"]}

    def __init__(self, how="", step=3, seeds=(1,), every=0, render_mode=None):
        self.observation_space = spaces.Box(-100.0, 100.0, (2,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.how, self.when, self.seeds, self.every = how, step, seeds, every
        self.render_mode = render_mode
        self.seed, self.episode, self.count = -1, -1, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seed, self.episode = (self.seed, self.episode + 1) if seed is None else (seed, 0)
        self.count = 0
        if self.when == 0:
            return self._misbehave()[0], {}
        return self._seen(), {}

    def step(self, action):
        self.count += 1
        if self.count == self.when:
            seen, reward, info = self._misbehave()
        else:
            seen, reward, info = self._seen(), 1.0, self._info(0.5)
        return seen, reward, self.count == 6, False, info

    def render(self):
        return np.full((2, 2, 3), self.seed, np.uint8)

    def _seen(self):
        return np.array([self.seed % 100, self.count], np.float32)

    def _info(self, cost):
        return {"cost": cost, "terms": {"half": 0.5}}

    def _misbehave(self):
        seen, cost, half = self._seen(), 0.5, 0.5
        reward: Any = 1.0
        chosen = self.every and self.seed % self.every == self.every - 1
        if (chosen or self.seed in self.seeds) and self.episode == 0:
            match self.how:
                case "raises":
                    raise ValueError("the wheel\nis stuck")
                case "leaves":
                    raise SystemExit(3)
                case "hangs":
                    time.sleep(1000)
                case "dies":
                    os._exit(7)
                case "sees nan":
                    seen[1] = np.nan
                case "sees infinity":
                    seen[0] = -np.inf
                case "sees too much":
                    seen[1] = 200
                case "another shape":
                    seen = np.zeros(3, np.float32)
                case "a single number":
                    seen = np.float32(1)
                case "another type":
                    seen = np.array(["a", "b"])
                case "is paid nan":
                    reward = np.nan
                case "is paid too much":
                    reward = 1e60
                case "is paid in words":
                    reward = "much"
                case "costs less than nothing":
                    cost = -1.0
                case "costs nan":
                    cost = np.nan
                case "a term of nan":
                    half = np.nan
        return seen, reward, {"cost": cost, "terms": {"half": half}}
