"""The courier's shield: it lets an action pass only if the robot could still stop in time after it.

The action and, after it, full braking are played ahead, with what the delay still holds before them and as
much slip as the wheels have. Free range is measured exactly along that path: shelves and walls stand, and
people are taken to come straight at the robot as fast as anybody can, so nobody is touched. Near people who
walk on as they do now it goes slowly, and in marked zones as slowly as these ask for. An action that passes
is always followed by one that would: to brake.
"""

from __future__ import annotations

from numba import njit

from environments.worlds.courier.body import rolled, wheels
from environments.worlds.courier.constants import (
    DELAY,
    PERSON_SPEED,
    RADIUS,
    SHELF,
    TICK,
    TOUCH,
    ZONE,
    cell_at,
    clearance,
)

MARGIN = 0.05  # m kept from shelves, walls and people
STEPS = 8
SLOW, NEAR = 0.3, 0.5  # m/s and m: faster than this so near to a person is too close
MOVES = 0.05  # m/s above which meeting a person counts as running into it
STILL = 1e-6  # m/s


@njit
def shield_one(table, state, requested, applied):  # type: ignore[no-untyped-def]
    """Write the action that is nearest to what was asked for and leaves room to stop."""
    forward, turn = requested[0, 0], requested[0, 1]
    for k in range(STEPS):
        share = 1.0 - k / STEPS
        if _can_stop(table, state, share * forward, share * turn):
            applied[0, 0], applied[0, 1] = (
                (forward, turn) if k == 0 else (share * forward, share * turn)
            )
            return
    applied[0, 0], applied[0, 1] = 0.0, 0.0
    if _can_stop(table, state, 0.0, turn):
        applied[0, 1] = turn


@njit
def _can_stop(table, state, forward, turn):  # type: ignore[no-untyped-def]
    """Whether the robot, doing this and then braking, keeps off everything until it stands."""
    x, y, heading, left, right = state.x, state.y, state.heading, state.left, state.right
    delay = int(state.drawn[DELAY])
    # Who creeps may be stopped by a person at its side; what the delay still holds then leads another way.
    creep = MOVES if delay == 0 else STILL
    free = min(clearance(state.grid, x, y) - 1e-9, RADIUS + MARGIN)  # who is too near may move away
    for tick in range(1, 30):
        if tick <= delay:
            left, right = wheels(
                state.commands[delay - tick, 0], state.commands[delay - tick, 1], left, right
            )
        elif tick == delay + 1:
            left, right = wheels(forward, turn, left, right)
        else:
            left, right = wheels(0.0, 0.0, left, right)
        if left == 0.0 and right == 0.0 and tick > delay:
            return True
        x, y, heading = rolled(
            x, y, heading, left * (1.0 - state.slip[0]), right * (1.0 - state.slip[1])
        )
        speed = abs(left + right) / 2
        cell = state.grid[cell_at(x, y)]
        if cell >= SHELF or clearance(state.grid, x, y) < free:
            return False
        if cell == ZONE and speed > table.zone_limit:
            return False
        if speed > creep and _meets(table, state, x, y, speed, tick):
            return False
    return False


@njit(inline="always")
def _meets(table, state, x, y, speed, tick):  # type: ignore[no-untyped-def]
    """Whether a person could by then be touched, or will be too near for this speed by walking on."""
    touched = TOUCH + MARGIN + tick * TICK * PERSON_SPEED
    near = TOUCH + MARGIN + NEAR if speed > SLOW else 0.0
    ahead = tick * TICK
    for p in range(table.people):
        dx, dy = state.person_x[p] - x, state.person_y[p] - y
        if dx * dx + dy * dy < touched * touched:
            return True
        dx, dy = dx + ahead * state.person_vx[p], dy + ahead * state.person_vy[p]
        if dx * dx + dy * dy < near * near:
            return True
    return False
