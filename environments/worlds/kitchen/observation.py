"""The observation of a cook: one float32 vector from which the game can be read back.

Own body; partner; what an interaction would do here and in each direction; pots; counters; the way to the
nearest useful things; time left.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from environments.worlds.kitchen.constants import (
    COUNTER,
    DISHES,
    EFFECTS,
    FLOOR,
    NOTHING,
    ONIONS,
    POT,
    SERVING,
    effect_of,
)
from environments.worlds.kitchen.layouts import FAR

TARGETS = 6  # nearest onion, dish, soup, pot with room, hatch, empty counter


def body(table: np.void) -> slice:
    """Which part of an observation is the cook's own body: where it is, faces, and what it holds."""
    return slice(0, 8 + int(table["n_floors"]))


def observation_size(table: np.void) -> int:
    """How many numbers a cook sees in this layout."""
    floors, pots, counters = (int(table[f"n_{name}"]) for name in ("floors", "pots", "counters"))
    return (
        2 * (8 + floors)
        + 3
        + 4 * (EFFECTS + 1)
        + EFFECTS
        + 9 * pots
        + 3 * counters
        + 5 * TARGETS
        + 1
    )


@njit
def _see_cook(table, state, n, out, i):  # type: ignore[no-untyped-def]
    """Facing (4), held object (4) and cell (one of the floor's) of cook n."""
    out[i + state.facing[n]] = 1
    out[i + 4 + state.held[n]] = 1
    out[i + 8 + table.floor_at[state.position[n]]] = 1
    return i + 8 + table.n_floors


@njit
def _serves_as(table, state, cell, target):  # type: ignore[no-untyped-def]
    """Whether `cell` is a place to get or bring what `target` names."""
    kind = table.terrain[cell]
    if kind == COUNTER:
        return state.item[cell] == (target + 1 if target < 3 else (NOTHING if target == 5 else -1))
    if kind == POT:
        pot = table.pot_at[cell]
        if target == 2:
            return state.onions[pot] == 3 and state.ticks[pot] >= table.cook_ticks
        return target == 3 and state.onions[pot] < 3
    return (
        (target == 0 and kind == ONIONS)
        or (target == 1 and kind == DISHES)
        or (target == 4 and kind == SERVING)
    )


@njit
def _see_nearest(table, state, here, target, out, i):  # type: ignore[no-untyped-def]
    """Offset (2), walking distance, whether it adjoins, whether any can be reached."""
    best, where = FAR, -1
    for k in range(table.n_useful):
        cell = table.useful[k]
        distance = table.distance[here, cell]
        if distance < best and _serves_as(table, state, cell, target):
            best, where = distance, cell
    if where >= 0:
        out[i] = (where % table.width - here % table.width) / 8.0
        out[i + 1] = (where // table.width - here // table.width) / 8.0
        out[i + 2] = best / 8.0
        out[i + 3] = best == 0
        out[i + 4] = 1
    return i + 5


@njit
def _see_around(table, state, n, out, i):  # type: ignore[no-untyped-def]
    """For each direction: what an interaction there would do (8) and whether one can walk (1)."""
    here = state.position[n]
    for direction in range(4):
        cell = here + table.step[direction]
        out[i + effect_of(table, state, n, cell)] = 1
        out[i + EFFECTS] = table.terrain[cell] == FLOOR and cell != state.position[1 - n]
        i += EFFECTS + 1
    out[i + effect_of(table, state, n, here + table.step[state.facing[n]])] = 1
    return i + EFFECTS


@njit
def _see_pots(table, state, here, out, i):  # type: ignore[no-untyped-def]
    """Onions (one of 4), clock, ready, offset (2) and distance of every pot."""
    for pot in range(table.n_pots):
        out[i + state.onions[pot]] = 1
        out[i + 4] = min(state.ticks[pot], table.cook_ticks) / table.cook_ticks
        out[i + 5] = state.ticks[pot] >= table.cook_ticks
        cell = table.pots[pot]
        out[i + 6] = (cell % table.width - here % table.width) / 8.0
        out[i + 7] = (cell // table.width - here // table.width) / 8.0
        out[i + 8] = min(table.distance[here, cell], 16) / 8.0
        i += 9
    return i


@njit(inline="always")
def observe_one(table, state, observations):  # type: ignore[no-untyped-def]
    """Write both cooks' views, each from its own place: [2, O]. Nothing that matters later is left out."""
    for n in range(2):
        out = observations[n]
        out[:] = 0
        here, there = state.position[n], state.position[1 - n]
        i = _see_cook(table, state, n, out, 0)
        i = _see_cook(table, state, 1 - n, out, i)
        out[i] = (there % table.width - here % table.width) / 8.0
        out[i + 1] = (there // table.width - here // table.width) / 8.0
        out[i + 2] = min(table.distance[here, there], 16) / 8.0
        i = _see_around(table, state, n, out, i + 3)
        i = _see_pots(table, state, here, out, i)
        for k in range(table.n_counters):
            item = state.item[table.counters[k]]
            if item != NOTHING:
                out[i + item - 1] = 1
            i += 3
        for target in range(TARGETS):
            i = _see_nearest(table, state, here, target, out, i)
        out[i] = (state.horizon - state.tick) / max(state.horizon, 1)
