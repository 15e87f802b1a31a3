"""The robot's lidar: how far racks, walls and people are along each ray, exactly, and as it measures.

Every ray meets every rack and every person by the same sums, without a branch: so a compiler does eight rays
at once, and no guess about what comes next can be wrong, however many games there are.
"""

from __future__ import annotations

from math import cos, floor, sin

import numpy as np
from numba import njit

from environments.simulation.kernels import uniform
from environments.worlds.courier.constants import (
    COLUMNS,
    DROPOUT,
    NOISE,
    PERSON,
    RAY_ACROSS,
    RAY_DOWN,
    RAYS,
    REACH,
    ROWS,
)

TRIANGLE = 6.0**0.5  # half the base of a triangular distribution over its deviation
HALVES = 2.0**26  # a draw of 53 bits is parted here into two of 26 and 27
F = np.float32


@njit
def scan(state, people):  # type: ignore[no-untyped-def]
    """Write what the lidar measures into the state: ranges, and whether a person's vest shone back."""
    look(state, people)
    noise, dropout = state.drawn[NOISE] * TRIANGLE, state.drawn[DROPOUT]
    for k in range(RAYS):
        both = uniform(state) * HALVES
        chance = floor(both)
        second = both - chance
        chance /= HALVES
        if chance < dropout:  # nothing came back, as if nothing were there
            state.scan[k], state.vest[k] = REACH, 0
        # what is left of the chance is uniform again, and two make a triangle, nearly a bell
        error = noise * ((chance - dropout) / (1.0 - dropout) + second - 1.0)
        seen = state.scan[k]
        state.scan[k] = min(max(seen + error, 0.0), REACH) if seen < F(REACH) else seen


@njit(error_model="numpy")
def look(state, people):  # type: ignore[no-untyped-def]
    """Write exact ranges into the state, and which rays end at a person."""
    c, s = F(cos(state.heading)), F(sin(state.heading))
    x, y = F(state.x), F(state.y)
    scratch = np.empty(
        (4, RAYS), np.float32
    )  # always the same memory: what a state need not carry along
    over_x, over_y, ranges, vests = scratch[0], scratch[1], scratch[2], scratch[3]
    for k in range(RAYS):
        across, down = RAY_ACROSS[k] * c - RAY_DOWN[k] * s, RAY_DOWN[k] * c + RAY_ACROSS[k] * s
        over_x[k] = F(1.0) / (across if abs(across) > F(1e-6) else F(1e-6))
        over_y[k] = F(1.0) / (down if abs(down) > F(1e-6) else F(1e-6))
    for k in range(RAYS):  # the walls, from within
        far_x = max((F(1.0) - x) * over_x[k], (F(COLUMNS - 1) - x) * over_x[k])
        far_y = max((F(1.0) - y) * over_y[k], (F(ROWS - 1) - y) * over_y[k])
        ranges[k] = min(min(far_x, far_y), F(REACH))
    for rack in range(state.racks):
        _see_rack(state.rack[rack], x, y, over_x, over_y, ranges)
    vests[:] = REACH
    for p in range(people):
        dx, dy = F(state.person_x[p]) - x, F(state.person_y[p]) - y
        _see_person(dx * c + dy * s, dy * c - dx * s, vests)
    for k in range(RAYS):
        state.vest[k] = vests[k] < ranges[k]
        state.scan[k] = min(vests[k], ranges[k])


@njit(error_model="numpy")
def _see_rack(rack, x, y, over_x, over_y, ranges):  # type: ignore[no-untyped-def]
    """Shorten the rays that a box stops (the slab method of Kay and Kajiya, 1986)."""
    west, north, east, south = F(rack[0]) - x, F(rack[1]) - y, F(rack[2]) - x, F(rack[3]) - y
    for k in range(RAYS):
        at_west, at_east = west * over_x[k], east * over_x[k]
        at_north, at_south = north * over_y[k], south * over_y[k]
        enter = max(min(at_west, at_east), min(at_north, at_south))
        leave = min(max(at_west, at_east), max(at_north, at_south))
        hit = F(REACH) if (enter > leave) | (enter < F(0.0)) else enter
        ranges[k] = min(ranges[k], hit)


@njit(error_model="numpy")
def _see_person(ahead, aside, vests):  # type: ignore[no-untyped-def]
    """Shorten the rays that a disc stops, `ahead` of the robot and `aside` to its right."""
    outside = ahead * ahead + aside * aside - F(PERSON * PERSON)
    for k in range(RAYS):
        along = ahead * RAY_ACROSS[k] + aside * RAY_DOWN[k]
        inside = along * along - outside
        root = max(inside, F(0.0)) ** F(0.5)
        hit = F(REACH) if (inside < F(0.0)) | (along < F(0.0)) else max(along - root, F(0.0))
        vests[k] = min(vests[k], hit)
