"""Tables become actions: composed from all that is held, with nothing pressed ever lost."""

import random

import pygame

from demos.window.controls.controls import load_controls
from demos.window.controls.devices import Devices, Held
from tests.demos.support.hands import (
    COMPASS,
    controls,
    let_go,
    press,
    tap,
)

NORTH, SOUTH, EAST, WEST, STAY, INTERACT = range(6)
NONE, UP, LEFT, UP_LEFT, JUMP, RIGHT = range(6)


# ------------------------------------------------------------------ composing


def test_the_most_recent_of_two_directions_is_walked(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "left", "up")
    assert cook.action(devices.held) == NORTH
    press(devices, "a")  # the same direction again, by another key
    assert cook.action(devices.held) == WEST
    let_go(devices, "a")
    assert cook.action(devices.held) == NORTH
    let_go(devices, "up")
    assert cook.action(devices.held) == WEST
    let_go(devices, "left")
    assert cook.action(devices.held) == STAY


def test_combinations_are_composed_from_names(tmp_path, devices):
    person = controls(tmp_path, COMPASS)
    press(devices, "up", "left")
    assert person.action(devices.held) == UP_LEFT
    press(devices, "right")  # there is no up-right: the last one pressed is done
    assert person.action(devices.held) == RIGHT
    let_go(devices, "up")
    assert person.action(devices.held) == RIGHT
    let_go(devices, "right")
    assert person.action(devices.held) == LEFT


def test_any_order_of_presses_gives_what_the_rule_says(tmp_path, devices):
    """The newest held direction, with whatever older one goes with it."""
    person = controls(tmp_path, COMPASS)
    rng = random.Random(9)
    order: list[str] = []  # held, the newest last
    for _ in range(2000):
        name = rng.choice(["up", "left", "right"])
        if name in order:
            let_go(devices, name)
            order.remove(name)
        else:
            press(devices, name)
            order.append(name)
        expected = NONE
        if order:
            pair = {"up", "left"} <= set(order) and order[-1] != "right"
            expected = UP_LEFT if pair else {"up": UP, "left": LEFT, "right": RIGHT}[order[-1]]
        assert person.action(devices.held) == expected, order


def test_a_key_may_do_a_combination_alone(tmp_path, devices):
    person = controls(tmp_path, COMPASS + '[[action]]\ndo = "up-left"\nkeys = ["q"]\n')
    press(devices, "q")
    assert person.action(devices.held) == UP_LEFT


# ------------------------------------------------------------------ once, and short taps


def test_a_press_of_interact_counts_once_however_long_it_is_held(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "space")
    assert [cook.action(devices.held) for _ in range(4)] == [INTERACT, STAY, STAY, STAY]
    let_go(devices, "space")
    press(devices, "space")
    assert [cook.action(devices.held) for _ in range(2)] == [INTERACT, STAY]


def test_interact_goes_before_what_is_held_and_after_what_was_pressed_before(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "left")
    assert cook.action(devices.held) == WEST
    press(devices, "space")
    assert [cook.action(devices.held) for _ in range(2)] == [INTERACT, WEST]
    let_go(devices, "left")
    press(devices, "up", "e")  # within one tick: turn, then use
    assert [cook.action(devices.held) for _ in range(3)] == [NORTH, INTERACT, NORTH]


def test_taps_between_two_ticks_are_done_in_order(kitchen, devices):
    cook = load_controls(kitchen)
    tap(devices, "left", "space", "up")
    assert [cook.action(devices.held) for _ in range(4)] == [WEST, INTERACT, NORTH, STAY]
    tap(devices, "left", "left", "left")  # one key within one tick is one press
    assert [cook.action(devices.held) for _ in range(2)] == [WEST, STAY]


def test_a_tap_is_done_before_what_came_after_it_and_is_held(kitchen, devices):
    cook = load_controls(kitchen)
    tap(devices, "left")
    press(devices, "up")
    assert [cook.action(devices.held) for _ in range(3)] == [WEST, NORTH, NORTH]


def test_taps_that_go_together_are_one_action(tmp_path, devices):
    person = controls(tmp_path, COMPASS)
    tap(devices, "up", "left")
    assert [person.action(devices.held) for _ in range(2)] == [UP_LEFT, NONE]


def test_no_press_is_ever_lost(kitchen):
    """Random presses and releases, several a tick: each is an action in a tick not long after."""
    meaning = {"up": NORTH, "down": SOUTH, "left": WEST, "right": EAST, "space": INTERACT}
    for seed in range(30):
        rng, devices, cook = random.Random(seed), Devices(), load_controls(kitchen)
        for _ in range(60):
            tapped = rng.sample(list(meaning), rng.randint(0, 3))
            tap(devices, *tapped)
            done = [cook.action(devices.held) for _ in range(len(tapped) + 1)]
            assert done == [*(meaning[name] for name in tapped), STAY]


def test_losing_focus_with_keys_held_and_taps_waiting_gives_the_neutral_action(kitchen, devices):
    cook = load_controls(kitchen)
    press(devices, "left")
    tap(devices, "up", "space", "down")
    assert cook.action(devices.held) == NORTH
    devices.take(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    assert [cook.action(devices.held) for _ in range(3)] == [STAY] * 3
    let_go(devices, "left")
    assert cook.action(devices.held) == STAY
    assert not cook.raw(devices.held).any()
    press(devices, "left")
    assert cook.action(devices.held) == WEST


def test_a_press_right_after_focus_was_lost_counts(kitchen, devices):
    cook = load_controls(kitchen)
    cook.action(devices.held)
    devices.release()
    tap(devices, "space")
    assert cook.action(devices.held) == INTERACT


def test_what_was_pressed_before_the_game_began_does_nothing_in_it(kitchen, devices):
    cook = load_controls(kitchen)
    tap(devices, "space", "up")
    press(devices, "left")
    devices.settle()
    assert [cook.action(devices.held) for _ in range(2)] == [WEST, WEST]


def test_snapshots_without_numbers_will_do(kitchen):
    cook = load_controls(kitchen)
    held, nothing = Held(frozenset({"space"})), Held()
    done = [cook.action(h) for h in (held, held, nothing, held)]
    assert done == [INTERACT, STAY, STAY, INTERACT]
