"""A small game of two alike seats, in which they win together or against one another."""

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

STEPS = 8


class Pair(ParallelEnv):  # type: ignore[misc]
    """Each is shown two numbers and right if it tells the sign of the first.

    Args:
        together: both are paid for how many are right; else each for being right where the other is not.
    """

    metadata: dict[str, Any] = {"name": "pair", "is_parallelizable": True}

    def __init__(self, together: bool = True):
        self.possible_agents = ["left", "right"]
        self.together = together

    def observation_space(self, agent):
        return spaces.Box(-9.0, 9.0, (2,), np.float32)

    def action_space(self, agent):
        return spaces.Discrete(2)

    def reset(self, seed=None, options=None):
        if seed is not None:
            self.random = np.random.default_rng(seed)
        self.agents, self.time = list(self.possible_agents), 0
        return self._look(), {a: {} for a in self.agents}

    def step(self, actions):
        left, right = (float((self.seen[a][0] > 0) == actions[a]) for a in self.possible_agents)
        paid = (left + right, left + right) if self.together else (left - right, right - left)
        self.time += 1
        over = self.time == STEPS
        seen, agents = self._look(), self.agents
        if over:
            self.agents = []
        return (
            seen,
            dict(zip(agents, paid, strict=True)),
            dict.fromkeys(agents, over),
            dict.fromkeys(agents, False),
            {a: {"cost": 1.0} for a in agents},
        )

    def _look(self):
        self.seen = {a: self.random.normal(size=2).astype(np.float32) for a in self.agents}
        return self.seen


class Guessing:
    """Right in a share of the steps."""

    def __init__(self, share: float = 0.7, seed: int = 0) -> None:
        self.share, self.random = share, np.random.default_rng(seed)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        """As `agents.players.player.Player`."""
        right = self.random.random(len(observation)) < self.share
        return ((observation[:, 0] > 0) == right).astype(np.int64), None
