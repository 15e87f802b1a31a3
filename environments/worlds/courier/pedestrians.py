"""Pedestrians who walk between stations by social forces (Helbing and Molnár, Phys. Rev. E 51, 1995).

People avoid each other, shelves, and a robot that stands; one that drives only the attentive among them.
"""

from __future__ import annotations

from numba import njit

from environments.simulation.kernels import uniform
from environments.worlds.courier.constants import (
    ACROSS,
    CELLS,
    COLUMNS,
    DOWN,
    PACE,
    PERSON,
    PERSON_SPEED,
    SHELF,
    SPREAD,
    STATIONS,
    TICK,
    TOUCH,
    cell_at,
    pushed_out,
)
from environments.worlds.courier.hall import below

RELAX = 0.5  # s in which people come to their pace
# The repulsion falls with the fourth power of the distance that is left in sight: within 0.5 to 1 m as an
# exponential that falls to 1/e over 0.3 m, and it needs none.
STRENGTH, SIGHT = 14.0, 2.2  # m/s2 where they would meet, m
ASIDE = 0.5  # share of a repulsion that goes to the right, so that nobody mirrors the other's step
SHELF_STRENGTH, SHELF_SIGHT = 6.0, 0.5
ARRIVED = 1.0  # m from a station: they leave the mark free
STANDS = 0.1  # m/s below which a robot is seen by all


@njit
def place_people(state, count, attentive):  # type: ignore[no-untyped-def]
    """Put people on free cells, none shared and none near the robot."""
    for p in range(count):
        cell = CELLS // 2
        for _ in range(400):
            cell = below(state, CELLS)
            free = state.grid[cell] < SHELF
            dx = cell % COLUMNS + 0.5 - state.x
            dy = cell // COLUMNS + 0.5 - state.y
            free = free and dx * dx + dy * dy > 4.0
            for q in range(p):
                free = free and cell_at(state.person_x[q], state.person_y[q]) != cell
            if free:
                break
        state.person_x[p], state.person_y[p] = cell % COLUMNS + 0.5, cell // COLUMNS + 0.5
        state.person_vx[p], state.person_vy[p] = 0.0, 0.0
        state.person_to[p] = below(state, STATIONS)
        state.person_wait[p] = 0
        state.person_pace[p] = state.drawn[PACE] * (1.0 + SPREAD * (2.0 * uniform(state) - 1.0))
        state.person_sees[p] = uniform(state) < attentive


@njit
def walk(state, people, robot_speed):  # type: ignore[no-untyped-def]
    """Move everybody on by one tick; velocities first, all from the places where people were."""
    seen_by_all = abs(robot_speed) < STANDS
    for p in range(people):
        _hurry(state, p)
        sees = seen_by_all or state.person_sees[p]
        _give_way(state, p, state.person_x[p] - state.x, state.person_y[p] - state.y, float(sees))
    for p in range(people):
        for q in range(p):
            dx, dy = state.person_x[p] - state.person_x[q], state.person_y[p] - state.person_y[q]
            _give_way(state, p, dx, dy, 1.0)
            _give_way(state, q, -dx, -dy, 1.0)
    for p in range(people):
        _move(state, people, p)


@njit(inline="always")
def _hurry(state, p):  # type: ignore[no-untyped-def]
    """Come nearer to the pace and direction that person p wants, and keep off shelves."""
    x, y, pace = state.person_x[p], state.person_y[p], state.person_pace[p]
    want_x, want_y = _wanted(state, p, x, y)
    push_x, push_y = _off_shelves(state.grid, x, y)
    vx, vy = state.person_vx[p], state.person_vy[p]
    state.person_vx[p] = vx + TICK * ((want_x * pace - vx) / RELAX + push_x)
    state.person_vy[p] = vy + TICK * ((want_y * pace - vy) / RELAX + push_y)


@njit(inline="always")
def _give_way(state, p, dx, dy, share):  # type: ignore[no-untyped-def]
    """Push person p off what it is (dx, dy) from, and a little to its right."""
    far = (dx * dx + dy * dy + 1e-9) ** 0.5
    near = max(0.0, 1.0 - far / SIGHT)
    push = TICK * share * STRENGTH * near * near * near * near / far
    state.person_vx[p] += push * (dx + ASIDE * dy)
    state.person_vy[p] += push * (dy - ASIDE * dx)


@njit(inline="always")
def _move(state, people, p):  # type: ignore[no-untyped-def]
    """Take person p on by a tick, no faster than people are, and out of whatever it would overlap."""
    vx, vy, most = state.person_vx[p], state.person_vy[p], 1.3 * state.person_pace[p]
    speed = (vx * vx + vy * vy) ** 0.5
    if speed > most:
        vx, vy = vx * most / speed, vy * most / speed
        state.person_vx[p], state.person_vy[p] = vx, vy
    x, y = state.person_x[p], state.person_y[p]
    new_x, new_y = x + TICK * vx, y + TICK * vy
    for q in range(people):
        if q != p:
            new_x, new_y = _kept_off(new_x, new_y, state.person_x[q], state.person_y[q], 2 * PERSON)
    new_x, new_y = _kept_off(new_x, new_y, state.x, state.y, TOUCH)
    new_x, new_y, _ = pushed_out(state.grid, new_x, new_y, PERSON)
    dx, dy = new_x - x, new_y - y
    far, most = (dx * dx + dy * dy) ** 0.5, PERSON_SPEED * TICK
    if far > most:
        dx, dy = dx * most / far, dy * most / far
    state.person_x[p], state.person_y[p] = x + dx, y + dy


@njit
def _wanted(state, p, x, y):  # type: ignore[no-untyped-def]
    """Where person p wants to go, a unit vector, or nothing while it waits at a station."""
    if state.person_wait[p] > 0:
        state.person_wait[p] -= 1
        return 0.0, 0.0
    to = state.person_to[p]
    goal = state.station[to]
    dx, dy = goal % COLUMNS + 0.5 - x, goal // COLUMNS + 0.5 - y
    if dx * dx + dy * dy < ARRIVED * ARRIVED:
        state.person_wait[p] = 10 + below(state, 30)
        state.person_to[p] = (to + 1 + below(state, STATIONS - 1)) % STATIONS
        return 0.0, 0.0
    cell = cell_at(x, y)
    k = state.way[to, cell]
    dx = cell % COLUMNS + ACROSS[k] + 0.5 - x
    dy = cell // COLUMNS + DOWN[k] + 0.5 - y
    far = (dx * dx + dy * dy) ** 0.5
    if far < 1e-6:
        return 0.0, 0.0
    return dx / far, dy / far


@njit(inline="always")
def _off_shelves(grid, x, y):  # type: ignore[no-untyped-def]
    """What drives away from the shelves and walls at either side, m/s2."""
    i, j = int(x), int(y)
    here = j * COLUMNS + i
    west, north = x - i, y - j
    west_near, east_near = (
        max(0.0, 1.0 - west / SHELF_SIGHT),
        max(0.0, 1.0 - (1 - west) / SHELF_SIGHT),
    )
    north_near = max(0.0, 1.0 - north / SHELF_SIGHT)
    south_near = max(0.0, 1.0 - (1 - north) / SHELF_SIGHT)
    push_x = (grid[here - 1] >= SHELF) * west_near - (grid[here + 1] >= SHELF) * east_near
    push_y = (grid[here - COLUMNS] >= SHELF) * north_near
    push_y -= (grid[here + COLUMNS] >= SHELF) * south_near
    return SHELF_STRENGTH * push_x, SHELF_STRENGTH * push_y


@njit(inline="always")
def _kept_off(x, y, other_x, other_y, touch):  # type: ignore[no-untyped-def]
    """A place moved out of another disc, if they overlap."""
    dx, dy = x - other_x, y - other_y
    square = dx * dx + dy * dy
    if square >= touch * touch or square < 1e-12:
        return x, y
    far = square**0.5
    return other_x + dx / far * touch, other_y + dy / far * touch
