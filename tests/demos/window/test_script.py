"""A script becomes the events that a person would have caused, and its mistakes are told by number."""

import signal

import pygame
import pytest

from demos.window.controls.devices import Devices
from demos.window.script import Script
from environments.system.errors import UserError


@pytest.fixture
def write(tmp_path):
    path = tmp_path / "script.toml"

    def written(text):
        path.write_text(text)
        return Script.read(path)

    return written


def told(events):
    return [
        (pygame.event.event_name(e.type), pygame.key.name(e.key) if hasattr(e, "key") else None)
        for e in events
    ]


def test_events_come_in_the_order_of_their_times(write):
    script = write(
        """
        [[event]]
        at = 1.0
        key = "left"
        down = true
        [[event]]
        at = 0.5
        press = "space"
        seconds = 0.5
        [[event]]
        at = 1.0
        key = "left"
        down = false
        [[event]]
        at = 2.0
        quit = true
        """
    )
    assert script.next_at == 0.5
    assert script.due(0.4) == []
    assert told(script.due(0.5)) == [("KeyDown", "space")]
    assert script.due(0.9) == []
    expected = [("KeyDown", "left"), ("KeyUp", "space"), ("KeyUp", "left")]
    assert sorted(told(script.due(1.5))) == sorted(expected)
    assert not script.done
    assert told(script.due(9.0)) == [("Quit", None)]
    assert script.done
    assert script.end == 2.0


def test_events_of_one_moment_stay_in_the_order_of_the_file(write):
    names = ["a", "c", "b", "left", "space"]
    script = write("".join(f'[[event]]\nat = 1\nkey = "{n}"\ndown = true\n' for n in names))
    assert [name for _, name in told(script.due(1.0))] == names


def test_events_pass_through_the_queue_of_the_window_into_the_devices(write):
    script = write(
        """
        [[event]]
        at = 0
        key = "left"
        down = true
        [[event]]
        at = 0
        pad = 1
        axis = 0
        value = -1
        [[event]]
        at = 0
        pad = 1
        hat = 0
        value = [0, 1]
        [[event]]
        at = 0
        pad = 1
        button = 3
        down = true
        [[event]]
        at = 0
        mouse = [20, 30]
        button = 1
        down = true
        """
    )
    pygame.display.init()
    pygame.event.clear()
    for event in script.due(0.0):
        pygame.event.post(event)
    devices = Devices()
    for event in pygame.event.get():
        devices.take(event)
    pygame.display.quit()
    assert devices.held.down == {
        "key left", "mouse 1", "pad0 axis 0 -", "pad0 button 3", "pad0 hat 0 up",
    }  # fmt: skip
    assert devices.aim(pygame.Rect(20, 30, 5, 5)) == (0, 0)


def test_pads_are_there_from_the_beginning_unless_they_are_plugged_in_first(write):
    script = write("[[event]]\nat = 2\npad = 0\nbutton = 1\n[[event]]\nat = 3\nunplug = 0\n")
    (added,) = script.due(0.0)
    assert added.type == pygame.JOYDEVICEADDED
    script = write("[[event]]\nat = 1\nplug = 0\n[[event]]\nat = 2\npad = 0\nbutton = 1\n")
    assert script.due(0.5) == []
    assert [event.type for event in script.due(1.0)] == [pygame.JOYDEVICEADDED]


def test_a_pad_is_unplugged_and_back_with_its_number(write):
    script = write(
        """
        [[event]]
        at = 1
        pad = 0
        button = 0
        [[event]]
        at = 2
        unplug = 0
        [[event]]
        at = 3
        plug = 0
        [[event]]
        at = 4
        pad = 0
        button = 5
        down = true
        """
    )
    devices, missing = Devices(), []
    for now in range(5):
        for event in script.due(now + 0.5):
            devices.take(event)
        missing.append(devices.missing)
    assert missing == [(), (), (0,), (), ()]
    assert devices.held.pads[0].buttons == {5}


def test_focus_is_lost_and_found(write):
    script = write("[[event]]\nat = 0\nfocus = false\n[[event]]\nat = 0\nfocus = true\n")
    kinds = [event.type for event in script.due(0)]
    assert kinds == [pygame.WINDOWFOCUSLOST, pygame.WINDOWFOCUSGAINED]


def test_a_signal_comes_between_the_events_around_it(write):
    script = write(
        '[[event]]\nat = 0\nkey = "a"\ndown = true\n[[event]]\nat = 0\nsignal = "SIGTERM"\n'
        '[[event]]\nat = 0\nkey = "a"\ndown = false\n'
    )
    caught = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: caught.append(number))
    try:
        assert told(script.due(0)) == [("KeyDown", "a")]
        assert caught == []
        assert script.due(0) == []
        assert caught == [signal.SIGTERM]
        assert told(script.due(0)) == [("KeyUp", "a")]
    finally:
        signal.signal(signal.SIGTERM, before)


WRONG = {
    "key = 'a'\ndown = true": "it lacks 'at'",
    "at = -1\nkey = 'a'\ndown = true": "at = -1: give a number from 0 on",
    "at = 'now'\nquit = true": "at = 'now': give a number",
    "at = inf\nquit = true": "at = inf: give a number",
    "at = 1": "it must say one of key, press",
    "at = 1\nkey = 'a'\npress = 'b'": "it has key and press",
    "at = 1\nkey = 'a'": "a key goes down = true or down = false",
    "at = 1\nkey = 'a'\ndown = 1": "down = 1: it is true or false",
    "at = 1\nkey = 'lfet'\ndown = true": "there is no key 'lfet': did you mean 'left'?",
    "at = 1\npress = 3": "a key is a name such as 'left', not 3",
    "at = 1\npress = 'a'\nsecnds = 1": "there is no 'secnds': did you mean 'seconds'?",
    "at = 1\npress = 'a'\nvalue = 1": "'value' says nothing about 'press'",
    "at = 1\npress = 'a'\nseconds = -1": "seconds = -1: give a number from 0 on",
    "at = 1\nkey = 'a'\ndown = true\nseconds = 1": "down and seconds do not go together",
    "at = 1\npad = 0": "a pad's event has one of button, axis or hat",
    "at = 1\npad = 0\nbutton = 1\naxis = 1": "a pad's event has one of button, axis or hat",
    "at = 1\npad = -1\nbutton = 1": "pad = -1: give a whole number, 0 to 255",
    "at = 1\npad = 0\naxis = 0": "an axis has a value from -1 to 1, not None",
    "at = 1\npad = 0\naxis = 0\nvalue = 2": "an axis has a value from -1 to 1, not 2",
    "at = 1\npad = 0\naxis = 0\nvalue = 1\ndown = true": "'down' is for buttons",
    "at = 1\npad = 0\nbutton = 0\nvalue = 1": "a button has no value",
    "at = 1\npad = 0\nhat = 0\nvalue = [0, 2]": "a hat has a value such as [0, 1]",
    "at = 1\nmouse = 5": "the mouse is at a place such as [320, 240]",
    "at = 1\nmouse = [5, 5]\ndown = true": "'down' is for buttons: add button = 1",
    "at = 1\nplug = 0\nname = 3": "a pad's name is a word, not 3",
    "at = 1\nfocus = 0": "focus = 0: it is true or false",
    "at = 1\nquit = false": "quit = false says nothing",
    "at = 1\nsignal = 'SIGFOO'": "there is no signal 'SIGFOO' here: SIGINT",
}


@pytest.mark.parametrize(("text", "sentence"), WRONG.items())
def test_a_mistake_is_told_with_the_number_of_its_event(write, text, sentence):
    with pytest.raises(UserError) as caught:
        write(f"[[event]]\nat = 0\npress = 'a'\n[[event]]\n{text}\n")
    said = str(caught.value)
    assert "script.toml: [[event]] number 2: " in said
    assert sentence in said
    assert "\n" not in said


def test_what_no_script_can_hold_is_told_with_its_file(write):
    with pytest.raises(
        UserError, match=r"^The script .*script\.toml holds nan, which is no number\.$"
    ):
        write("[[event]]\nat = nan\nquit = true\n")


@pytest.mark.parametrize(
    "text", ["event = 3", "event = [1]", "x = 1\n[[event]]\nat = 1\nquit = true", ""]
)
def test_what_is_no_list_of_events_is_refused(write, text):
    with pytest.raises(UserError, match=r"must be a list of \[\[event\]\] and nothing else"):
        write(text)


def test_what_cannot_be_read_is_refused(write, tmp_path):
    with pytest.raises(UserError, match="is not TOML"):
        write("[[event]\n")
    with pytest.raises(UserError, match="cannot be read: No such file"):
        Script.read(tmp_path / "none.toml")
