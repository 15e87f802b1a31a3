"""Players who know the toys of `kind_toys`, so that there is something to clone."""

import numpy as np

from tests.environments.support.kind_toys import SIDE, right


class Reader:
    """Reads the three bits off whatever `Echo` shows."""

    def __init__(self, actions, sight):
        self.actions, self.sight = actions, sight

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.stack([right(self.actions, self._bits(seen)) for seen in observation]), None

    def _bits(self, seen):
        if self.sight == "vector":
            return seen > 0
        picture = seen[: SIDE * SIDE * 3] if self.sight == "dict" else seen
        picture = picture.reshape(SIDE, SIDE, 3)
        third = seen[-1] if self.sight == "dict" else picture[12, 4, 0]
        return np.array([picture[4, 4, 0], picture[4, 12, 0], third]) > 0


class Porter:
    """Goes through the last open door of `Doors`, or sometimes another open one."""

    def __init__(self, actions, seed=0):
        self.actions, self.random = actions, np.random.default_rng(seed)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        chosen = []
        for mask in observation[:, -4:]:
            opened = np.flatnonzero(mask)
            door = opened[-1] if self.random.random() < 0.8 else opened[0]
            chosen.append(door if self.actions == "discrete" else [1, door])
        return np.array(chosen, np.int64), None


class Elephant:
    """Answers the cue of `Recall`, and does anything until it is asked."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        if state is None:
            state = np.zeros(len(observation))
        state = np.where(observation[:, 0] != 0, observation[:, 0] > 0, state)
        anything = self.random.integers(2, size=len(observation))
        return np.where(observation[:, 1] > 0, state, anything).astype(np.int64), state
