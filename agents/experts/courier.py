"""Scripted drivers for the courier, by name, careful and careless; all see what a player sees.

B games, R rays, H headings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents.experts.courier_chaser import Chaser
from agents.players.player import Player
from environments.worlds.courier import observation as view
from environments.worlds.courier.constants import RADIUS, RAYS, REACH, TOP_SPEED

HEADINGS = np.linspace(-np.pi, np.pi, 24, endpoint=False)  # [H], rad, right positive
RAY_ANGLES = np.arange(RAYS) * 2 * np.pi / RAYS  # [R]
CLEAR = 1.6  # m of free way that are as good as any more
SWERVE, KEEP = (
    0.7,
    0.1,
)  # what a metre of free way, and going straight on, count against the right direction
GAIN = 2.0  # of the turn, per rad
DOCKING, CREEP = 1.0, 0.2  # m from a station at which it slows down, to which m/s


@dataclass(frozen=True)
class DrivingStyle:
    """How a scripted driver drives."""

    speed: float  # m/s, where nothing asks for less
    room: float  # m kept from things on either side
    brake: float  # m/s2 that it counts on
    near_people: float = TOP_SPEED  # m/s while a person is within ...
    people: float = 0.0  # ... m of its edge
    halt: float = 0.0  # m before it, within which a person makes it stand
    zones: float = TOP_SPEED  # m/s in marked zones and just before them


CAREFUL = DrivingStyle(
    speed=1.0, room=0.1, brake=1.2, near_people=0.24, people=1.1, halt=0.3, zones=0.42
)
CARELESS = DrivingStyle(speed=TOP_SPEED, room=0.03, brake=2.4)
# One that reacts late drives slowly: the same care, at half the pace.
HAND = replace(CAREFUL, speed=0.5)
HAND_DELAY, HAND_ERROR = 3, 0.1  # ticks, as people have; share of full deflection


class CourierDriver:
    """Follows the way that the robot's map shows, around what its lidar shows.

    Args:
        manner: how it drives.
        delay: ticks between what it sees and what it does, as people have.
        error: how far its hand strays from what it means, as a share of full deflection; it strays slowly.
        seed: of its errors.
    """

    def __init__(
        self, manner: DrivingStyle = CAREFUL, delay: int = 0, error: float = 0.0, seed: int = 0
    ) -> None:
        self.manner, self.delay, self.error = manner, delay, error
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Set the generator of its errors to the start of `seed`."""
        self._random = np.random.default_rng(seed)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, Any]:
        """As `Player.predict`; the state: what it means to do, how its hand strays, [B, delay + 2, 2]."""
        size = len(observation)
        if state is None or len(state) != size:
            state = np.zeros((size, self.delay + 2, 2))
        elif episode_start is not None:
            state[np.asarray(episode_start, bool)] = 0
        state[:, 1:-1] = state[:, :-2]
        state[:, 0] = self.wanted(np.asarray(observation))
        chosen = state[:, self.delay].copy()
        if self.error:
            stray = state[:, -1]
            stray *= 0.8
            stray += 0.6 * self.error * self._random.standard_normal(stray.shape)
            chosen += stray
        return np.clip(chosen, -1, 1).astype(np.float32), state

    def wanted(self, seen: np.ndarray) -> np.ndarray:
        """Shares of full speed ahead and of turning right for what is seen, [B, O] -> [B, 2]."""
        manner = self.manner
        ranges = seen[:, :RAYS] * REACH  # [B, R]
        vests = seen[:, RAYS : 2 * RAYS] > 0
        way = np.arctan2(seen[:, view.WAY + 2], seen[:, view.WAY + 1])
        free = self._free(ranges)  # [B, H]
        off = np.abs((HEADINGS - way[:, None] + np.pi) % (2 * np.pi) - np.pi)
        score = SWERVE * np.minimum(free, CLEAR) - off - KEEP * np.abs(HEADINGS)
        best = score.argmax(1)
        games = np.arange(len(seen))
        straight = off[games, best] < np.pi / len(HEADINGS) + 1e-6
        turn = np.where(
            straight, way, HEADINGS[best]
        )  # finer than the headings, if nothing is there
        room = np.maximum(free[games, np.abs(HEADINGS).argmin()] - 0.05, 0.0)
        speed = np.minimum(np.sqrt(2 * manner.brake * room), manner.speed)
        speed *= np.clip(1.2 * np.cos(turn), 0.0, 1.0)
        distance = seen[:, view.STATION] * view.FAR
        speed = np.minimum(speed, CREEP + np.maximum(distance - 0.3, 0) * (1.2 / DOCKING))
        if manner.people:
            nearest = np.where(vests, ranges, np.inf).min(1) - RADIUS
            speed = np.where(nearest < manner.people, np.minimum(speed, manner.near_people), speed)
            ahead = np.where(vests & (np.cos(RAY_ANGLES) > 0), ranges, np.inf).min(1) - RADIUS
            speed = np.where(ahead < manner.halt, 0.0, speed)
        slow = (seen[:, view.ZONES : view.COMMANDS] > 0).any(1)
        speed = np.where(slow, np.minimum(speed, manner.zones), speed)
        return np.stack([speed / TOP_SPEED, np.clip(GAIN * turn / 3.0, -1, 1)], axis=1)

    def _free(self, ranges: np.ndarray) -> np.ndarray:
        """How far the robot could go in each heading before it met a point that the lidar shows, [B, H]."""
        angle = RAY_ANGLES[None, :] - HEADINGS[:, None]  # [H, R]
        ahead, aside = np.cos(angle) * ranges[:, None], np.sin(angle) * ranges[:, None]
        wide = RADIUS + self.manner.room
        met = (np.abs(aside) < wide) & (ahead > 0) & (ranges[:, None] < REACH)
        edge = np.sqrt(np.maximum(wide * wide - aside * aside, 0))
        free: np.ndarray = np.clip(np.where(met, ahead - edge, REACH).min(2), 0.0, REACH)
        return free


DRIVERS: Mapping[str, Callable[[int], Player]] = {  # by name, from a seed
    "careful": lambda seed: CourierDriver(CAREFUL, seed=seed),
    "careful-hand": lambda seed: CourierDriver(HAND, HAND_DELAY, HAND_ERROR, seed),
    "careless": lambda seed: CourierDriver(CARELESS, seed=seed),
    "chaser": lambda seed: Chaser(),
}
