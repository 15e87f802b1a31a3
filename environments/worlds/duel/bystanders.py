"""The bystanders of a duel: they walk about on their own ways, and are pushed aside by fighters."""

from __future__ import annotations

from math import sqrt

from numba import njit

from environments.simulation.kernels import uniform
from environments.worlds.duel.arena import clear, free_place, keep_out
from environments.worlds.duel.constants import BYSTANDER_RADIUS, FIGHTER_RADIUS, TICK

_APART = 2.0  # m from where fighters come in
_PAUSE = 0.02  # chance a tick of walking on, while a bystander stands


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
    if away == 0:  # it came in where somebody stood
        return BYSTANDER_RADIUS * state.heading[n, 0], BYSTANDER_RADIUS * state.heading[n, 1]
    part = min((both - away) / away, BYSTANDER_RADIUS / away)  # no further than cover can hold it
    return dx * part, dy * part
