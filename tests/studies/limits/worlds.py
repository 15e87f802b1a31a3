"""Environments with a cost, as a stranger would write them: "tests.studies.limits.worlds:ID"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

HERE = "tests.studies.limits.worlds"
FAST = 0.7402  # m/s: half of what an unbound hopper reaches (Safety-Gymnasium's velocity tasks)
LEANING = 0.2  # rad: a lander beyond it frightens its passengers
FAR = 0.5  # m from the middle: there a cart meets people
HAZARDS, RADIUS, REACH = 6, 0.3, 0.2
Made = gymnasium.Env[Any, Any]


class Costly(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment whose steps cost something by what is seen, done and told."""

    def __init__(self, env: Made, cost: Callable[[Any, Any, dict[str, Any]], float]) -> None:
        super().__init__(env)
        self.cost = cost

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """As the environment's, with `info["cost"]`."""
        seen, reward, terminated, truncated, info = self.env.step(action)
        told = {**info, "cost": float(self.cost(seen, action, info))}
        return seen, float(reward), terminated, truncated, told


class Point(gymnasium.Env[Any, Any]):
    """A point is pushed from goal to goal, with hazards on the way: Safety-Gymnasium's PointGoal, flat."""

    def __init__(self, render_mode: str | None = None) -> None:
        self.observation_space = gymnasium.spaces.Box(-10, 10, (10,), np.float32)
        self.action_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Everything anywhere."""
        super().reset(seed=seed)
        self.hazards = self.np_random.uniform(-1.5, 1.5, (HAZARDS, 2))
        self.at, self.goal = self.np_random.uniform(-2, 2, (2, 2))
        self.speed, self.steps = np.zeros(2), 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """A point for each goal; a step in a hazard costs 1."""
        self.speed = 0.8 * self.speed + 0.04 * np.clip(action, -1, 1)
        self.at, self.steps = np.clip(self.at + self.speed, -3, 3), self.steps + 1
        cost = float((np.linalg.norm(self.hazards - self.at, axis=1) < RADIUS).any())
        reached = bool(np.linalg.norm(self.goal - self.at) < REACH)
        if reached:
            self.goal = self.np_random.uniform(-2, 2, 2)
        return self._seen(), float(reached), False, self.steps >= 200, {"cost": cost}

    def _seen(self) -> np.ndarray:
        """Place, speed, the way to the goal and to the two nearest hazards."""
        ways = self.hazards - self.at
        near = ways[np.argsort(np.linalg.norm(ways, axis=1))[:2]]
        seen = np.concatenate([self.at, self.speed, self.goal - self.at, near.ravel()])
        return np.asarray(np.clip(seen, -10, 10), np.float32)


def costly(world: str, **params: Any) -> Made:
    """One of other people's environments, with a cost."""
    return Costly(gymnasium.make(world, **params), _COSTS[world])


_COSTS: dict[str, Callable[[Any, Any, dict[str, Any]], float]] = {
    "Pendulum-v1": lambda seen, action, info: abs(float(np.clip(action, -2, 2)[0])) / 2,
    "LunarLanderContinuous-v3": lambda seen, action, info: abs(seen[4]) > LEANING,
    "Hopper-v5": lambda seen, action, info: info["x_velocity"] > FAST,
    "CartPole-v1": lambda seen, action, info: abs(seen[0]) > FAR,
}
_MADE: tuple[tuple[str, Any, dict[str, str]], ...] = (
    ("Point-v0", Point, {}),
    *((f"Costly-{world}", costly, {"world": world}) for world in _COSTS),
)
for _id, _make, _of in _MADE:
    gymnasium.register(_id, entry_point=_make, kwargs=_of)
