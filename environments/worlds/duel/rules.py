"""Rules of a duel: spawning, damage, pick-ups and camping; and its tactics as potentials."""

from __future__ import annotations

from math import sqrt

from numba import njit

from environments.worlds.duel.constants import AMMUNITION, CAMP_RADIUS, PAD_RADIUS, PADS, REACH

AIMED_FROM = 0.5  # cosine of 60 degrees: further off than that it is no aiming
NEAR, DISTANT = 4.0, 8.0  # m, between which one hits and can still walk out of a shot


@njit
def come_in(table, state, n):  # type: ignore[no-untyped-def]
    """Put fighter n on its place with full health and magazine, looking to the other side."""
    side = 1.0 - 2.0 * n
    place = state.spawn[n]
    for i in range(2):
        state.position[n, i] = side * table.spawns[place, i]
        state.velocity[n, i] = 0
        state.hurt_from[n, i] = 0
        state.dash_way[n, i] = 0
    state.heading[n, 0] = side
    state.heading[n, 1] = 0
    state.health[n] = table.health
    state.magazine[n] = table.magazine
    state.reserve[n] = max(state.reserve[n], table.reserve)
    state.down[n] = state.back[n] = state.hurt[n] = 0
    state.shield[n] = table.protection
    state.cooldown[n] = state.reloading[n] = state.dashing[n] = state.dash_wait[n] = 0


@njit
def far_spawn(table, state, n):  # type: ignore[no-untyped-def]
    """Which place of fighter n is further from the other."""
    side, m = 1.0 - 2.0 * n, 1 - n
    away = -1.0
    best = 0
    for place in range(2):
        dx = side * table.spawns[place, 0] - state.position[m, 0]
        dy = side * table.spawns[place, 1] - state.position[m, 1]
        if dx * dx + dy * dy > away:
            away, best = dx * dx + dy * dy, place
    return best


@njit
def count_down(table, state, n):  # type: ignore[no-untyped-def]
    """What only waits: the way back into the arena, the dash, the protection, the smart."""
    if state.down[n] > 0:
        state.down[n] -= 1
        if state.down[n] == 0:
            come_in(table, state, n)
        return
    state.back[n] = min(state.back[n] + 1, 30000)
    if state.dash_wait[n] > 0:
        state.dash_wait[n] -= 1
    if state.shield[n] > 0:
        state.shield[n] -= 1
    if state.hurt[n] > 0:
        state.hurt[n] -= 1


@njit
def take(table, state, n, damage, terms):  # type: ignore[no-untyped-def]
    """Take damage from fighter n, who goes down when nothing is left."""
    lost = min(damage, state.health[n])
    state.health[n] -= lost
    terms[n].damage_taken += lost / table.health
    terms[1 - n].damage_dealt += lost / table.health
    if lost > 0 and state.health[n] <= 0:
        state.knockouts[1 - n] += 1
        state.down[n] = table.respawn
        state.spawn[n] = far_spawn(table, state, n)
        state.velocity[n, 0] = 0
        state.velocity[n, 1] = 0


@njit
def camps(table, state, n):  # type: ignore[no-untyped-def]
    """Whether fighter n waits where the other comes back."""
    m = 1 - n
    side = 1.0 - 2.0 * m
    if state.down[n] > 0 or (state.down[m] == 0 and state.back[m] >= table.camped):
        return False
    dx = side * table.spawns[state.spawn[m], 0] - state.position[n, 0]
    dy = side * table.spawns[state.spawn[m], 1] - state.position[n, 1]
    return sqrt(dx * dx + dy * dy) < CAMP_RADIUS


# ------------------------------------------------------------------ pads


@njit
def pick_up(table, state, terms):  # type: ignore[no-untyped-def]
    """Give what lies on a pad to the nearer fighter on it that can use it; it is then empty for a while."""
    for k in range(PADS):
        if state.pad_wait[k] > 0:
            state.pad_wait[k] -= 1
            continue
        away0 = _wanted(table, state, 0, k)
        away1 = _wanted(table, state, 1, k)
        if away0 == away1:  # nobody, or both at once
            continue
        n = 0 if away0 < away1 else 1
        if k // 2 == AMMUNITION:
            state.reserve[n] = min(state.reserve[n] + table.found_shots, table.most_reserve)
        else:
            state.health[n] = min(state.health[n] + table.found_health, table.health)
        state.pad_wait[k] = table.pad_wait
        terms[n].pickup += 1


@njit
def _wanted(table, state, n, k):  # type: ignore[no-untyped-def]
    """How far fighter n is from a pad that it stands on and can use; else more than any distance."""
    if state.down[n]:
        return 1e9
    if k // 2 == AMMUNITION and state.reserve[n] >= table.most_reserve:
        return 1e9
    if k // 2 != AMMUNITION and state.health[n] >= table.health:
        return 1e9
    dx, dy = state.pad[k, 0] - state.position[n, 0], state.pad[k, 1] - state.position[n, 1]
    away = dx * dx + dy * dy
    return away if away < PAD_RADIUS * PAD_RADIUS else 1e9


# ------------------------------------------------------------------ potentials: how good a situation is


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
