"""One game told in several units: of what is seen, of what is done, and of what it pays."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

LENGTH = 25  # steps of an episode


class Match(gymnasium.Env):
    """Pays 1 less the distance of the action from one that follows from what is seen, in half the bounds.

    Args:
        seen: unit of the observation.
        offset: of the observation.
        acted: half of the bounds of an action.
        paid: unit of the reward.
    """

    def __init__(
        self, seen: float = 1.0, offset: float = 0.0, acted: float = 1.0, paid: float = 1.0
    ) -> None:
        self.seen, self.offset, self.acted, self.paid = seen, offset, acted, paid
        self.observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float32)
        self.action_space = spaces.Box(-acted, acted, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        """Begin."""
        super().reset(seed=seed)
        self.t = 0
        return self._look(), {}

    def step(self, action: Any) -> Any:
        """Act."""
        away = abs(float(action[0]) / self.acted - wanted(self.x[0]))
        self.t += 1
        return self._look(), self.paid * (1 - away), False, self.t >= LENGTH, {}

    def _look(self) -> np.ndarray:
        self.x = self.np_random.uniform(-1, 1, 2)
        return (self.x * self.seen + self.offset).astype(np.float32)


def wanted(x: Any) -> Any:
    """What to do, in half the bounds."""
    return 0.8 * np.sin(2 * x)


class Expert:
    """Does it with a hand that trembles."""

    def __init__(self, seen: float = 1.0, offset: float = 0.0, acted: float = 1.0) -> None:
        self.seen, self.offset, self.acted = seen, offset, acted
        self.random = np.random.default_rng(0)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: Any = False,
    ) -> Any:
        """As `Player`."""
        x = (observation[:, :1].astype(np.float64) - self.offset) / self.seen
        done = wanted(x) + 0.3 * self.random.normal(size=x.shape)
        return (self.acted * done.clip(-1, 1)).astype(np.float32), state
