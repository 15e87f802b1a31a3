"""Rules of thumb for the environments of classic control and Box2D, as people would write them down.

A rule maps what B games show, [B, O], to what a person would do there, [B] or [B, A].
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np


def cart_pole(seen: np.ndarray) -> np.ndarray:
    """Push to where the pole is about to fall."""
    lean = seen[:, 2] + 0.3 * seen[:, 3]
    return (lean > 0.05).astype(np.int64)


def acrobot(seen: np.ndarray) -> np.ndarray:
    """Swing the lower arm along with the upper one."""
    return np.where(seen[:, 4] < 0, 2, 0)


def mountain_car(seen: np.ndarray) -> np.ndarray:
    """Push along with the motion."""
    return np.where(seen[:, 1] >= 0, 2, 0)


def mountain_car_continuous(seen: np.ndarray) -> np.ndarray:
    """Push along with the motion."""
    push: np.ndarray = np.where(seen[:, 1:2] >= 0, 1.0, -1.0).astype(np.float32)
    return push


def pendulum(seen: np.ndarray) -> np.ndarray:
    """Bring it to the energy of standing upright, then hold it there."""
    cosine, sine, speed = seen.T
    energy = speed**2 / 6 + 5 * cosine  # 5 at rest upright (m = l = 1, g = 10)
    swing = 2 * np.sign(speed + 1e-6) * np.sign(5 - energy)
    hold = -10 * np.arctan2(sine, cosine) - 3 * speed
    torque: np.ndarray = np.clip(np.where(cosine > 0.9, hold, swing), -2, 2)
    return torque[:, None].astype(np.float32)


def lander(seen: np.ndarray) -> np.ndarray:
    """Gymnasium's own heuristic."""
    return np.array([_heuristic(row, continuous=False) for row in seen], np.int64)


def lander_continuous(seen: np.ndarray) -> np.ndarray:
    """Gymnasium's own heuristic."""
    return np.array([_heuristic(row, continuous=True) for row in seen], np.float32)


def _heuristic(row: np.ndarray, continuous: bool) -> Any:
    from gymnasium.envs.box2d.lunar_lander import heuristic

    return heuristic(SimpleNamespace(unwrapped=SimpleNamespace(continuous=continuous)), row)


class Walker:
    """Gymnasium's own heuristic for the walker, which remembers on which leg it stands."""

    def __init__(self) -> None:
        self.games: list[Any] = []

    def restart(self, starts: np.ndarray) -> None:
        """Forget the games that begin: [B]."""
        from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics

        if len(self.games) != len(starts):
            self.games = [None] * len(starts)
        for b in np.flatnonzero(starts).tolist():
            self.games[b] = BipedalWalkerHeuristics()

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        """One step of each."""
        done = [game.step_heuristic(row) for game, row in zip(self.games, seen, strict=True)]
        return np.array(done, np.float32)


def car_racing(seen: np.ndarray) -> np.ndarray:
    """Steer to the middle of the road ahead, and go slower in bends."""
    ahead = seen[:, 48:62].astype(np.int64)  # [B, 14, 96, 3]; the car is at row 70, column 48
    road = (np.abs(ahead[..., 1] - ahead[..., 0]) < 20) & (ahead[..., 1] < 130)
    columns = np.arange(96)
    found = road.sum((1, 2))
    middle = (road * columns).sum((1, 2)) / np.maximum(found, 1)
    off = np.where(found > 0, (middle - 47.5) / 48, 0.0)
    speed = seen[:, 84:94, 12:14].astype(np.int64).max((2, 3)).__gt__(150).sum(1)  # of the bar
    steer = np.clip(2.0 * off, -1, 1)
    fast = speed > np.where(np.abs(off) > 0.15, 2, 4)
    gas = np.where(fast, 0.0, 0.3)
    brake = np.where(fast & (np.abs(off) > 0.2), 0.2, 0.0)
    return np.stack([steer, gas, brake], 1).astype(np.float32)
