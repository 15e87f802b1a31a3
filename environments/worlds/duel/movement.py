"""Movement in a duel: fighters turn, run and dash around cover; bystanders walk and are pushed aside."""

from __future__ import annotations

from math import floor, sqrt

from numba import njit

from environments.simulation.kernels import uniform
from environments.worlds.duel.arena import clear, free_place, keep_out
from environments.worlds.duel.constants import (
    BYSTANDER_RADIUS,
    DASH,
    FIGHTER_RADIUS,
    MOVE,
    TICK,
    TURN,
    WAYS,
)

_HAIR = 1e-4  # m
_STEPS = 2  # parts of a tick: nobody may get further into cover than their own radius
_APART = 2.0  # m from where fighters come in
_PAUSE = 0.02  # chance a tick of walking on, while a bystander stands


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


# ------------------------------------------------------------------ bystanders


@njit
def place_bystander(state, k):  # type: ignore[no-untyped-def]
    """Set bystander k somewhere off the fighters; every other one takes the image of the place before."""
    state.walker_sign[k] = 1 - 2 * (k % 2)
    x, y, free = state.walker[k - 1, 0], state.walker[k - 1, 1], False
    while k % 2 == 0 and not free:
        x, y, free = free_place(state.rows, state)
        dx, dy = abs(x) - abs(state.position[0, 0]), abs(y) - abs(state.position[0, 1])
        free = free and dx * dx + dy * dy > _APART * _APART
    for i in range(2):
        state.walker[k, i] = (x if i == 0 else y) * (1.0 if k % 2 == 0 else -1.0)
        state.walker_goal[k, i] = state.walker[k, i]
        state.walker_velocity[k, i] = 0
    state.walker_startled[k] = 0


@njit
def move_bystanders(table, state):  # type: ignore[no-untyped-def]
    """Walk to a place in sight, stand there for a while, choose the next; fighters push them aside."""
    for k in range(table.bystanders):
        x, y = state.walker[k, 0], state.walker[k, 1]
        dx, dy = state.walker_goal[k, 0] - x, state.walker_goal[k, 1] - y
        away = sqrt(dx * dx + dy * dy)
        stride = table.walk * TICK
        to_x, to_y = x, y
        if state.walker_startled[k] > 0:
            state.walker_startled[k] -= 1
        elif away <= stride:
            if uniform(state) < _PAUSE:
                _choose_goal(state, k)
        else:
            to_x, to_y = x + dx / away * stride, y + dy / away * stride
        push_x0, push_y0 = _push(state, 0, to_x, to_y)
        push_x1, push_y1 = _push(state, 1, to_x, to_y)
        to_x, to_y = to_x + (push_x0 + push_x1), to_y + (push_y0 + push_y1)
        to_x, to_y = keep_out(state.rows, to_x, to_y, BYSTANDER_RADIUS)
        state.walker[k, 0] = to_x
        state.walker[k, 1] = to_y
        moved_x, moved_y = state.walker[k, 0] - x, state.walker[k, 1] - y
        state.walker_velocity[k, 0] = moved_x / TICK
        state.walker_velocity[k, 1] = moved_y / TICK
        if away > stride and moved_x * moved_x + moved_y * moved_y < stride * stride / 16:
            state.walker_goal[k, 0] = to_x  # stuck: stand, then choose anew
            state.walker_goal[k, 1] = to_y


@njit
def _choose_goal(state, k):  # type: ignore[no-untyped-def]
    x, y, free = free_place(state.rows, state)
    x, y = x * state.walker_sign[k], y * state.walker_sign[k]
    if free and clear(state.rows, state.walker[k, 0], state.walker[k, 1], x, y):
        state.walker_goal[k, 0] = x
        state.walker_goal[k, 1] = y


@njit
def _push(state, n, x, y):  # type: ignore[no-untyped-def]
    """How far fighter n pushes a bystander at (x, y)."""
    dx, dy = x - state.position[n, 0], y - state.position[n, 1]
    away = sqrt(dx * dx + dy * dy)
    both = FIGHTER_RADIUS + BYSTANDER_RADIUS
    if state.down[n] or away >= both:
        return 0.0, 0.0
    if away == 0:  # it came in where another stood
        return BYSTANDER_RADIUS * state.heading[n, 0], BYSTANDER_RADIUS * state.heading[n, 1]
    part = min((both - away) / away, BYSTANDER_RADIUS / away)  # no further than cover can hold it
    return dx * part, dy * part
