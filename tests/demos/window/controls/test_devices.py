"""What is held follows from events alone, and nothing stays held that should not."""

import random

import pygame

from demos.window.controls.devices import Devices, Held
from tests.demos.support.hands import button, hat, key, let_go, plug, press, push, tap, unplug


def lose_focus(devices):
    devices.take(pygame.event.Event(pygame.WINDOWFOCUSLOST))


def test_held_keys_are_those_pressed_and_not_let_go(devices):
    """Any order of presses and releases, with focus lost in between, against a plain set."""
    rng = random.Random(4)
    names = ["left", "right", "space", "a", "left shift"]
    expected: set[str] = set()
    for _ in range(3000):
        name = rng.choice(names)
        what = rng.random()
        if what < 0.45:
            press(devices, name)
            expected.add(name)
        elif what < 0.9:
            let_go(devices, name)  # also of what is not held
            expected.discard(name)
        elif what < 0.95:
            lose_focus(devices)
            expected.clear()
        else:
            devices.take(pygame.event.Event(pygame.USEREVENT))
        assert devices.held.keys == expected
        assert devices.held.down == {f"key {name}" for name in expected}


def test_every_press_has_a_number_of_its_own_in_order(devices):
    tap(devices, "a")
    press(devices, "left")
    tap(devices, "a")
    presses = devices.held.presses
    assert presses["key left"] < presses["key a"]
    assert devices.held.keys == {"left"}


def test_a_snapshot_does_not_change(devices):
    press(devices, "left")
    held = devices.held
    press(devices, "right")
    let_go(devices, "left")
    assert held.keys == {"left"}
    assert "key right" not in held.presses


def test_losing_focus_lets_go_of_everything(devices):
    plug(devices)
    press(devices, "left")
    push(devices, 0, 0.9)
    button(devices, 2)
    hat(devices, (1, 0))
    devices.take(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(1, 1)))
    assert len(devices.held.down) == 5
    lose_focus(devices)
    assert devices.held.down == frozenset()
    assert devices.held.pads[0].axes[0] == 0


def test_what_is_still_down_after_focus_was_lost_comes_back_only_when_pressed_anew(devices):
    plug(devices)
    press(devices, "left")
    push(devices, 0, 0.9)
    hat(devices, (1, 0))
    lose_focus(devices)
    push(devices, 0, 0.88)  # a stick trembles
    hat(devices, (1, 1))  # another direction joins the one still held
    assert devices.held.down == {"pad0 hat 0 up"}
    let_go(devices, "left")
    push(devices, 0, 0.02)
    push(devices, 0, 0.9)
    hat(devices, (0, 0))
    hat(devices, (1, 0))
    press(devices, "left")
    assert devices.held.down == {"key left", "pad0 axis 0 +", "pad0 hat 0 right"}


def test_a_stick_that_swings_over_while_let_go_counts(devices):
    plug(devices)
    push(devices, 0, 0.9)
    devices.release()
    push(devices, 0, -0.9)
    assert devices.held.down == {"pad0 axis 0 -"}


def test_settling_keeps_what_is_held_and_makes_presses_old(devices):
    press(devices, "left")
    devices.settle()
    held = devices.held
    assert held.keys == {"left"}
    assert held.presses["key left"] < held.since


def test_the_pointer_lies_in_the_drawing(devices):
    area = pygame.Rect(100, 50, 201, 101)
    assert devices.aim(area) is None
    devices.take(
        pygame.event.Event(pygame.MOUSEMOTION, pos=(100, 50), rel=(0, 0), buttons=(0, 0, 0))
    )
    assert devices.aim(area) == (0, 0)
    devices.take(
        pygame.event.Event(pygame.MOUSEMOTION, pos=(300, 100), rel=(0, 0), buttons=(0, 0, 0))
    )
    assert devices.aim(area) == (1, 0.5)
    assert devices.held.pointer == (1, 0.5)
    devices.take(
        pygame.event.Event(pygame.MOUSEMOTION, pos=(400, 100), rel=(0, 0), buttons=(0, 0, 0))
    )
    assert devices.aim(area) is None
    assert devices.held.pointer is None


def test_a_pad_in_use_that_is_unplugged_is_missing_until_it_is_back(devices):
    plug(devices)
    assert devices.missing == ()
    button(devices, 0)
    unplug(devices)
    assert devices.missing == (0,)
    assert devices.held.pads == {}
    assert not devices.held.down
    button(devices, 0)  # from nowhere
    assert not devices.held.down
    plug(devices, instance=9)  # SDL gives it another number
    assert devices.missing == ()
    button(devices, 1, instance=9)
    assert devices.held.pads[0].buttons == {1}


def test_a_pad_that_nobody_touched_is_not_missed(devices):
    plug(devices)
    push(devices, 5, -1.0)  # a trigger at rest
    unplug(devices)
    assert devices.missing == ()


def test_a_pad_that_is_expected_is_missing_from_the_beginning(devices):
    devices.expect(0)
    assert devices.missing == (0,)
    plug(devices)
    assert devices.missing == ()


def test_pads_come_back_to_their_own_places(devices):
    for instance, guid in ((1, "xbox"), (2, "sony")):
        plug(devices, instance, guid, guid)
        button(devices, 0, instance=instance)
    unplug(devices, 1)
    unplug(devices, 2)
    assert devices.missing == (0, 1)
    plug(devices, 3, "sony", "sony")
    assert devices.missing == (0,)
    plug(devices, 4, "other", "other")  # a stranger takes nobody's place
    assert devices.missing == (0,)
    plug(devices, 5, "xbox on another port", "xbox")  # by its name
    assert devices.missing == ()
    button(devices, 3, instance=3)
    button(devices, 5, instance=5)
    assert {pad: devices.held.pads[pad].buttons for pad in (0, 1)} == {0: {5}, 1: {3}}


class RealPad:
    """What pygame hands out for a pad that it finds."""

    def __init__(self, index):
        if index > 0:
            raise pygame.error("no such pad")

    def get_instance_id(self):
        return 40

    def get_guid(self):
        return "real"

    def get_name(self):
        return "Real Pad"

    def get_numaxes(self):
        return 6

    def get_numhats(self):
        return 1


def test_a_real_pad_is_opened_once_and_kept():
    devices = Devices(open_pad=RealPad)
    added = pygame.event.Event(pygame.JOYDEVICEADDED, device_index=0, guid="real")
    for _ in range(2):  # SDL tells twice of pads that are there from the beginning
        devices.take(added)
    assert list(devices.held.pads) == [0]
    assert len(devices.held.pads[0].axes) == 6
    assert devices.pad_name(0) == "Real Pad"
    button(devices, 0, instance=40)
    assert devices.held.down == {"pad0 button 0"}


def test_a_pad_that_is_gone_before_it_is_opened_is_no_pad():
    devices = Devices(open_pad=RealPad)
    devices.take(pygame.event.Event(pygame.JOYDEVICEADDED, device_index=3, guid="x"))
    assert devices.held.pads == {}


def test_presses_on_pads_and_mouse_have_names(devices):
    plug(devices)
    push(devices, 1, -0.7)
    push(devices, 0, 0.3)  # not far enough to be a press
    hat(devices, (-1, 1))
    devices.take(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=3, pos=(0, 0)))
    assert devices.held.down == {
        "pad0 axis 1 -", "pad0 hat 0 left", "pad0 hat 0 up", "mouse 3",
    }  # fmt: skip
    assert devices.held.presses.keys() == devices.held.down


def test_a_key_is_held_as_pygame_calls_it(devices):
    devices.take(key("[7]"))
    assert devices.held == Held(frozenset({"[7]"}), presses={"key [7]": 1})
