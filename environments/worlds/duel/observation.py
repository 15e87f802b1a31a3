"""The observation of a fighter: itself, the other, 16 rays, shots, pads, bystanders, time.

Directions are those of the arena (as the moves are), and for aiming also those of the fighter's own heading.
What it remembers of the other stands in the state, so that an observation needs nothing else: out of sight,
the other's own part of the state is not read.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit

from environments.worlds.duel.arena import clear, reach
from environments.worlds.duel.constants import (
    BYSTANDER_RADIUS,
    COMPASS,
    FIGHTER_RADIUS,
    PADS,
    PER_COMPASS,
    RAYS,
    REACH,
    SHOTS,
)
from environments.worlds.duel.last_seen import FORGOTTEN

SHOTS_SEEN, BYSTANDERS_SEEN = 3, 3
OTHERS_BODY, BYSTANDERS_BODY = 1, 2
# Where each part of an observation begins: who reads one by name finds it here.
OWN = 0
OTHER = OWN + 22
RAY = OTHER + 18
SHOT = RAY + 3 * RAYS
PAD = SHOT + 6 * SHOTS_SEEN
BYSTANDER = PAD + 4 * PADS
TIME = BYSTANDER + 5 * BYSTANDERS_SEEN
SIZE = TIME + 1
FAR, FAST, LONG = 10.0, 8.0, 5.0  # m, m/s and s that are shown as 1


def observation_size(table: np.void) -> int:
    """How many numbers a fighter sees."""
    return SIZE


def body(table: np.void) -> slice:
    """Which part of an observation is the fighter's own body: where it is, looks to, and how it is."""
    return slice(OWN, OTHER)


# ------------------------------------------------------------------ the parts


@njit
def _see_own(table, state, n, out):  # type: ignore[no-untyped-def]
    for i in range(2):
        out[OWN + i] = state.position[n, i] / FAR
        out[OWN + 2 + i] = state.heading[n, i]
        out[OWN + 4 + i] = state.velocity[n, i] / FAST
        out[OWN + 18 + i] = state.hurt_from[n, i] if state.hurt[n] > 0 else 0.0
    out[OWN + 6] = state.health[n] / table.health
    out[OWN + 7] = state.magazine[n] / table.magazine
    out[OWN + 8] = state.reserve[n] / table.most_reserve
    out[OWN + 9] = state.cooldown[n] / table.cooldown
    out[OWN + 10] = state.reloading[n] / table.reload
    out[OWN + 11] = state.dash_wait[n] / table.dash_wait
    out[OWN + 12] = state.dashing[n] > 0
    out[OWN + 13] = state.magazine[n] == 0
    out[OWN + 14] = state.down[n] / table.respawn
    out[OWN + 15] = state.shield[n] / table.protection
    out[OWN + 16] = state.knockouts[n] / table.knockouts
    out[OWN + 17] = state.knockouts[1 - n] / table.knockouts
    out[OWN + 20] = state.hurt[n] / table.smart
    out[OWN + 21] = state.down[1 - n] / table.respawn


@njit
def _see_other(table, state, n, out):  # type: ignore[no-untyped-def]
    """From memory alone, which is fresh while the other is in sight."""
    if state.seen_age[n] < 0:
        return
    dx = state.seen_position[n, 0] - state.position[n, 0]
    dy = state.seen_position[n, 1] - state.position[n, 1]
    away = max(sqrt(dx * dx + dy * dy), 1e-6)
    head_x, head_y = state.heading[n, 0], state.heading[n, 1]
    their_x, their_y = state.seen_heading[n, 0], state.seen_heading[n, 1]
    out[OTHER] = state.sees[n]
    out[OTHER + 1] = 1
    out[OTHER + 2] = state.seen_age[n] / FORGOTTEN
    out[OTHER + 3] = dx / FAR
    out[OTHER + 4] = dy / FAR
    out[OTHER + 5] = away / FAR
    out[OTHER + 6] = (dx * head_x + dy * head_y) / away  # cosine and sine of where it is, ...
    out[OTHER + 7] = (dy * head_x - dx * head_y) / away  # ... positive to the left of the heading
    out[OTHER + 8] = -(dx * their_x + dy * their_y) / away  # and of where we are for it
    out[OTHER + 9] = -(dy * their_x - dx * their_y) / away
    out[OTHER + 10] = state.seen_velocity[n, 0] / FAST
    out[OTHER + 11] = state.seen_velocity[n, 1] / FAST
    out[OTHER + 12] = their_x
    out[OTHER + 13] = their_y
    out[OTHER + 14] = state.seen_health[n] / table.health
    out[OTHER + 15] = state.seen_reloading[n]
    out[OTHER + 16] = state.seen_shield[n]
    # How fast it moves across the line of fire, by which a shot has to lead it.
    cross = dx * state.seen_velocity[n, 1] - dy * state.seen_velocity[n, 0]
    out[OTHER + 17] = cross / away / FAST


@njit
def _put_disc(out, dx, dy, radius, kind):  # type: ignore[no-untyped-def]
    """Put a disc at (dx, dy) on the rays that meet it first; a ray and its opposite are one line."""
    for k in range(RAYS // 2):
        aside = dy * COMPASS[k, 0] - dx * COMPASS[k, 1]
        if aside * aside < radius * radius:
            ahead = dx * COMPASS[k, 0] + dy * COMPASS[k, 1]
            ray = k if ahead > 0 else k + RAYS // 2
            away = max(abs(ahead) - sqrt(radius * radius - aside * aside), 0.0)
            if away < out[RAY + ray]:
                out[RAY + ray] = away
                out[RAY + RAYS + ray] = kind == OTHERS_BODY
                out[RAY + 2 * RAYS + ray] = kind == BYSTANDERS_BODY


@njit
def _see_rays(table, state, n, out):  # type: ignore[no-untyped-def]
    """16 distances, then for each whether the other is there, then whether a bystander; else it is cover."""
    x, y = state.position[n, 0], state.position[n, 1]
    for k in range(RAYS):
        out[RAY + k] = reach(state.rows, x, y, PER_COMPASS[k, 0], PER_COMPASS[k, 1], REACH)
    if state.sees[n]:
        dx, dy = state.position[1 - n, 0] - x, state.position[1 - n, 1] - y
        _put_disc(out, dx, dy, FIGHTER_RADIUS, OTHERS_BODY)
    for w in range(table.bystanders):
        dx, dy = state.walker[w, 0] - x, state.walker[w, 1] - y
        _put_disc(out, dx, dy, BYSTANDER_RADIUS, BYSTANDERS_BODY)
    for k in range(RAYS):
        out[RAY + k] /= FAR


@njit
def _see_shots(table, state, n, out):  # type: ignore[no-untyped-def]
    """The other's nearest shots in sight: there (1), offset (2), direction (2), how close it will come."""
    x, y = state.position[n, 0], state.position[n, 1]
    left = 0  # a bit for each in sight that is not written yet
    for k in range(SHOTS):
        to_x, to_y = state.shot[1 - n, k, 0], state.shot[1 - n, k, 1]
        if state.shot_flying[1 - n, k] and clear(state.rows, x, y, to_x, to_y):
            left |= 1 << k
    for place in range(SHOTS_SEEN if left else 0):
        best, nearest = -1, np.inf
        for k in range(SHOTS):
            dx, dy = state.shot[1 - n, k, 0] - x, state.shot[1 - n, k, 1] - y
            if left & (1 << k) and dx * dx + dy * dy < nearest:
                best, nearest = k, dx * dx + dy * dy
        if best < 0:
            return
        left &= ~(1 << best)
        i = SHOT + 6 * place
        dx, dy = state.shot[1 - n, best, 0] - x, state.shot[1 - n, best, 1] - y
        way_x = state.shot_velocity[1 - n, best, 0] / table.shot_speed
        way_y = state.shot_velocity[1 - n, best, 1] / table.shot_speed
        out[i] = 1
        out[i + 1] = dx / FAR
        out[i + 2] = dy / FAR
        out[i + 3] = way_x
        out[i + 4] = way_y
        # Positive if it will pass on our right, as it flies; 0 is a hit if we stand still.
        out[i + 5] = min(max((dy * way_x - dx * way_y) / 2.0, -2.0), 2.0)


@njit
def _see_pads(table, state, n, out):  # type: ignore[no-untyped-def]
    """Each kind, the nearer first: offset (2), distance, how long until something lies there. Pads shine."""
    x, y = state.position[n, 0], state.position[n, 1]
    for kind in range(PADS // 2):
        first = 2 * kind
        dx0, dy0 = state.pad[first, 0] - x, state.pad[first, 1] - y
        dx1, dy1 = state.pad[first + 1, 0] - x, state.pad[first + 1, 1] - y
        swapped = dx1 * dx1 + dy1 * dy1 < dx0 * dx0 + dy0 * dy0
        for place in range(2):
            k = first + (1 - place if swapped else place)
            dx, dy = state.pad[k, 0] - x, state.pad[k, 1] - y
            i = PAD + 4 * (2 * kind + place)
            out[i] = dx / FAR
            out[i + 1] = dy / FAR
            out[i + 2] = sqrt(dx * dx + dy * dy) / FAR
            out[i + 3] = state.pad_wait[k] / table.pad_wait


@njit
def _see_bystanders(table, state, n, out):  # type: ignore[no-untyped-def]
    """Of those in sight the nearest: there (1), offset (2), velocity (2)."""
    x, y = state.position[n, 0], state.position[n, 1]
    left = 0  # a bit for each in sight that is not written yet
    for w in range(table.bystanders):
        if clear(state.rows, x, y, state.walker[w, 0], state.walker[w, 1]):
            left |= 1 << w
    for place in range(BYSTANDERS_SEEN if left else 0):
        best, nearest = -1, np.inf
        for w in range(table.bystanders):
            dx, dy = state.walker[w, 0] - x, state.walker[w, 1] - y
            if left & (1 << w) and dx * dx + dy * dy < nearest:
                best, nearest = w, dx * dx + dy * dy
        if best < 0:
            return
        left &= ~(1 << best)
        i = BYSTANDER + 5 * place
        out[i] = 1
        out[i + 1] = (state.walker[best, 0] - x) / FAR
        out[i + 2] = (state.walker[best, 1] - y) / FAR
        out[i + 3] = state.walker_velocity[best, 0] / FAST
        out[i + 4] = state.walker_velocity[best, 1] / FAST


@njit(inline="always")
def observe_one(table, state, observations):  # type: ignore[no-untyped-def]
    """Write both fighters' views: [2, O]. A fighter that is down sees itself, the pads and the clock."""
    for n in range(2):
        out = observations[n]
        for i in range(SIZE):
            out[i] = 0
        _see_own(table, state, n, out)
        _see_pads(table, state, n, out)
        out[TIME] = (state.horizon - state.tick) / max(state.horizon, 1)
        if state.down[n] == 0:
            _see_other(table, state, n, out)
            _see_rays(table, state, n, out)
            _see_shots(table, state, n, out)
            _see_bystanders(table, state, n, out)
