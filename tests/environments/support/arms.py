"""Small machines of other people, for shields and loops, and the rules of their owners."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


class Gear:
    """A part of a machine, with a number of its own."""

    ratio = 1.0


class Cart(gymnasium.Env):
    """A cart and its wall: an action moves place and hand by a tenth; the reward is what moved."""

    observation_space = spaces.Box(
        -10.0, 10.0, (3,), np.float32
    )  # place, hand, distance to the wall at 1
    action_space: Any = spaces.Box(-1.0, 1.0, (2,), np.float32)
    metadata = {"render_fps": 20, "render_modes": []}
    length = 20

    def __init__(self, mass: float = 1.0, kind: str = "plain") -> None:
        self.mass, self.kind, self.gear = mass, kind, Gear()
        if kind == "wide":
            self.action_space = spaces.Box(-2.0, 2.0, (2,), np.float32)
        if mass <= 0:
            raise ValueError("a mass is above 0")

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t, self.at, self.push = 0, np.zeros(2), (options or {}).get("push", 0.0)
        return self._seen(), {}

    def step(self, action):
        moved = np.asarray(action, np.float64).ravel()[:2] / (10 * self.mass)
        moved = moved * self.gear.ratio + self.push
        self.at, self.t = self.at + moved, self.t + 1
        return self._seen(), float(moved.sum()), False, self.t >= self.length, {}

    def _seen(self):
        return np.array([*self.at, 1 - self.at[0]], np.float32)


class Parted(Cart):
    """The same, which shows a dict and takes its numbers as float64 in a table."""

    observation_space: Any = spaces.Dict(
        {
            "laser": spaces.Box(-10, 10, (1,), np.float64),
            "place": spaces.Box(-10, 10, (2,), np.float64),
        }
    )
    action_space = spaces.Box(-1.0, 1.0, (2, 1), np.float64)

    def _seen(self):
        return {"laser": 1 - self.at[:1], "place": self.at.copy()}


class Lever(gymnasium.Env):
    """Choices that are counted from 5; it shows the last, and how near the end is."""

    observation_space = spaces.Box(0.0, 20.0, (2,), np.float32)
    action_space = spaces.Discrete(4, start=5)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.array([0, 10], np.float32), {}

    def step(self, action):
        self.t += 1
        return np.array([action, 10 - self.t], np.float32), float(action), self.t >= 10, False, {}


def halve(observation, action):
    """A rule of its owner: half of what is asked for, once it has moved."""
    return action / 2 if np.ravel(observation)[0] > 0 else action


def by_place(observation, action):
    """Of the dict's own parts."""
    assert set(observation) == {"laser", "place"}
    assert observation["place"].shape == (2,)
    assert action.shape == (2, 1)
    return np.zeros_like(action) if observation["laser"][0] < 0.85 else action


def never_eight(observation, action):
    """In its own numbers."""
    return 6 if action == 8 else action


class Patient:
    """Lets every third action pass; begins anew with each episode."""

    made = 0

    def __init__(self):
        type(self).made += 1
        self.count = 0

    def reset(self):
        self.count = 0

    def __call__(self, observation, action):
        self.count += 1
        return action if self.count % 3 == 0 else np.zeros_like(action)


def named(observation, action, agent):
    """Holds one agent alone."""
    return action * 0 if agent == "guest_0" else action


def fails(observation, action):
    raise RuntimeError("no contact")


def nonsense(observation, action):
    return "halt"


def too_far(observation, action):
    return np.full_like(action, 7.0)


NUMBER = 3
