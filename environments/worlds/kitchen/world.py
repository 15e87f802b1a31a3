"""kitchen: two cooks, one kitchen, the rules of Overcooked as of 2019 (Carroll et al., arXiv 1910.05789).

Three onions in a pot become a soup in 20 ticks; a dish takes it out; the serving hatch pays for it. The
rules are held to 91,102 recorded transitions of people playing
(`tests/environments/worlds/test_kitchen_proof.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from environments.simulation.kernels import HEADER
from environments.system.errors import UserError
from environments.worlds.kitchen.constants import ACTIONS as ACTIONS
from environments.worlds.kitchen.constants import AGENTS as AGENTS
from environments.worlds.kitchen.constants import (
    CELLS,
    COUNTER,
    DISH,
    DISHES,
    FILL_DISH,
    FILL_POT,
    FLOOR,
    INTERACT,
    NO_EFFECT,
    NORTH,
    NOTHING,
    POTS,
    PUT_DOWN,
    SOUP,
    STAY,
    TAKE_SOUP,
    effect_of,
)
from environments.worlds.kitchen.constants import IDLE as IDLE
from environments.worlds.kitchen.constants import TICK as TICK
from environments.worlds.kitchen.layouts import (
    derive as derive,  # part of a world, as all `as` here
)
from environments.worlds.kitchen.layouts import named_layout
from environments.worlds.kitchen.observation import body as body
from environments.worlds.kitchen.observation import observation_size as observation_size
from environments.worlds.kitchen.observation import observe_one as observe_one

VERSION = 1  # raise it when the physics or the observation changes
HORIZON = 400  # steps of an episode, unless the option `horizon` says otherwise


@dataclass(frozen=True)
class Params:
    """What may differ from kitchen to kitchen."""

    layout: str = "cramped_room"  # one of LAYOUTS
    cook_ticks: int = 20  # from the third onion to a ready soup
    waste_ticks: int = 100  # an object left this long on a counter is waste (15 s)

    def __post_init__(self) -> None:
        """Refuse what no kitchen can be.

        Raises:
            UserError: the layout is unknown, or a time is none.
        """
        named_layout(self.layout)
        for name, most in (("cook_ticks", 10_000), ("waste_ticks", 1_000_000_000)):
            if not 1 <= (ticks := getattr(self, name)) <= most:
                raise UserError(f"The kitchen's {name} are {ticks}; give 1 to {most:,}.")


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


def draw(surface: Any, table: np.void, state: np.void, score: dict[str, Any]) -> None:
    """Draw a kitchen on a pygame surface of any size from 640x480 up."""
    from environments.worlds.kitchen.drawing import draw_kitchen

    draw_kitchen(surface, table, state, score)
