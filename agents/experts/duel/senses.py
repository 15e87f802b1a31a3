"""The observation as a scripted duellist reads it: places in metres, others as they were a moment ago.

B games. Angles are in radians, to the left of the east.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from environments.worlds.duel import observation as view
from environments.worlds.duel.constants import PADS, RAYS
from environments.worlds.duel.last_seen import FORGOTTEN

_KNOWN = 7  # what is remembered of the other: see `_others`


@dataclass(frozen=True)
class Senses:
    """What B duellists sense."""

    place: np.ndarray  # [B, 2] m
    angle: np.ndarray  # [B], of the heading
    heading: np.ndarray  # [B, 2]
    health: np.ndarray  # [B] share
    magazine: np.ndarray  # [B] share
    reserve: np.ndarray  # [B] share
    reloading: np.ndarray  # [B] bool
    dash_ready: np.ndarray  # [B] bool
    left: np.ndarray  # [B] share of the time
    free: np.ndarray  # [B, RAYS] m along each ray
    pads: np.ndarray  # [B, PADS, 3]: offset in m, share of the time that it is still empty
    bystanders: np.ndarray  # [B, K, 3]: whether it is there, offset in m
    # of the other, as it was some time ago
    sees: np.ndarray  # [B] bool
    age: np.ndarray  # [B] ticks since it was seen; -1: never
    there: np.ndarray  # [B, 2] m
    speed: np.ndarray  # [B, 2] m/s
    shielded: np.ndarray  # [B] bool
    shots: np.ndarray  # [B, K, 5]: whether it is there, offset in m, direction


@dataclass
class Delay:
    """What others did, some ticks late."""

    kept: np.ndarray  # [B, ticks + 1, K], oldest first

    @classmethod
    def of(cls, games: int, ticks: int) -> Delay:
        """For B games, so many ticks late; 0 is at once."""
        return cls(np.zeros((games, ticks + 1, _KNOWN + 6 * view.SHOTS_SEEN), np.float32))

    def pass_through(self, now: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Take in what is seen now, [B, K], and return what was seen then; a game begins in the present."""
        self.kept[:, :-1] = self.kept[:, 1:]
        self.kept[:, -1] = now
        self.kept[starts] = now[starts, None]
        late: np.ndarray = self.kept[:, 0]
        return late


def sense(seen: np.ndarray, delay: Delay, starts: np.ndarray) -> Senses:
    """Read observations [B, O]; where `starts` [B] a game begins."""
    own = seen[:, view.OWN : view.OTHER]
    place = own[:, :2] * view.FAR
    late = delay.pass_through(_others(seen, place), starts)
    shots = late[:, _KNOWN:].reshape(-1, view.SHOTS_SEEN, 6)[..., :5].copy()
    shots[..., 1:3] -= place[:, None]
    pads = seen[:, view.PAD : view.BYSTANDER].reshape(-1, PADS, 4)
    people = seen[:, view.BYSTANDER : view.TIME].reshape(-1, view.BYSTANDERS_SEEN, 5)
    return Senses(
        place=place,
        angle=np.arctan2(own[:, 3], own[:, 2]),
        heading=own[:, 2:4],
        health=own[:, 6],
        magazine=own[:, 7],
        reserve=own[:, 8],
        reloading=own[:, 10] > 0,
        dash_ready=own[:, 11] == 0,
        left=seen[:, view.TIME],
        free=seen[:, view.RAY : view.RAY + RAYS] * view.FAR,
        pads=np.concatenate([pads[..., :2] * view.FAR, pads[..., 3:]], axis=2),
        bystanders=np.concatenate([people[..., :1], people[..., 1:3] * view.FAR], axis=2),
        sees=late[:, 0] > 0,
        age=late[:, 1],
        there=late[:, 2:4],
        speed=late[:, 4:6],
        shielded=late[:, 6] > 0,
        shots=shots,
    )


def _others(seen: np.ndarray, place: np.ndarray) -> np.ndarray:
    """What is to come late, with places instead of offsets: [B, _KNOWN + shots]."""
    other = seen[:, view.OTHER : view.RAY]
    shots = seen[:, view.SHOT : view.PAD].reshape(-1, view.SHOTS_SEEN, 6).copy()
    shots[..., 1:3] = place[:, None] + shots[..., 1:3] * view.FAR
    found = np.zeros((len(seen), _KNOWN + shots[0].size), np.float32)
    found[:, 0] = other[:, 0]
    found[:, 1] = np.where(other[:, 1] > 0, other[:, 2] * FORGOTTEN, -1.0)
    found[:, 2:4] = place + other[:, 3:5] * view.FAR
    found[:, 4:6] = other[:, 10:12] * view.FAST
    found[:, 6] = other[:, 16]
    found[:, _KNOWN:] = shots.reshape(len(seen), -1)
    return found
