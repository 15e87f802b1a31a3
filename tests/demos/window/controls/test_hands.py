"""Gamepads, two people at one machine, and the raw state that is recorded of them."""

from demos.window.controls.controls import load_controls, load_everybody
from tests.demos.support.hands import (
    button,
    hat,
    plug,
    press,
    push,
)

NORTH, SOUTH, EAST, WEST, STAY, INTERACT = range(6)


def test_a_gamepad_cooks(kitchen, devices):
    cook = load_controls(kitchen, "gamepad")
    plug(devices)
    push(devices, 0, -0.8)
    assert cook.action(devices.held) == WEST
    hat(devices, (0, 1))
    assert cook.action(devices.held) == NORTH
    hat(devices, (0, 0))
    button(devices, 0)
    assert [cook.action(devices.held) for _ in range(2)] == [INTERACT, WEST]
    push(devices, 0, 0.0)
    button(devices, 12)  # a d-pad of buttons
    assert cook.action(devices.held) == SOUTH
    button(devices, 12, down=False)
    push(devices, 0, 1.0)
    push(devices, 0, 0.0)  # flicked between two ticks
    assert [cook.action(devices.held) for _ in range(2)] == [EAST, STAY]
    press(devices, "left")
    assert cook.action(devices.held) == STAY  # the keyboard is somebody else's


def test_two_people_at_one_keyboard(kitchen, devices):
    first, second = load_everybody(kitchen, ["keyboard", "keyboard"])
    press(devices, "w", "left", "right ctrl")
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, WEST]
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, INTERACT]
    press(devices, "space")
    assert [first.action(devices.held), second.action(devices.held)] == [INTERACT, WEST]
    assert not {*first.raw_names} & {*second.raw_names}


def test_one_at_the_keyboard_and_one_with_a_pad(kitchen, devices):
    first, second = load_everybody(kitchen, ["keyboard", "gamepad"])
    plug(devices)
    press(devices, "up")
    button(devices, 13)
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, WEST]


def test_two_pads(kitchen, devices):
    first, second = load_everybody(kitchen, ["gamepad", "gamepad"])
    plug(devices, 1, "a")
    plug(devices, 2, "b")
    button(devices, 11, instance=1)
    button(devices, 12, instance=2)
    assert [first.action(devices.held), second.action(devices.held)] == [NORTH, SOUTH]


def test_the_raw_state_holds_what_the_table_reads(kitchen, devices):
    cook = load_controls(kitchen, "gamepad")
    plug(devices)
    push(devices, 0, -0.75)
    raw = dict(zip(cook.raw_names, cook.raw(devices.held).tolist(), strict=True))
    assert raw["pad0 axis 0"] == -0.75
    assert raw["pad0 axis 0 -"] == 1
    assert raw["pad0 button 0"] == 0
    cook.action(devices.held)
    button(devices, 0)
    button(devices, 0, down=False)
    held = devices.held
    place = cook.raw_names.index("pad0 button 0")
    assert cook.raw(held)[place] == 1  # before it is acted on
    cook.action(held)
    assert cook.raw(held)[place] == 1  # and after
    cook.action(devices.held)
    assert cook.raw(devices.held)[place] == 0
