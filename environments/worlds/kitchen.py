"""kitchen: two cooks, one kitchen, the rules of Overcooked as of 2019 (Carroll et al., arXiv 1910.05789).

Three onions in a pot become a soup in 20 ticks; a dish takes it out; the serving hatch pays for it. The
rules are held to 91,102 recorded transitions of people playing (`tests/environments/test_kitchen_proof.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from environments.kernels import HEADER
from environments.worlds.kitchen_layouts import derive as derive  # part of a world
from environments.worlds.kitchen_layouts import named_layout

VERSION = 1  # raise it when the physics or the observation changes
AGENTS = ("cook_0", "cook_1")
TICK = 0.15  # s, the pace of the recordings
HORIZON = 400  # steps of an episode, unless the option `horizon` says otherwise


@dataclass(frozen=True)
class Params:
    """What may differ from kitchen to kitchen."""

    layout: str = "cramped_room"  # one of LAYOUTS
    cook_ticks: int = 20  # from the third onion to a ready soup
    waste_ticks: int = 100  # an object left this long on a counter is waste (15 s)

    def __post_init__(self) -> None:
        """Refuse a layout that is not there.

        Raises:
            Problem: the layout is unknown.
        """
        named_layout(self.layout)


NORTH, SOUTH, EAST, WEST, STAY, INTERACT = range(6)
IDLE = STAY  # what an empty seat does
ACTIONS = ("north", "south", "east", "west", "stay", "interact")
NOTHING, ONION, DISH, SOUP = range(4)
FLOOR, COUNTER, POT, ONIONS, DISHES, SERVING = range(6)
CELLS, POTS = 45, 2  # room for the largest layout

STATE = np.dtype(
    [
        *HEADER,
        ("position", np.int16, 2),  # cell index of each cook, y x width + x
        ("facing", np.int8, 2),  # NORTH, SOUTH, EAST or WEST
        ("held", np.int8, 2),  # NOTHING, ONION, DISH or SOUP
        ("held_ticks", np.int16, 2),  # how long the held soup had been in its pot
        ("item", np.int8, CELLS),  # what lies on each counter
        ("item_ticks", np.int16, CELLS),  # as held_ticks
        ("item_since", np.int32, CELLS),  # tick at which it was put down
        ("item_by", np.int8, CELLS),  # which cook put it down
        ("onions", np.int8, POTS),  # in each pot
        ("ticks", np.int16, POTS),  # since its third onion; the recordings count on past 20
    ]
)

TERMS = {
    "soup": "soups served by either cook",
    "onion_potted": "onions this cook put into a pot",
    "dish_fetched_for_soup": "dishes fetched for a pot in use, while fewer dishes were out than such pots",
    "soup_picked_up": "soups this cook took out of a pot",
    "served": "soups this cook served itself",
    "blocked": "moves that neither moved nor turned the cook",
    "fumbled": "interactions that did nothing",
}
COSTS = {
    "collision": "moves called off because both cooks would have met in a cell or swapped cells",
    "waste": "objects this cook put on a counter that lay there untouched for `waste_ticks`",
}
NORTH_STAR = "soup"
# 20 points a soup, as published; the shaping of Carroll et al. is added by recipes: 3, 3 and 5.
WEIGHTS = {"soup": 20.0}

TERMS_DTYPE = np.dtype([(name, np.float32) for name in TERMS])
COSTS_DTYPE = np.dtype([(name, np.float32) for name in COSTS])


def reset_state(state: np.void, table: np.void, options: dict[str, Any]) -> None:
    """Read the options of an episode into its state: none besides `horizon`."""


@njit(inline="always")
def reset_one(table, state):  # type: ignore[no-untyped-def]
    """Set the cooks on their marks in an empty kitchen."""
    for n in range(2):
        state.position[n] = table.start[n]
        state.facing[n] = NORTH
        state.held[n] = NOTHING
        state.held_ticks[n] = 0
    state.item[:] = NOTHING
    state.item_ticks[:] = 0
    state.item_since[:] = 0
    state.item_by[:] = 0
    state.onions[:] = 0
    state.ticks[:] = 0


# What an interaction would do, and the names under which the observation shows it.
(NO_EFFECT, TAKE_ONION, TAKE_DISH, TAKE_SOUP, PUT_DOWN, FILL_POT, FILL_DISH, SERVE) = range(8)
EFFECTS = 8


@njit
def effect_of(table, state, n, cell):  # type: ignore[no-untyped-def]
    """What cook n's interaction with `cell` would do now."""
    kind = table.terrain[cell]
    held = state.held[n]
    if kind == COUNTER:
        if held != NOTHING:
            return PUT_DOWN if state.item[cell] == NOTHING else NO_EFFECT
        return state.item[
            cell
        ]  # ONION, DISH, SOUP are the codes of TAKE_ONION, TAKE_DISH, TAKE_SOUP
    if kind == ONIONS:
        return TAKE_ONION if held == NOTHING else NO_EFFECT
    if kind == DISHES:
        return TAKE_DISH if held == NOTHING else NO_EFFECT
    if kind == SERVING:
        return SERVE if held == SOUP else NO_EFFECT
    if kind == POT:
        pot = table.pot_at[cell]
        if held == ONION and state.onions[pot] < 3:
            return FILL_POT
        if held == DISH and state.onions[pot] == 3 and state.ticks[pot] >= table.cook_ticks:
            return FILL_DISH
    return NO_EFFECT


@njit
def dish_is_wanted(table, state, used_pots):  # type: ignore[no-untyped-def]
    """Carroll et al.: fewer dishes in hands than pots in use, and none lying on a counter."""
    dishes = 0
    for n in range(2):
        dishes += state.held[n] == DISH
    for k in range(table.n_counters):
        if state.item[table.counters[k]] == DISH:
            return False
    return dishes < used_pots


@njit
def interact(table, state, n, used_pots, terms):  # type: ignore[no-untyped-def]
    """Let cook n use what it faces."""
    cell = state.position[n] + table.step[state.facing[n]]
    effect = effect_of(table, state, n, cell)
    if effect == NO_EFFECT:
        terms[n].fumbled += 1
    elif effect == PUT_DOWN:
        state.item[cell] = state.held[n]
        state.item_ticks[cell] = state.held_ticks[n]
        state.item_since[cell] = state.tick
        state.item_by[cell] = n
        state.held[n] = NOTHING
        state.held_ticks[n] = 0
    elif effect <= TAKE_SOUP:
        if table.terrain[cell] == DISHES and dish_is_wanted(table, state, used_pots):
            terms[n].dish_fetched_for_soup += 1
        state.held[n] = effect
        if table.terrain[cell] == COUNTER:
            state.held_ticks[n] = state.item_ticks[cell]
            state.item[cell] = NOTHING
            state.item_ticks[cell] = 0
    elif effect == FILL_POT:
        state.onions[table.pot_at[cell]] += 1
        state.held[n] = NOTHING
        terms[n].onion_potted += 1
    elif effect == FILL_DISH:
        pot = table.pot_at[cell]
        state.held[n] = SOUP
        state.held_ticks[n] = state.ticks[pot]
        state.onions[pot] = 0
        state.ticks[pot] = 0
        terms[n].soup_picked_up += 1
    else:
        state.held[n] = NOTHING
        state.held_ticks[n] = 0
        terms[n].served += 1
        terms[0].soup += 1
        terms[1].soup += 1


@njit
def move(table, state, actions, terms, costs):  # type: ignore[no-untyped-def]
    """Turn and move both cooks at once; a move that would make them meet is called off for both."""
    here0, here1 = state.position[0], state.position[1]
    there0, there1 = here0, here1
    for n in range(2):
        if actions[n] < STAY:
            there = state.position[n] + table.step[actions[n]]
            free = table.terrain[there] == FLOOR
            if not free and state.facing[n] == actions[n]:
                terms[n].blocked += 1
            state.facing[n] = actions[n]
            if free and n == 0:
                there0 = there
            elif free:
                there1 = there
    if there0 == there1 or (there0 == here1 and there1 == here0):
        costs[0].collision += there0 != here0
        costs[1].collision += there1 != here1
    else:
        state.position[0] = there0
        state.position[1] = there1


@njit(inline="always")
def step_one(table, state, actions, terms, costs):  # type: ignore[no-untyped-def]
    """Interactions first (cook 0, then 1), then the moves, then the pots. A kitchen never terminates."""
    used_pots = 0
    for pot in range(table.n_pots):
        used_pots += state.onions[pot] > 0
    for n in range(2):
        if actions[n] == INTERACT:
            interact(table, state, n, used_pots, terms)
    move(table, state, actions, terms, costs)
    for pot in range(table.n_pots):
        if state.onions[pot] == 3:
            state.ticks[pot] += 1
    for k in range(table.n_counters):
        cell = table.counters[k]
        if (
            state.item[cell] != NOTHING
            and state.tick + 1 - state.item_since[cell] == table.waste_ticks
        ):
            costs[state.item_by[cell]].waste += 1
    return False


# ------------------------------------------------------------------ what a cook sees

TARGETS = 6  # nearest onion, dish, soup, pot with room, hatch, empty counter
FAR = 99  # distance of what cannot be reached


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


def draw(surface: Any, table: np.void, state: np.void, score: dict[str, Any]) -> None:
    """Draw a kitchen on a pygame surface of any size from 640x480 up."""
    from environments.drawings.kitchen import draw_kitchen

    draw_kitchen(surface, table, state, score)
