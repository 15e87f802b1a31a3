"""Tactics of a duel as potentials: how good a situation is, for a hint on the way and never for pay."""

from __future__ import annotations

from math import sqrt

from numba import njit

from environments.worlds.duel.constants import REACH

AIMED_FROM = 0.5  # cosine of 60 degrees: further off than that it is no aiming
NEAR, DISTANT = 4.0, 8.0  # m, between which one hits and can still walk out of a shot


@njit
def _aim(dx, dy, away, head_x, head_y):  # type: ignore[no-untyped-def]
    """1 with the other straight ahead, 0 at 60 degrees and beyond."""
    cosine = (dx * head_x + dy * head_y) / max(away, 1e-6)
    return max(0.0, (cosine - AIMED_FROM) / (1.0 - AIMED_FROM))


@njit
def _spacing(away):  # type: ignore[no-untyped-def]
    """1 at a good distance, falling to 0 at none and at 20 m."""
    if away < NEAR:
        return away / NEAR
    return max(0.0, 1.0 - max(0.0, away - DISTANT) / (REACH / 2 - DISTANT))


@njit
def potential_one(table, state, phi):  # type: ignore[no-untyped-def]
    """Write each fighter's potentials; all are 0 while either of them is down."""
    dx = state.position[1, 0] - state.position[0, 0]
    dy = state.position[1, 1] - state.position[0, 1]
    away = sqrt(dx * dx + dy * dy)
    both_up = state.down[0] == 0 and state.down[1] == 0
    for n in range(2):
        side = 1.0 - 2.0 * n
        phi[n].aim = 0.0
        phi[n].spacing = 0.0
        phi[n].cover_when_reloading = 0.0
        if both_up:
            phi[n].spacing = _spacing(away)
            if state.sees[n]:
                head_x, head_y = state.heading[n, 0], state.heading[n, 1]
                phi[n].aim = _aim(side * dx, side * dy, away, head_x, head_y)
            if state.reloading[n] > 0:
                phi[n].cover_when_reloading = -1.0 if state.sees[n] else 1.0
