"""Taking over and handing back, to the step: keys, short taps, T, sticks, triggers and the mouse."""

import numpy as np
import pygame
import pytest

from demos.data.episodes.episode import Actor
from demos.sessions.game.takeover import Takeover
from demos.sessions.match.match import Match
from demos.window.controls.controls import load_controls
from demos.window.controls.devices import Devices
from environments.catalog import make_world
from tests.demos.support.hands import button, controls, key, let_go, plug, press, push, tap

KITCHEN = make_world("gpo/Kitchen-v0")
STAY, EAST, CHOICE = KITCHEN.action_names.index("stay"), KITCHEN.action_names.index("east"), 5


class Hands:
    """Somebody who watches an agent, and what happens in each step.

    Args:
        table: the person's controls; those of the kitchen if None.
        settle: steps.
    """

    def __init__(self, table=None, settle=2):
        pygame.display.init()
        self.devices = Devices(lambda number: None)
        self.takeover = Takeover(table or load_controls(KITCHEN), 0.1, settle / 10)
        self.devices.settle()

    def step(self):
        """Who drives in the next step, and what they do."""
        action = self.takeover.action(self.devices.held)
        return self.takeover.driver, CHOICE if action is None else action

    def drivers(self, steps):
        return [self.step()[0] for _ in range(steps)]


@pytest.fixture
def hands():
    made = []

    def make(*told, **named):
        made.append(Hands(*told, **named))
        return made[-1]

    yield make
    pygame.display.quit()


H, A = Actor.HUMAN, Actor.AGENT


def test_the_agent_drives_until_a_key_is_held_and_again_after_the_settling_time(hands):
    they = hands()
    assert they.drivers(2) == [A, A]
    press(they.devices, "right")
    assert they.step() == (H, EAST)
    assert they.step() == (H, EAST)
    let_go(they.devices, "right")
    assert they.step() == (H, STAY)
    assert they.step() == (H, STAY)
    assert they.step() == (A, CHOICE)
    assert they.takeover.interventions == 1


def test_a_tap_shorter_than_a_step_takes_over_and_is_done(hands):
    they = hands(settle=1)
    tap(they.devices, "right")
    assert they.step() == (H, EAST)
    assert they.step() == (H, STAY)
    assert they.step() == (A, CHOICE)


def test_taps_within_the_settling_time_are_one_intervention(hands):
    they = hands(settle=3)
    for _ in range(4):
        tap(they.devices, "right")
        assert they.drivers(3) == [H, H, H]
    assert they.takeover.interventions == 1
    assert they.drivers(2) == [H, A]


def test_without_a_settling_time_the_agent_drives_at_once(hands):
    they = hands(settle=0)
    tap(they.devices, "right")
    assert they.drivers(2) == [H, A]


def test_t_takes_over_to_do_nothing(hands):
    they = hands(settle=0)
    press(they.devices, "t")
    assert they.step() == (H, STAY)
    press(they.devices, "right")
    assert they.step() == (H, EAST)
    let_go(they.devices, "right", "t")
    assert they.step() == (A, CHOICE)
    tap(they.devices, "t")
    assert they.drivers(2) == [H, A]


def test_other_keys_and_old_presses_take_nothing_over(hands):
    they = hands()
    tap(they.devices, "x")
    assert they.drivers(1) == [A]
    tap(they.devices, "right", "t")
    they.devices.settle()  # the game begins after that
    assert they.drivers(2) == [A, A]


def test_a_game_begins_with_the_agent_at_the_wheel(hands):
    they = hands(settle=5)
    tap(they.devices, "right")
    they.step()
    they.takeover.begin()
    assert they.takeover.driver is A
    assert they.drivers(1) == [A]
    assert they.takeover.interventions == 0


AXES = """
[[axis]]
component = 0
stick = "x"
across = 1
[[axis]]
component = 1
trigger = 5
[[axis]]
component = 2
scale = 1.0
pad_positive = ["button 2"]
"""


def test_a_stick_takes_over_outside_of_its_dead_zone_and_a_trigger_at_rest_does_not(
    hands, tmp_path
):
    they = hands(controls(tmp_path, AXES, "box", device="gamepad"), settle=0)
    plug(they.devices)
    push(they.devices, 0, 0.1)
    assert they.drivers(1) == [A]
    push(they.devices, 5, -1.0)  # where triggers rest
    assert they.drivers(1) == [A]
    push(they.devices, 0, 0.4)
    assert they.drivers(2) == [H, H]
    push(they.devices, 0, 0.0)
    assert they.drivers(1) == [A]
    push(they.devices, 5, 0.2)
    assert they.drivers(1) == [H]
    push(they.devices, 5, -1.0)
    button(they.devices, 2)
    assert they.drivers(1) == [H]
    button(they.devices, 2, down=False)
    assert they.drivers(1) == [A]


POINTED = """
[[axis]]
component = 0
pointer = "x"
[[axis]]
component = 2
scale = 1.0
positive = ["w"]
"""


def test_a_mouse_takes_over_while_it_moves(hands, tmp_path):
    they = hands(controls(tmp_path, POINTED, "box"), settle=1)
    area = pygame.Rect(0, 0, 101, 101)

    def move(x):
        they.devices.take(pygame.event.Event(pygame.MOUSEMOTION, pos=(x, 50)))
        they.devices.aim(area)

    move(20)
    assert they.drivers(2) == [A, A]
    move(40)
    assert they.step()[0] is H
    assert they.drivers(2) == [H, A]
    they.devices.take(key("w"))
    assert they.drivers(1) == [H]


class Diary:
    """What a player knows of what was done."""

    def __init__(self):
        self.done = []

    def act(self, actions):
        self.done.append(actions.tolist())


class Pusher:
    """Always pushes to the left, and remembers what was done instead."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.zeros(1, np.int64), state or Diary()


def test_the_agent_is_asked_in_every_step_and_told_what_was_done_until_one_goes_back():
    match = Match(make_world("gpo/Balance-v0"), [Pusher()])
    match.begin(1)
    match.step()
    assert match._memory[0].done == []
    match.step({0: 1})
    match.step({0: 1})
    assert match._memory[0].done == [[1], [1]]
    assert match.asked.tolist() == [1]
    match.back()
    assert match._memory[0].done == [[1]]
    match.step()
    assert match.asked.tolist() == [0]
    assert match._memory[0].done == [[1]], "and what is done otherwise now was never done"
    match.close()


def test_the_settling_time_is_in_seconds():
    table = load_controls(KITCHEN)
    for tick, settle, steps in ((0.15, 0.3, 2), (0.02, 0.3, 15), (0.25, 0.3, 2), (0.1, 0.0, 0)):
        assert Takeover(table, tick, settle).settle == steps
