"""Small environments of other people, one for each kind of sight and of action, with experts for them."""

import gymnasium
import numpy as np
from gymnasium import spaces

ACTIONS = {
    "discrete": spaces.Discrete(4),
    "multi-discrete": spaces.MultiDiscrete([2, 4]),
    "multi-binary": spaces.MultiBinary(3),
    "box": spaces.Box(-1.0, 1.0, (2,), np.float32),
}
SIDE = 16  # pixels
LENGTH = 4  # steps of an episode


def right(actions, bits):
    """The action that three bits ask for."""
    a, b, c = (int(bit) for bit in bits)
    return {
        "discrete": np.int64(2 * a + b),
        "multi-discrete": np.array([a, 2 * b + c]),
        "multi-binary": np.array([a, b, c], np.int8),
        "box": np.array([a - 0.5, b - 0.5], np.float32),
    }[actions]


class Echo(gymnasium.Env):
    """Shows three bits in one way or another and pays for the action that they ask for."""

    def __init__(self, actions="discrete", sight="vector"):
        self.actions, self.sight = actions, sight
        self.action_space = ACTIONS[actions]
        camera = spaces.Box(0, 255, (SIDE, SIDE, 3), np.uint8)
        sights: dict[str, spaces.Space] = {
            "vector": spaces.Box(-1.0, 1.0, (3,), np.float32),
            "image": camera,
            "dict": spaces.Dict({"camera": camera, "gauge": spaces.Box(-1.0, 1.0, (1,))}),
        }
        self.observation_space = sights[sight]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._seen(), {}

    def step(self, action):
        wanted = right(self.actions, self.bits)
        if self.actions == "box":
            reward = 1.0 - np.abs(action - wanted).mean()
        else:
            reward = float(np.mean(np.asarray(action) == wanted))
        self.steps += 1
        return self._seen(), float(reward), self.steps == LENGTH, False, {}

    def _seen(self):
        self.bits = self.np_random.integers(2, size=3)
        signs = (2 * self.bits - 1).astype(np.float32)
        picture = np.zeros((SIDE, SIDE, 3), np.uint8)
        for place, bit in zip(((0, 0), (0, 8), (8, 0)), self.bits, strict=True):
            picture[place[0] : place[0] + 8, place[1] : place[1] + 8] = 255 * bit
        if self.sight == "dict":
            picture[8:, :8] = 0  # the third bit is on the gauge alone
            return {"camera": picture, "gauge": signs[2:]}
        return picture if self.sight == "image" else signs


class Doors(gymnasium.Env):
    """Four doors, of which two are open, and none may walk into the others; the last open one pays."""

    def __init__(self, actions="discrete", how="info"):
        self.actions, self.how = actions, how
        self.action_space = ACTIONS[actions]
        self.observation_space = spaces.Box(0.0, 1.0, (1,), np.float32)
        if how == "method":
            self.action_masks = lambda: self.mask

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._seen()

    def step(self, action):
        chosen = self._chosen(action)
        if not self.mask[chosen].all():
            raise ValueError("that door is shut")
        best = self._chosen(self.best)
        self.steps += 1
        seen, info = self._seen()
        return seen, float(np.mean(chosen == best)), self.steps == LENGTH, False, info

    def _chosen(self, action):
        """Places in the mask: a part of two ways, if there is one, is before the doors."""
        if self.actions == "discrete":
            return np.array([action])
        return np.array([action[0], 2 + action[1]])

    def _seen(self):
        opened = np.sort(self.np_random.choice(4, 2, replace=False))
        doors = np.isin(np.arange(4), opened).astype(np.int8)
        last = int(opened[-1])
        self.best = last if self.actions == "discrete" else np.array([1, last])
        self.mask = doors if self.actions == "discrete" else np.concatenate([[1, 1], doors])
        seen = np.array([last / 4], np.float32)
        return seen, ({"action_mask": self.mask} if self.how == "info" else {})


class Recall(gymnasium.Env):
    """A cue at the beginning is to be answered some steps later; what is done until then does not count."""

    def __init__(self, wait=3):
        self.wait = wait
        self.observation_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cue, self.steps = int(self.np_random.integers(2)), 0
        return self._seen(), {}

    def step(self, action):
        asked = self.steps == self.wait
        reward = float(asked and action == self.cue)
        self.steps += 1
        return self._seen(), reward, asked, False, {}

    def _seen(self):
        cue = 2 * self.cue - 1 if self.steps == 0 else 0
        return np.array([cue, self.steps == self.wait], np.float32)


class Taking(gymnasium.Env):
    """Shows its mask as a part of a dict, beside whatever else is given."""

    def __init__(self, name="observation", size=3, alone=False):
        kept = {} if alone else {name: spaces.Box(0, 1, (2,), np.float32)}
        mask = spaces.Box(0, 1, (size,), np.int8)
        self.observation_space = spaces.Dict({**kept, "action_mask": mask})
        self.action_space, self.size, self.kept = spaces.Discrete(3, start=1), size, kept

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return self.see(), {}

    def step(self, action):
        assert action != 1 + self.time % 3, "shut"
        self.time += 1
        return self.see(), 1.0, self.time == 9, False, {}

    def see(self):
        mask = np.ones(self.size, np.int8)
        mask[self.time % 3] = 0
        shown = {key: np.full(2, 0.5, np.float32) for key in self.kept}
        return {**shown, "action_mask": mask}
