"""PettingZoo environments whose agents come and go, for the tests of whoever must not learn from nothing."""

from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

FAR = 10.0  # what is seen is about here: zeros of an absent agent would stand out


class Party(ParallelEnv):  # type: ignore[misc]
    """Guests who are each at the party for some of its steps, and are paid for the sign of what they see.

    Args:
        stays: by agent, from which step to before which one; the party ends with the last that leaves.
        cut: who is cut off instead of ending by the rules.
        silent: who is gone without a word.
        parting: whether who leaves is shown something last.
    """

    metadata: dict[str, Any] = {"name": "party", "is_parallelizable": True}

    def __init__(self, stays=((0, 3), (0, 8)), cut=(), silent=(), parting=True):
        self.possible_agents = [f"guest_{k}" for k in range(len(stays))]
        self.stays = dict(zip(self.possible_agents, stays, strict=True))
        self.cut, self.silent, self.parting = cut, silent, parting

    def observation_space(self, agent):
        return spaces.Box(-100.0, 100.0, (2,), np.float32)

    def action_space(self, agent):
        return spaces.Discrete(2)

    def reset(self, seed=None, options=None):
        if seed is not None:
            self.random = np.random.default_rng(seed)
        self.time = 0
        self.agents = self._there()
        self._look()
        return {a: self.seen[a] for a in self.agents}, {a: {} for a in self.agents}

    def step(self, actions):
        assert set(actions) == set(self.agents), (actions, self.agents)
        acted = list(self.agents)
        paid = {a: float((self.seen[a][0] > FAR) == bool(actions[a])) for a in acted}
        self.time += 1
        self.agents = self._there()
        over = {a: a not in self.agents and a not in self.silent for a in acted}
        self._look()
        shown = self.agents + (acted if self.parting else [])
        return (
            {a: self.seen[a] for a in dict.fromkeys(shown)},
            paid,
            {a: over[a] and a not in self.cut for a in acted},
            {a: over[a] and a in self.cut for a in acted},
            {a: {"cost": 1.0} for a in acted},
        )

    def _there(self):
        return [a for a, (first, last) in self.stays.items() if first <= self.time < last]

    def _look(self):
        guests = self.possible_agents
        self.seen = {a: (FAR + self.random.normal(size=2)).astype(np.float32) for a in guests}


class Signs:
    """The right answer to what is seen."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        """The sign of the first number."""
        return (observation[:, 0] > FAR).astype(np.int64), None
