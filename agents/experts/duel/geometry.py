"""Geometry for scripted duellists: ways, room, pads, shots that come, bystanders in its line.

B games.
"""

from __future__ import annotations

import numpy as np

from agents.experts.duel.senses import Senses
from environments.worlds.duel.constants import FIGHTER_RADIUS, RAYS

# Shares of the time left at which one begins to close in, and at which one waits no longer.
_BOLD = (0.9, 0.45)


def unit(vectors: np.ndarray) -> np.ndarray:
    """At length 1; nothing stays nothing: [B, 2]."""
    length = np.hypot(vectors[:, 0], vectors[:, 1])[:, None]
    found: np.ndarray = vectors / np.maximum(length, 1e-6) * (length > 1e-3)
    return found


def wrapped(angles: np.ndarray) -> np.ndarray:
    found: np.ndarray = (angles + np.pi) % (2 * np.pi) - np.pi
    return found


def boldness(s: Senses) -> np.ndarray:
    """0 at the start, 1 when time is short: a duel that is waited out is nobody's: [B]."""
    early, late = _BOLD
    found: np.ndarray = np.clip((early - s.left) / (early - late), 0, 1)
    return found


def room(s: Senses, ways: np.ndarray) -> np.ndarray:
    """How far the nearest ray of each direction goes: [B] m."""
    turn = np.arctan2(ways[:, 1], ways[:, 0]) / (2 * np.pi)
    rays = np.rint(turn * RAYS).astype(np.int64) % RAYS
    found: np.ndarray = np.take_along_axis(s.free, rays[:, None], 1)[:, 0]
    return found


def pad_number(s: Senses, short: np.ndarray) -> np.ndarray:
    """The pad to go to: the nearer of its kind, unless that is empty and the other is not: [B]."""
    first = np.where(short, 0, 2)
    empty = np.take_along_axis(s.pads[..., 2], first[:, None], 1)[:, 0] > 0.2
    other = np.take_along_axis(s.pads[..., 2], first[:, None] + 1, 1)[:, 0] <= 0
    return first + (empty & other)


def pad(s: Senses, short: np.ndarray) -> np.ndarray:
    """The way to that pad: [B, 2] m."""
    number = pad_number(s, short)[:, None, None]
    found: np.ndarray = np.take_along_axis(s.pads[..., :2], number, 1)[:, 0]
    return found


def dodge(s: Senses) -> tuple[np.ndarray, np.ndarray]:
    """The way out of the nearest shot's line [B, 2], and whether it would hit otherwise [B]."""
    there, offset, way = s.shots[:, 0, 0] > 0, s.shots[:, 0, 1:3], s.shots[:, 0, 3:5]
    ahead = -(offset * way).sum(1)  # m that it still has to fly
    past = offset + ahead[:, None] * way  # from us to where it passes
    miss = np.hypot(*past.T)
    hit: np.ndarray = there & (ahead > 0) & (ahead < 8) & (miss < 2 * FIGHTER_RADIUS)
    left = np.stack([-way[:, 1], way[:, 0]], axis=1)
    side = np.where((past * left).sum(1) > 0, -1.0, 1.0)
    return left * side[:, None], hit


def in_the_way(s: Senses, away: np.ndarray) -> np.ndarray:
    """Whether a shot at a target so far away would pass near a bystander that can be seen: [B]."""
    offsets = s.bystanders[..., 1:3]
    ahead = (offsets * s.heading[:, None]).sum(2)
    aside = np.abs(
        offsets[..., 1] * s.heading[:, None, 0] - offsets[..., 0] * s.heading[:, None, 1]
    )
    risky = (
        (s.bystanders[..., 0] > 0) & (ahead > -0.5) & (aside < 1.3) & (ahead < away[:, None] + 4)
    )
    found: np.ndarray = risky.any(1)
    return found
