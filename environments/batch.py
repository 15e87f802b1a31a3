"""B games of one world, stepped together in place; every face and every trainer stands on this.

B games, N agents, O numbers in an observation, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from environments.kernels import weigh
from environments.problem import Problem
from environments.reward import weight_vector
from environments.world import World


class Batch:
    """Runs B games and owns every buffer; a game that ends begins anew in the same step.

    The arrays below are overwritten by the next `step`: copy what must last.

    Args:
        world: what to play.
        size: B.
        seed: game b is seeded with `seed + b`, so a game does not depend on the batch around it.
        weights: reward weights by term; the world's own if None.
        options: of every episode: `horizon` and what the world's `reset_state` reads.
        restart: begin ended games anew in the same step (else they stay in their last state).
    """

    def __init__(
        self,
        world: World,
        size: int = 1,
        *,
        seed: int = 0,
        weights: Mapping[str, float] | None = None,
        options: Mapping[str, Any] | None = None,
        restart: bool = True,
    ) -> None:
        if size < 1:
            raise Problem(f"A batch needs at least one game, not {size}.")
        self.world, self.size, self.restart = world, size, restart
        agents = len(world.agents)
        observation = (size, agents, *world.observation_space.shape)
        self.state = np.zeros(size, world.module.STATE)  # [B]
        self.observation = np.zeros(observation, np.float32)  # [B, N, O]
        self.final_observation = np.zeros(observation, np.float32)  # [B, N, O], of games that ended
        self._terms = np.zeros((size, agents), world.module.TERMS_DTYPE)
        self._costs = np.zeros((size, agents), world.module.COSTS_DTYPE)
        self.terms = self._terms.view(np.float32).reshape(size, agents, -1)  # [B, N, K]
        self.costs = self._costs.view(np.float32).reshape(size, agents, -1)  # [B, N, C]
        self.reward = np.zeros((size, agents), np.float32)  # [B, N]
        self.terminated = np.zeros(size, np.bool_)  # [B]
        self.truncated = np.zeros(size, np.bool_)  # [B]
        self.weights = weight_vector(world.terms, world.weights if weights is None else weights)
        self._kernels = world.kernels
        self.reset(seed=seed, options=options)

    def reset(
        self,
        seed: int | None = None,
        options: Mapping[str, Any] | None = None,
        chosen: np.ndarray | None = None,
    ) -> np.ndarray:
        """Begin new episodes in the chosen games (all if None); returns the observation [B, N, O].

        Without a seed every game goes on with its next episode. Options hold until others are given.

        Raises:
            Problem: an option the world does not know, or a horizon below 1.
        """
        games = np.ones(self.size, np.bool_) if chosen is None else chosen
        if seed is not None:
            self.state["seed"] = np.uint64(seed) + np.arange(self.size, dtype=np.uint64)
            self.state["episode"] = 0
        else:
            self.state["episode"][games] += np.uint64(1)
        if options is not None or not self.state["horizon"].all():
            self._read_options(dict(options or {}))
        self._kernels.reset(self.world.table, self.state, games, self.observation)
        return self.observation

    def _read_options(self, options: dict[str, Any]) -> None:
        horizon = options.pop("horizon", self.world.horizon)
        if int(horizon) < 1:
            raise Problem(f"The horizon of an episode is {horizon}; give at least 1 step.")
        self.state["horizon"] = int(horizon)
        for b in range(self.size):
            self.world.module.reset_state(self.state[b], self.world.table[0], dict(options))

    def step(self, actions: np.ndarray) -> np.ndarray:
        """Act in every game with `actions` [B, N]; returns the next observation [B, N, O]."""
        self.terms.fill(0)
        self.costs.fill(0)
        self._kernels.step(
            self.world.table,
            self.state,
            actions,
            self._terms,
            self._costs,
            self.terminated,
            self.truncated,
            self.observation,
            self.final_observation,
            self.restart,
        )
        weigh(self.terms, self.weights, self.reward)
        return self.observation

    def observe(self) -> np.ndarray:
        """The observation of the states as they are now, for a caller that has set them: [B, N, O]."""
        self._kernels.observe(self.world.table, self.state, self.observation)
        return self.observation

    @property
    def ended(self) -> np.ndarray:
        """Which games ended in the last step: [B]."""
        ended: np.ndarray = self.terminated | self.truncated
        return ended
