"""The observation of the robot, and the length of the way that is left.

Lidar (32 ranges, 32 whether a reflecting vest shone back); the station it is to go to, distance and bearing;
the way there by its map, length and bearing; own speeds; parcel; marked zones here and ahead; last commands.
"""

from __future__ import annotations

from math import cos, sin
from typing import Any

import numpy as np
from numba import njit

from environments.worlds.courier.constants import (
    ACROSS,
    BASE,
    COLUMNS,
    DELAYS,
    DOWN,
    HERE,
    RAYS,
    REACH,
    TOP_SPEED,
    ZONE,
    cell_at,
)
from environments.worlds.courier.hall import way_length

LOOK = 1.0  # m ahead on the way, whose bearing is shown
ZONE_LOOKS = (0.0, 0.4, 0.8)  # m ahead, where a marked zone is looked for
FAR = 10.0  # m that are shown as 1

STATION = 2 * RAYS  # where in an observation what begins: distance, cosine and sine of the bearing
WAY = STATION + 3  # length, cosine and sine
SPEED = WAY + 3  # forward, turning
CARRIES = SPEED + 2
ZONES = CARRIES + 1
COMMANDS = ZONES + len(ZONE_LOOKS)  # the newest first, forward and turning
SIZE = COMMANDS + 2 * (DELAYS + 1)


def observation_bounds(table: Any) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest of each number."""
    low, high = np.full(SIZE, -1.0, np.float32), np.ones(SIZE, np.float32)
    low[:STATION] = low[CARRIES:COMMANDS] = 0.0
    low[[STATION, WAY]], high[[STATION, WAY]] = 0.0, 10.0
    return low, high


@njit(inline="always")
def goal(state):  # type: ignore[no-untyped-def]
    """The station to go to now: where the parcel lies, or where it is wanted."""
    return state.order_to if state.carries else state.order_from


@njit
def way_point(state, way):  # type: ignore[no-untyped-def]
    """The point LOOK ahead on the way to a station: x, y."""
    cell = cell_at(state.x, state.y)
    x, y = state.x, state.y
    left = LOOK
    for _ in range(3):
        k = way[cell]
        cell += DOWN[k] * COLUMNS + ACROSS[k]
        dx, dy = cell % COLUMNS + 0.5 - x, cell // COLUMNS + 0.5 - y
        far = (dx * dx + dy * dy) ** 0.5
        if far >= left or k == HERE:
            share = min(left / far, 1.0) if far > 1e-9 else 1.0
            return x + share * dx, y + share * dy
        x, y, left = x + dx, y + dy, left - far
    return x, y


@njit
def to_go(state):  # type: ignore[no-untyped-def]
    """How far the way to the present goal is from where the robot is, m."""
    way = state.way[goal(state)]
    cell = cell_at(state.x, state.y)
    k = way[cell]
    cell += DOWN[k] * COLUMNS + ACROSS[k]
    dx, dy = cell % COLUMNS + 0.5 - state.x, cell // COLUMNS + 0.5 - state.y
    return (dx * dx + dy * dy) ** 0.5 + way_length(way, cell)


@njit(inline="always")
def potential_one(table, state, phi):  # type: ignore[no-untyped-def]
    """The nearer the end of the order, the better, and every metre counts alike."""
    phi[0].progress = -(state.to_go + state.after)


@njit(inline="always")
def _polar(out, i, far, dx, dy, c, s):  # type: ignore[no-untyped-def]
    """A distance, and the bearing of (dx, dy) as the robot sees it, right being positive."""
    out[i] = far / FAR
    square = dx * dx + dy * dy
    if square > 1e-12:
        one = 1.0 / square**0.5
        out[i + 1] = min(max((dx * c + dy * s) * one, -1.0), 1.0)
        out[i + 2] = min(max((dy * c - dx * s) * one, -1.0), 1.0)
    else:
        out[i + 1], out[i + 2] = 1.0, 0.0


@njit(inline="always")
def observe_one(table, state, observations):  # type: ignore[no-untyped-def]
    """Write what the robot sees: [1, SIZE]."""
    out = observations[0]
    c, s = cos(state.heading), sin(state.heading)
    for k in range(RAYS):
        out[k] = state.scan[k] / np.float32(REACH)
        out[RAYS + k] = state.vest[k]
    to = goal(state)
    cell = state.station[to]
    dx, dy = cell % COLUMNS + 0.5 - state.x, cell // COLUMNS + 0.5 - state.y
    _polar(out, STATION, (dx * dx + dy * dy) ** 0.5, dx, dy, c, s)
    x, y = way_point(state, state.way[to])
    _polar(out, WAY, state.to_go, x - state.x, y - state.y, c, s)
    out[SPEED] = (state.left + state.right) / 2 / TOP_SPEED
    out[SPEED + 1] = min(max((state.left - state.right) / BASE / (2 * TOP_SPEED / BASE), -1.0), 1.0)
    out[CARRIES] = state.carries
    for k in range(len(ZONE_LOOKS)):
        there = cell_at(state.x + ZONE_LOOKS[k] * c, state.y + ZONE_LOOKS[k] * s)
        out[ZONES + k] = state.grid[there] == ZONE
    for k in range(DELAYS + 1):
        out[COMMANDS + 2 * k] = state.commands[k, 0]
        out[COMMANDS + 2 * k + 1] = state.commands[k, 1]
