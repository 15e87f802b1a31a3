"""Constants of a kitchen: cells, items and pots, and what using each does."""

from __future__ import annotations

from numba import njit

AGENTS = ("cook_0", "cook_1")
TICK = 0.15  # s, the pace of the recordings

NORTH, SOUTH, EAST, WEST, STAY, INTERACT = range(6)
IDLE = STAY  # what an empty seat does
ACTIONS = ("north", "south", "east", "west", "stay", "interact")
NOTHING, ONION, DISH, SOUP = range(4)
FLOOR, COUNTER, POT, ONIONS, DISHES, SERVING = range(6)
CELLS, POTS = 45, 2  # room for the largest layout

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
