"""The robot's body: the speeds of its wheels, and where they take it."""

from __future__ import annotations

from math import cos, sin

from numba import njit

from environments.worlds.courier.constants import (
    ACCELERATION,
    BASE,
    TICK,
    TOP_SPEED,
    TOP_TURN,
    TOUCH,
    clipped,
)


@njit(inline="always")
def wheels(forward, turn, left, right):  # type: ignore[no-untyped-def]
    """The speeds of both wheels a tick after they were asked for a share of forward and turning speed, m/s.

    What is more than a wheel can do is scaled down for both, so that the curve is kept; each then changes by
    no more than its acceleration allows.
    """
    ahead, aside = clipped(forward, 1.0) * TOP_SPEED, clipped(turn, 1.0) * TOP_TURN * BASE / 2
    want_left, want_right = ahead + aside, ahead - aside  # turning to the right is positive
    share = max(abs(want_left), abs(want_right)) / TOP_SPEED
    if share > 1.0:
        want_left, want_right = want_left / share, want_right / share
    most = ACCELERATION * TICK
    return left + clipped(want_left - left, most), right + clipped(want_right - right, most)


@njit(inline="always")
def rolled(x, y, heading, left, right):  # type: ignore[no-untyped-def]
    """Where a tick on wheels of these speeds leads, along an arc: x, y, heading."""
    half = (left - right) / BASE * TICK / 2
    middle = heading + half
    chord = (left + right) / 2 * TICK
    if abs(half) > 1e-6:
        chord *= sin(half) / half
    return x + chord * cos(middle), y + chord * sin(middle), heading + 2 * half


@njit
def until_touch(x, y, to_x, to_y, dx, dy):  # type: ignore[no-untyped-def]
    """Where on a straight way the robot touches a person who is (dx, dy) from its beginning: x, y."""
    mx, my = to_x - x, to_y - y
    nearer, square = mx * dx + my * dy, mx * mx + my * my
    room = dx * dx + dy * dy - TOUCH * TOUCH
    if room <= 0.0 or nearer <= 0.0:  # they touch already
        return x, y
    share = (nearer - max(nearer * nearer - square * room, 0.0) ** 0.5) / square
    return x + share * mx, y + share * my
