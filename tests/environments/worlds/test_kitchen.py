"""The rules of the kitchen, a sentence each."""

from __future__ import annotations

import pytest

from environments.worlds.kitchen.constants import (
    DISH,
    EAST,
    INTERACT,
    NORTH,
    NOTHING,
    ONION,
    SOUP,
    SOUTH,
    STAY,
    WEST,
)
from tests.environments.support.kitchen_by_hand import Kitchen, at_the_pot


def facing_one_counter(held_0: int, held_1: int) -> Kitchen:
    """Both cooks of coordination_ring face the counter in its middle."""
    kitchen = Kitchen("coordination_ring")
    return kitchen.put(0, (2, 1), SOUTH, held_0).put(1, (1, 2), EAST, held_1)


# ------------------------------------------------------------------ moving


def test_a_cook_turns_and_walks_in_one_step():
    kitchen = Kitchen().step(EAST, STAY)
    assert kitchen.places() == [(2, 2), (3, 1)]
    assert kitchen.facing() == [EAST, NORTH]


def test_a_blocked_move_still_turns():
    kitchen = Kitchen().step(WEST, EAST)
    assert kitchen.places() == [(1, 2), (3, 1)]
    assert kitchen.facing() == [WEST, EAST]
    assert kitchen.term("blocked") == [0, 0]
    assert kitchen.step(WEST, STAY).term("blocked") == [1, 0]


def test_two_cooks_who_want_one_cell_both_stay_and_still_turn():
    kitchen = Kitchen().put(0, (1, 1), NORTH).put(1, (3, 1), NORTH).step(EAST, WEST)
    assert kitchen.places() == [(1, 1), (3, 1)]
    assert kitchen.facing() == [EAST, WEST]
    assert kitchen.cost("collision") == [1, 1]


def test_two_cooks_who_would_swap_both_stay():
    kitchen = Kitchen().put(0, (1, 1), NORTH).put(1, (2, 1), NORTH).step(EAST, WEST)
    assert kitchen.places() == [(1, 1), (2, 1)]
    assert kitchen.cost("collision") == [1, 1]


def test_walking_into_a_standing_cook_costs_the_walker_alone():
    kitchen = Kitchen().put(0, (1, 1), NORTH).put(1, (2, 1), NORTH).step(EAST, STAY)
    assert kitchen.places() == [(1, 1), (2, 1)]
    assert kitchen.cost("collision") == [1, 0]


def test_a_cook_may_walk_into_the_cell_that_the_other_leaves():
    kitchen = Kitchen().put(0, (1, 1), NORTH).put(1, (2, 1), NORTH).step(EAST, EAST)
    assert kitchen.places() == [(2, 1), (3, 1)]
    assert kitchen.cost("collision") == [0, 0]


# ------------------------------------------------------------------ hands and counters


def test_cook_0_reaches_before_cook_1():
    kitchen = facing_one_counter(NOTHING, NOTHING).lay(DISH, (2, 2)).step(INTERACT, INTERACT)
    assert kitchen.held() == [DISH, NOTHING]
    assert kitchen.term("fumbled") == [0, 1]


def test_what_cook_0_puts_down_cook_1_takes_in_the_same_step():
    kitchen = facing_one_counter(ONION, NOTHING).step(INTERACT, INTERACT)
    assert kitchen.held() == [NOTHING, ONION]
    assert kitchen.item((2, 2)) == NOTHING


def test_what_cook_1_puts_down_cook_0_has_to_wait_for():
    kitchen = facing_one_counter(NOTHING, ONION).step(INTERACT, INTERACT)
    assert kitchen.held() == [NOTHING, NOTHING]
    assert kitchen.item((2, 2)) == ONION


def test_a_counter_holds_one_object():
    kitchen = facing_one_counter(ONION, DISH).step(INTERACT, INTERACT)
    assert kitchen.held() == [NOTHING, DISH]
    assert kitchen.item((2, 2)) == ONION


def test_a_soup_on_a_counter_keeps_the_ticks_it_cooked():
    kitchen = facing_one_counter(SOUP, NOTHING)
    kitchen.state["held_ticks"][0] = 33
    kitchen.step(INTERACT, STAY).step(STAY, INTERACT)
    assert kitchen.held() == [NOTHING, SOUP]
    assert list(kitchen.state["held_ticks"]) == [0, 33]


@pytest.mark.parametrize(("facing", "taken"), [(WEST, ONION), (SOUTH, DISH)])
def test_a_dispenser_fills_an_empty_hand_and_no_other(facing, taken):
    place = (1, 1) if taken == ONION else (1, 2)
    kitchen = Kitchen().put(0, place, facing).step(INTERACT, STAY)
    assert kitchen.held()[0] == taken
    kitchen.step(INTERACT, STAY)
    assert kitchen.held()[0] == taken
    assert kitchen.term("fumbled") == [1, 0]


# ------------------------------------------------------------------ pots and soups


def test_the_third_onion_starts_cooking_in_the_same_step():
    kitchen = at_the_pot(ONION, onions=2).step(INTERACT, STAY)
    assert (kitchen.state["onions"][0], kitchen.state["ticks"][0]) == (3, 1)
    assert kitchen.term("onion_potted") == [1, 0]


def test_two_onions_do_not_cook():
    kitchen = at_the_pot(ONION, onions=1).step(INTERACT, STAY)
    assert (kitchen.state["onions"][0], kitchen.state["ticks"][0]) == (2, 0)


def test_a_pot_holds_three_onions():
    kitchen = at_the_pot(ONION, onions=3, ticks=5).step(INTERACT, STAY)
    assert kitchen.held()[0] == ONION
    assert kitchen.term("onion_potted") == [0, 0]


def test_a_soup_is_ready_at_20_ticks_and_not_before():
    kitchen = at_the_pot(DISH, onions=3, ticks=19).step(INTERACT, STAY)
    assert kitchen.held()[0] == DISH
    assert kitchen.term("soup_picked_up") == [0, 0]
    kitchen.step(INTERACT, STAY)
    assert kitchen.held()[0] == SOUP
    assert kitchen.term("soup_picked_up") == [1, 0]
    assert (kitchen.state["onions"][0], kitchen.state["ticks"][0]) == (0, 0)


@pytest.mark.parametrize(("onions", "ticks"), [(1, 0), (3, 7), (3, 25)])
def test_an_empty_hand_does_nothing_to_a_pot(onions, ticks):
    kitchen = at_the_pot(NOTHING, onions, ticks).step(INTERACT, STAY)
    assert kitchen.held()[0] == NOTHING
    assert kitchen.state["onions"][0] == onions
    assert kitchen.term("fumbled") == [1, 0]


def test_a_served_soup_is_a_soup_and_20_points_for_both_cooks():
    kitchen = Kitchen().put(0, (3, 2), SOUTH, SOUP).put(1, (1, 1), NORTH).step(INTERACT, STAY)
    assert kitchen.held()[0] == NOTHING
    assert kitchen.term("soup") == [1, 1]
    assert kitchen.term("served") == [1, 0]
    assert list(kitchen.batch.reward[0]) == [20, 20]


@pytest.mark.parametrize("held", [NOTHING, ONION, DISH])
def test_the_hatch_takes_nothing_but_soup(held):
    kitchen = Kitchen().put(0, (3, 2), SOUTH, held).put(1, (1, 1), NORTH).step(INTERACT, STAY)
    assert kitchen.held()[0] == held
    assert kitchen.term("soup") == [0, 0]
