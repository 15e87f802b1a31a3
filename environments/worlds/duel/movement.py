"""How the fighters of a duel turn, run and dash, around cover and each other."""

from __future__ import annotations

from math import floor, sqrt

from numba import njit

from environments.worlds.duel.arena import keep_out
from environments.worlds.duel.constants import (
    DASH,
    FIGHTER_RADIUS,
    MOVE,
    TICK,
    TURN,
    WAYS,
)

_HAIR = 1e-4  # m
_STEPS = 2  # parts of a tick: nobody may get further into cover than their own radius


@njit
def turn(table, state, n, choice):  # type: ignore[no-untyped-def]
    """Turn the heading, a unit vector, which stays one."""
    cosine, sine = table.turns[choice, 0], table.turns[choice, 1]
    x, y = state.heading[n, 0], state.heading[n, 1]
    turned_x, turned_y = x * cosine - y * sine, x * sine + y * cosine
    length = sqrt(turned_x * turned_x + turned_y * turned_y)
    state.heading[n, 0] = turned_x / length
    state.heading[n, 1] = turned_y / length


@njit
def _speed_up(table, state, n, action):  # type: ignore[no-untyped-def]
    """The velocity that fighter n wants, reached at a limited rate, or that of its dash."""
    way_x, way_y = WAYS[action[MOVE], 0], WAYS[action[MOVE], 1]
    if action[DASH] and state.dash_wait[n] == 0:
        state.dash_wait[n] = table.dash_wait
        state.dashing[n] = table.dash
        still = action[MOVE] == 0  # then straight ahead
        state.dash_way[n, 0] = state.heading[n, 0] if still else way_x
        state.dash_way[n, 1] = state.heading[n, 1] if still else way_y
    if state.dashing[n] > 0:
        state.dashing[n] -= 1
        state.velocity[n, 0] = table.dash_speed * state.dash_way[n, 0]
        state.velocity[n, 1] = table.dash_speed * state.dash_way[n, 1]
        return
    more_x = table.speed * way_x - state.velocity[n, 0]
    more_y = table.speed * way_y - state.velocity[n, 1]
    more, most = sqrt(more_x * more_x + more_y * more_y), table.acceleration * TICK
    part = most / more if more > most else 1.0
    state.velocity[n, 0] += part * more_x
    state.velocity[n, 1] += part * more_y


@njit
def move_fighters(table, state, actions):  # type: ignore[no-untyped-def]
    """Run and dash, around cover and each other; the velocity is then what really came of it."""
    old_x0, old_y0 = state.position[0, 0], state.position[0, 1]
    old_x1, old_y1 = state.position[1, 0], state.position[1, 1]
    for n in range(2):
        if state.down[n] == 0:
            turn(table, state, n, actions[n, TURN])
            _speed_up(table, state, n, actions[n])
    for _ in range(_STEPS):
        for n in range(2):
            if state.down[n] == 0:
                x = state.position[n, 0] + state.velocity[n, 0] * (TICK / _STEPS)
                y = state.position[n, 1] + state.velocity[n, 1] * (TICK / _STEPS)
                _put(state, n, x, y)
        _push_apart(state)
    state.velocity[0, 0] = (state.position[0, 0] - old_x0) / TICK
    state.velocity[0, 1] = (state.position[0, 1] - old_y0) / TICK
    state.velocity[1, 0] = (state.position[1, 0] - old_x1) / TICK
    state.velocity[1, 1] = (state.position[1, 1] - old_y1) / TICK


@njit
def _put(state, n, x, y):  # type: ignore[no-untyped-def]
    x, y = keep_out(state.rows, x, y, FIGHTER_RADIUS)
    state.position[n, 0] = x
    state.position[n, 1] = y
    for i in range(2):  # off the seam of two cells, the same way after half a turn
        place = state.position[n, i]
        if place == floor(place):
            way = place if place != 0 else state.heading[n, 0] + 2 * state.heading[n, 1]
            state.position[n, i] += _HAIR if way > 0 else -_HAIR


@njit
def _push_apart(state):  # type: ignore[no-untyped-def]
    """Two fighters that overlap give way by half of it each."""
    if state.down[0] or state.down[1]:
        return
    dx = state.position[1, 0] - state.position[0, 0]
    dy = state.position[1, 1] - state.position[0, 1]
    away = sqrt(dx * dx + dy * dy)
    if 0 < away < 2 * FIGHTER_RADIUS:
        part = (FIGHTER_RADIUS - away / 2) / away
        _put(state, 0, state.position[0, 0] - part * dx, state.position[0, 1] - part * dy)
        _put(state, 1, state.position[1, 0] + part * dx, state.position[1, 1] + part * dy)
