"""Players: everything that acts, with one method, Stable-Baselines3's `predict`.

B observations, A actions.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from agents.networks.policy import AgentPolicy
from agents.networks.single_row import SingleRow
from environments.simulation.frame_stack import FrameStack, action_size
from environments.simulation.player import Player as Player
from environments.system.errors import UserError

_NO_NUMBERS = (
    "The agent gave NaN, which is no action: its weights are of no use, so train it again."
)
LIKELY = 0.5  # how often a switch that may be on is
_TINY = np.float32(1e-30)  # the logarithm of nothing is not a number


@runtime_checkable
class Seeded(Protocol):
    """A player that draws, from a generator that can be set."""

    def reseed(self, seed: int) -> None:
        """Set the generator to the start of `seed`."""


def draw(scores: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A sample of the choices by the Gumbel-max trick (Gumbel 1954): [B, A] -> [B]."""
    noise = random.standard_exponential(scores.shape, np.float32)
    chosen: np.ndarray = (scores - np.log(noise + _TINY)).argmax(1)
    return chosen


class RandomPlayer:
    """Samples actions uniformly from any space, and among what is allowed where a mask says so.

    Args:
        action_space: of the actions.
        seed: of the sampling.
        mask: how many numbers at the end of an observation are the action mask.
    """

    def __init__(self, action_space: spaces.Space[Any], seed: int = 0, mask: int = 0) -> None:
        self.action_space = action_space
        self.mask = mask
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Set the generator to the start of `seed`."""
        self._random = np.random.default_rng(seed)
        self._batched: spaces.Space[Any] | None = None

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, int]:
        """Any actions, [B, ...]; the state is B."""
        if self.mask:
            odds = self._random.random((len(observation), self.mask))
            return self._among(odds, observation[:, -self.mask :] > 0), len(observation)
        if self._batched is None or state != len(observation):
            self._batched = batch_space(self.action_space, len(observation))
            self._batched.seed(int(self._random.integers(2**31)))
        return np.asarray(self._batched.sample()), len(observation)

    def _among(self, odds: np.ndarray, allowed: np.ndarray) -> np.ndarray:
        """Choices that are allowed, [B, M], by chance: [B, ...]."""
        if isinstance(self.action_space, spaces.MultiBinary):
            on: np.ndarray = (allowed & (odds < LIKELY)).astype(self.action_space.dtype)
            return on
        if isinstance(self.action_space, spaces.Discrete):
            best: np.ndarray = (odds * allowed).argmax(1)
            return best
        ends = np.cumsum(self.action_space.nvec)[:-1]  # type: ignore[attr-defined]
        parts = np.split(odds * allowed, ends, axis=1)
        return np.stack([part.argmax(1) for part in parts], axis=1)


class StillPlayer:
    """Always takes the same action."""

    def __init__(self, action_space: spaces.Space[Any], action: Any = 0) -> None:
        self.action = np.broadcast_to(np.asarray(action), action_space.shape or ())

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, None]:
        """That action in every game, [B, ...]."""
        return np.stack([self.action] * len(observation)), None


class NetworkPlayer:
    """Plays an `AgentPolicy`, with a generator of its own so that a game can be replayed.

    A policy with memory is given its window here, from the observations and actions that pass by. A single
    observation of plain numbers is decided by NumPy (`SingleRow`), which takes a fraction of torch's time.

    Args:
        policy: the network; it is switched to evaluation (no dropout).
        seed: of the sampling.
        temperature: of sampling discrete actions; 1 plays the policy as it is, lower is more decided.
        greedy: take the likeliest actions even where samples are asked for: so it was made to be played.
    """

    def __init__(
        self, policy: AgentPolicy, seed: int = 0, temperature: float = 1.0, greedy: bool = False
    ) -> None:
        policy.set_training_mode(False)
        self.policy, self.temperature, self.greedy = policy, temperature, greedy
        self.discrete = isinstance(policy.action_space, spaces.Discrete)
        space = policy.action_space
        self._ends = None  # of all choices but the last, where there are several
        if isinstance(space, spaces.MultiDiscrete):
            self._ends = np.cumsum(space.nvec.ravel())[:-1]
        self._random = np.random.default_rng(seed)
        self._single = SingleRow(policy)

    def reseed(self, seed: int) -> None:
        """Set the generator to the start of `seed`."""
        self._random = np.random.default_rng(seed)

    def look(self, observation: Any, state: Any, episode_start: Any) -> tuple[Any, Any]:
        """What the policy is to see and the state: with memory a `FrameStack`, to be told what was done."""
        steps = self.policy.memory
        if not steps:
            return observation, None
        if not isinstance(state, FrameStack) or state.games != len(observation):
            acted, row = self.policy.action_space, self.policy.observation_space.shape[0] // steps  # type: ignore[index]
            state = FrameStack(len(observation), steps, acted, row - action_size(acted) - 1)
        return state.look(np.asarray(observation), episode_start), state

    def scores(self, observation: Any) -> np.ndarray:
        """Logits of a discrete policy at this temperature, [B, A], for what `look` gave."""
        logits = self._single.logits(observation)
        if logits is None:
            with torch.inference_mode():
                logits = self.policy.logits(torch.from_numpy(observation)).numpy()
        return logits / self.temperature if self.temperature != 1.0 else logits

    def choose(self, scores: np.ndarray, deterministic: bool) -> np.ndarray:
        """The likeliest action, or a sample: [B, A] -> [B]."""
        likeliest = deterministic or self.greedy
        chosen: np.ndarray = scores.argmax(1) if likeliest else draw(scores, self._random)
        return chosen

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """As `Player.predict`; the state is the window of a policy with memory, changed in place.

        Raises:
            UserError: the policy gives what is no action.
        """
        seen, state = self.look(observation, state, episode_start)
        action = self._choose(seen, deterministic)
        if state is not None:
            state.act(action)
        return action, state

    def _choose(self, seen: Any, deterministic: bool) -> np.ndarray:
        if self.discrete:
            return self.choose(self.scores(seen), deterministic)
        if self._ends is not None:
            parts = np.split(self.scores(seen), self._ends, axis=1)
            return np.stack([self.choose(part, deterministic) for part in parts], axis=1)
        likeliest, seed = deterministic or self.greedy, int(self._random.integers(2**63))
        quick = self._single.continuous(seen, seed, likeliest)
        if quick is not None:
            return quick.astype(self.policy.action_space.dtype, copy=False)
        with torch.random.fork_rng(devices=[]):  # torch's distributions draw from no other
            torch.manual_seed(seed)
            try:
                action = self.policy.predict(seen, deterministic=likeliest)[0]
            except ValueError:  # so torch says that it was given NaN
                if np.isfinite(self.scores(seen)).all():
                    raise
                raise UserError(_NO_NUMBERS) from None
        if np.isnan(action).any():
            raise UserError(_NO_NUMBERS)
        return action.astype(self.policy.action_space.dtype, copy=False)
