"""Tables for actions of several components, switches and numbers, from keys, sticks and the pointer."""

import random

import numpy as np
import pygame
import pytest

from demos.window.controls.devices import Devices
from tests.demos.support.hands import (
    COMPASS,
    controls,
    let_go,
    plug,
    press,
    push,
    tap,
)


def test_multi_discrete_has_a_choice_a_component(tmp_path, devices):
    person = controls(
        tmp_path,
        """
        [[action]]
        component = 0
        do = 1
        keys = ["left"]
        [[action]]
        component = 0
        do = 2
        keys = ["right"]
        [[action]]
        component = 1
        do = 1
        keys = ["space"]
        once = true
        """,
        "multi-discrete",
    )
    press(devices, "left", "space")
    assert person.action(devices.held).tolist() == [1, 1]
    press(devices, "right")
    action = person.action(devices.held)
    assert action.tolist() == [2, 0]
    assert person.world.action_space.contains(action)
    assert person.unassigned == ()


def test_multi_binary_has_a_switch_a_bit(tmp_path, devices):
    text = """
        [[action]]
        bit = 0
        keys = ["a"]
        [[action]]
        bit = 2
        keys = ["a", "b"]
        once = true
        """
    person = controls(tmp_path, text, "multi-binary")
    press(devices, "a")
    assert [person.action(devices.held).tolist() for _ in range(2)] == [[1, 0, 1], [1, 0, 0]]
    let_go(devices, "a")
    tap(devices, "b")
    action = person.action(devices.held)
    assert action.tolist() == [0, 0, 1]
    assert person.world.action_space.contains(action)
    assert person.unassigned == ("bit 1",)


BOX = """
[[axis]]
component = 0
negative = ["left"]
positive = ["right"]
stick = "x"
label = "steer left / steer right"
[[axis]]
component = 1
positive = ["up"]
trigger = 5
ramp = 0.4
[[axis]]
component = 2
negative = ["a"]
positive = ["d"]
scale = 3.0
pointer = "y"
"""


def test_numbers_are_pushed_by_keys(tmp_path, devices):
    person = controls(tmp_path, BOX, "box")
    press(devices, "left", "d")
    action = person.action(devices.held)
    assert action.tolist() == [-1, 0, 3]
    assert action.dtype == np.float32
    press(devices, "right", "a")  # of both ends the last one pressed
    assert person.action(devices.held).tolist() == [1, 0, -3]
    let_go(devices, "right", "a", "left", "d")
    tap(devices, "right")
    assert [person.action(devices.held)[0] for _ in range(2)] == [1, 0]


def test_a_ramp_takes_its_time_and_ends_at_once_when_focus_is_lost(tmp_path, devices):
    person = controls(tmp_path, BOX, "box")  # a tick is 0.1 s
    press(devices, "up")
    pushed = [person.action(devices.held)[1] for _ in range(5)]
    assert pushed == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    let_go(devices, "up")
    assert person.action(devices.held)[1] == pytest.approx(0.75)
    devices.take(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    assert person.action(devices.held)[1] == 0


def test_sticks_have_a_round_dead_zone(tmp_path, devices):
    person = controls(tmp_path, BOX, "box", device="gamepad")
    plug(devices)
    values = {}
    for x, y in ((0.1, 0.1), (0.14, 0.14), (1.0, 0.0), (-1.0, 0.0), (0.575, 0.0), (0.7071, 0.7071)):
        push(devices, 0, x)
        push(devices, 1, y)
        values[x, y] = float(person.action(devices.held)[0])
    assert values[0.1, 0.1] == 0  # 0.141 from the middle
    assert values[0.14, 0.14] > 0  # 0.198 from the middle, though neither axis is beyond 0.15
    assert values[1.0, 0.0] == 1
    assert values[-1.0, 0.0] == -1
    assert values[0.575, 0.0] == pytest.approx(0.5)
    assert values[0.7071, 0.7071] == pytest.approx(0.7071, abs=1e-3)


def test_triggers_rest_before_they_are_touched_and_after(tmp_path, devices):
    person = controls(tmp_path, BOX, "box", device="gamepad")
    plug(devices)
    seen = [person.action(devices.held)[1]]
    for value in (-1.0, 1.0, 0.3, -1.0):
        push(devices, 5, value)
        seen.append(person.action(devices.held)[1])
    assert seen == pytest.approx([0, 0, 1, (0.65 - 0.15) / 0.85, 0])


def test_the_pointer_aims_unless_keys_are_pressed(tmp_path, devices):
    text = '[[axis]]\npointer = "x"\nnegative = ["left"]\n'
    person = controls(tmp_path, text, "box")
    assert person.action(devices.held)[0] == 0  # outside
    assert person.action(devices.held, (0.25, 0.9))[0] == -0.5
    area = pygame.Rect(0, 0, 101, 101)
    devices.take(
        pygame.event.Event(pygame.MOUSEMOTION, pos=(100, 50), rel=(0, 0), buttons=(0, 0, 0))
    )
    devices.aim(area)
    assert person.action(devices.held)[0] == 1
    assert person.raw(devices.held).tolist() == [0, 1, 0.5]
    press(devices, "left")
    assert person.action(devices.held)[0] == -1


def test_random_presses_always_give_actions_of_the_space(tmp_path):
    rng = random.Random(2)
    tables = {"discrete": COMPASS, "box": BOX, "multi-binary": "[[action]]\nbit = 1\nkeys = ['a']"}
    tables["multi-discrete"] = "[[action]]\ncomponent = 1\ndo = 1\nkeys = ['a']"
    for kind, text in tables.items():
        person, devices = controls(tmp_path, text, kind), Devices()
        for _ in range(300):
            for _ in range(rng.randint(0, 4)):
                act = rng.choice([press, let_go, tap])
                act(devices, rng.choice(["a", "d", "up", "left", "right", "space"]))
            if rng.random() < 0.05:
                devices.release()
            assert person.world.action_space.contains(person.action(devices.held))
            raw = person.raw(devices.held)
            assert raw.dtype == np.float32
            assert raw.shape == (len(person.raw_names),)
            assert np.isfinite(raw).all()
