"""The terms and costs of the kitchen beside its soups: when each counts."""

from __future__ import annotations

import numpy as np
import pytest

from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.worlds.kitchen.constants import (
    ACTIONS,
    DISH,
    INTERACT,
    NORTH,
    NOTHING,
    ONION,
    SOUTH,
    STAY,
    WEST,
)
from tests.environments.support.kitchen_by_hand import Kitchen, at_the_pot

# ------------------------------------------------------------------ when fetching a dish counts


def at_the_dishes(onions: int, held_1: int = NOTHING) -> Kitchen:
    """Cook 0 of cramped_room faces the dishes; cook 1 the pot, which has cooked if it can."""
    kitchen = Kitchen().put(0, (1, 2), SOUTH).put(1, (2, 1), NORTH, held_1)
    return kitchen.pot(onions, 20 if onions == 3 else 0)


@pytest.mark.parametrize("onions", [0, 1, 2, 3])
def test_fetching_a_dish_counts_while_a_pot_is_in_use(onions):
    kitchen = at_the_dishes(onions).step(INTERACT, STAY)
    assert kitchen.term("dish_fetched_for_soup") == [onions > 0, 0]


def test_it_does_not_count_if_the_other_cook_has_a_dish_for_the_only_pot():
    kitchen = at_the_dishes(1, held_1=DISH).step(INTERACT, STAY)
    assert kitchen.term("dish_fetched_for_soup") == [0, 0]


def test_it_does_not_count_while_a_dish_lies_on_a_counter():
    kitchen = at_the_dishes(1).lay(DISH, (4, 2)).step(INTERACT, STAY)
    assert kitchen.term("dish_fetched_for_soup") == [0, 0]


def test_taking_a_dish_from_a_counter_does_not_count():
    kitchen = at_the_pot(NOTHING, onions=3, ticks=9).lay(DISH, (0, 2))
    assert kitchen.step(STAY, INTERACT).held()[1] == DISH
    assert kitchen.term("dish_fetched_for_soup") == [0, 0]


def test_a_second_dish_counts_with_a_second_pot_in_use():
    kitchen = Kitchen("asymmetric_advantages").put(0, (5, 3), SOUTH).put(1, (3, 3), SOUTH)
    kitchen.state["onions"][:] = 1
    assert kitchen.step(INTERACT, INTERACT).term("dish_fetched_for_soup") == [1, 1]
    kitchen.state["held"][:] = NOTHING
    kitchen.state["onions"][1] = 0
    assert kitchen.step(INTERACT, INTERACT).term("dish_fetched_for_soup") == [1, 0]


def test_the_pots_count_as_they_were_when_the_step_began():
    """As published: hands are looked at in between, pots are not."""
    kitchen = Kitchen().put(0, (2, 1), NORTH, ONION).put(1, (1, 2), SOUTH)
    assert kitchen.step(INTERACT, INTERACT).term("dish_fetched_for_soup") == [0, 0]
    kitchen = Kitchen().put(0, (2, 1), NORTH, DISH).put(1, (1, 2), SOUTH).pot(3, 20)
    assert kitchen.step(INTERACT, INTERACT).term("dish_fetched_for_soup") == [0, 1]


# ------------------------------------------------------------------ waste and time


def test_an_object_left_on_a_counter_is_waste_once():
    kitchen = Kitchen(waste_ticks=5).put(0, (1, 2), WEST, ONION)
    kitchen.step(INTERACT, STAY)
    wasted = [kitchen.cost("waste")] + [kitchen.step(STAY, STAY).cost("waste") for _ in range(20)]
    assert wasted == [[1, 0] if step == 4 else [0, 0] for step in range(21)]


def test_an_object_picked_up_in_time_is_no_waste():
    kitchen = Kitchen(waste_ticks=5).put(0, (1, 2), WEST, ONION)
    for _ in range(10):
        assert kitchen.step(INTERACT, STAY).cost("waste") == [0, 0]


def test_a_kitchen_is_truncated_at_its_horizon_and_never_terminates():
    batch = Batch(make_world("gpo/Kitchen-v0"), options={"horizon": 3}, restart=False)
    ends = []
    for _ in range(3):
        batch.step(np.array([[STAY, STAY]]))
        ends.append((bool(batch.terminated[0]), bool(batch.truncated[0])))
    assert ends == [(False, False), (False, False), (False, True)]


def test_standing_still_is_no_fault():
    kitchen = Kitchen().step(STAY, STAY)
    assert not kitchen.batch.terms.any()
    assert not kitchen.batch.costs.any()
    assert len(ACTIONS) == 6
