"""Everything that acts has one method, Stable-Baselines3's `predict`; whatever takes one player takes all.

B observations, A actions.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from gymnasium import spaces

from agents.policy import AgentPolicy

_TINY = np.float32(1e-30)  # the logarithm of nothing is not a number


class Player(Protocol):
    """A network, a script, a person, an exported file: anything that chooses actions."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """Choose an action for each observation.

        Args:
            observation: [B, O].
            state: what the last call returned; None at first. It belongs to the player, which may change it.
            episode_start: [B] bool, where a new episode begins, so that memory of the old one is dropped.
            deterministic: take the likeliest action instead of a sample.

        Returns:
            Actions [B, ...] and the state to hand to the next call.
        """


class RandomPlayer:
    """Samples actions uniformly from a discrete space."""

    def __init__(self, action_space: spaces.Discrete, seed: int = 0) -> None:
        self.n = int(action_space.n)
        self._random = np.random.default_rng(seed)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """Any action, [B]."""
        return self._random.integers(self.n, size=len(observation)), None


class NetworkPlayer:
    """Plays an `AgentPolicy`, with a generator of its own so that a game can be replayed.

    Args:
        policy: the network; it is switched to evaluation (no dropout).
        seed: of the sampling.
        temperature: of the sampling; 1 plays the policy as it is, lower is more decided.
    """

    def __init__(self, policy: AgentPolicy, seed: int = 0, temperature: float = 1.0) -> None:
        policy.set_training_mode(False)
        self.policy, self.temperature = policy, temperature
        self.discrete = isinstance(policy.action_space, spaces.Discrete)
        self._random = np.random.default_rng(seed)

    def reseed(self, seed: int) -> None:
        """Set the generator to the start of `seed`."""
        self._random = np.random.default_rng(seed)

    def scores(self, observation: Any) -> np.ndarray:
        """Logits of a discrete policy at this temperature, [B, A]."""
        with torch.inference_mode():
            logits: np.ndarray = self.policy.logits(torch.from_numpy(observation)).numpy()
        return logits / self.temperature if self.temperature != 1.0 else logits

    def choose(self, scores: np.ndarray, deterministic: bool) -> np.ndarray:
        """The likeliest action, or a sample by the Gumbel-max trick (Gumbel 1954): [B, A] -> [B]."""
        if not deterministic:
            noise = self._random.standard_exponential(scores.shape, np.float32)
            scores = scores - np.log(noise + _TINY)
        chosen: np.ndarray = scores.argmax(1)
        return chosen

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """As `Player.predict`; keeps no state."""
        if self.discrete:
            return self.choose(self.scores(observation), deterministic), None
        return self.policy.predict(observation, deterministic=deterministic)[0], None
