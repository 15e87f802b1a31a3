"""Shots of a duel: fired, flying, and what each of them met first.

A shot flies on a straight line through the tick, while a fighter that it may meet moves on another; they
meet as two points do, one seen from the other, so that nothing is passed through, however fast.
"""

from __future__ import annotations

from math import sqrt

from numba import njit

from environments.worlds.duel.arena import inverse, reach
from environments.worlds.duel.constants import (
    BYSTANDER_RADIUS,
    FIGHTER_RADIUS,
    FIRE,
    RELOAD,
    SAFE_DISTANCE,
    SHOTS,
    TICK,
)

_NEVER = 2.0  # in ticks from the last one: later than its end


@njit
def handle_weapon(table, state, n, action):  # type: ignore[no-untyped-def]
    """Reload and fire; firing with an empty magazine reloads."""
    if state.cooldown[n] > 0:
        state.cooldown[n] -= 1
    if state.reloading[n] > 0:
        state.reloading[n] -= 1
        if state.reloading[n] > 0:
            return
        filled = min(table.magazine - state.magazine[n], state.reserve[n])
        state.magazine[n] += filled
        state.reserve[n] -= filled
    empty = state.magazine[n] == 0
    can = state.reserve[n] > 0 and state.magazine[n] < table.magazine
    if can and (action[RELOAD] or (action[FIRE] and empty)):
        state.reloading[n] = table.reload
        return
    if action[FIRE] and not empty and state.cooldown[n] == 0:
        _fire(table, state, n)


@njit
def _fire(table, state, n):  # type: ignore[no-untyped-def]
    for k in range(SHOTS):
        if not state.shot_flying[n, k]:
            state.magazine[n] -= 1
            state.cooldown[n] = table.cooldown
            state.shield[n] = 0  # who fires is protected no longer
            state.shot_flying[n, k] = 1
            state.shot_near[n, k] = 0
            for i in range(2):
                state.shot[n, k, i] = state.position[n, i]
                state.shot_velocity[n, k, i] = table.shot_speed * state.heading[n, i]
            return


@njit
def meets(x, y, dx, dy, radius):  # type: ignore[no-untyped-def]
    """When a point at (x, y) that moves by (dx, dy) in a tick first comes within a radius of the origin."""
    outside = x * x + y * y - radius * radius
    if outside <= 0:
        return 0.0
    closing = x * dx + y * dy
    if closing >= 0:
        return _NEVER
    speed = dx * dx + dy * dy
    root = closing * closing - speed * outside
    if root < 0:
        return _NEVER
    when = (-closing - sqrt(root)) / speed
    return when if when <= 1 else _NEVER


@njit
def _meets_fighter(state, m, x, y, dx, dy):  # type: ignore[no-untyped-def]
    """When a shot meets fighter m, who has moved already."""
    if state.down[m]:
        return _NEVER
    own_x, own_y = state.velocity[m, 0] * TICK, state.velocity[m, 1] * TICK
    from_x, from_y = x - (state.position[m, 0] - own_x), y - (state.position[m, 1] - own_y)
    return meets(from_x, from_y, dx - own_x, dy - own_y, FIGHTER_RADIUS)


@njit
def _meets_bystander(state, w, x, y, dx, dy, radius):  # type: ignore[no-untyped-def]
    """When a shot comes within a radius of bystander w, who has moved already."""
    own_x, own_y = state.walker_velocity[w, 0] * TICK, state.walker_velocity[w, 1] * TICK
    from_x, from_y = x - (state.walker[w, 0] - own_x), y - (state.walker[w, 1] - own_y)
    return meets(from_x, from_y, dx - own_x, dy - own_y, radius)


@njit
def fly(table, state, n, terms, costs):  # type: ignore[no-untyped-def]
    """Move fighter n's shots by a tick; returns what they take from the other's health."""
    m, damage = 1 - n, 0.0
    for k in range(SHOTS):
        if not state.shot_flying[n, k]:
            continue
        x, y = state.shot[n, k, 0], state.shot[n, k, 1]
        dx, dy = state.shot_velocity[n, k, 0] * TICK, state.shot_velocity[n, k, 1] * TICK
        end = reach(state.rows, x, y, inverse(dx), inverse(dy), 1.0)
        covered = end < 1.0
        hit = _meets_fighter(state, m, x, y, dx, dy)
        is_hit = hit <= end
        end = min(end, hit)
        struck, near = -1, 0
        for w in range(table.bystanders):
            if _meets_bystander(state, w, x, y, dx, dy, SAFE_DISTANCE) <= 1:
                near |= 1 << w
                when = _meets_bystander(state, w, x, y, dx, dy, BYSTANDER_RADIUS)
                if when < end:
                    end, struck = when, w
        for w in range(table.bystanders if near else 0):
            new = near & ~state.shot_near[n, k] & (1 << w)
            if new and _meets_bystander(state, w, x, y, dx, dy, SAFE_DISTANCE) <= end:
                state.shot_near[n, k] |= new
                costs[n].bystander_endangered += 1
        state.shot[n, k, 0] = x + end * dx
        state.shot[n, k, 1] = y + end * dy
        if struck >= 0:
            state.shot_flying[n, k] = 0
            state.walker_startled[struck] = table.startle
            costs[n].bystander_hit += 1
        elif is_hit:
            state.shot_flying[n, k] = 0
            damage += _harm(table, state, n, m, dx, dy, terms)
        elif covered:
            state.shot_flying[n, k] = 0
            terms[n].wasted_shot += 1
    return damage


@njit
def _harm(table, state, n, m, dx, dy, terms):  # type: ignore[no-untyped-def]
    """What one hit takes from fighter m, unless it has only just come in."""
    if state.shield[m] > 0:
        return 0.0
    length = sqrt(dx * dx + dy * dy)
    state.hurt[m] = table.smart
    state.hurt_from[m, 0] = -dx / length
    state.hurt_from[m, 1] = -dy / length
    if dx * state.heading[m, 0] + dy * state.heading[m, 1] > 0:  # it came from behind
        terms[n].flank += 1
    return table.damage
