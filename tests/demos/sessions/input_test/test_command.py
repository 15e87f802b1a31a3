"""`gpo controls`: the table as text, a copy to edit, and the screen on which it is tried."""

import pygame
import pytest

import gpo
from demos.sessions.input_test import session as device_test
from demos.sessions.input_test.command import controls_command
from demos.sessions.input_test.options import ControlsOptions
from demos.sessions.input_test.session import DeviceTest, run_test
from demos.window.controls.controls import load_controls, load_everybody
from demos.window.controls.devices import Devices
from demos.window.script import Script
from demos.window.window import LEAST
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.demos.support.hands import NAME, key, press, tap

LIT = (255, 196, 61)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_table_is_shown_for_both_devices(capsys):
    assert controls_command(ControlsOptions("gpo/Kitchen-v0")) == 0
    shown = capsys.readouterr().out
    for words in (
        "gpo/Kitchen-v0: keyboard",
        "gpo/Kitchen-v0: gamepad",
        "w, up arrow",
        "dpad left",
    ):
        assert words in shown
    assert "gpo controls gpo/Kitchen-v0 --edit" in shown


def test_the_table_of_the_second_person_is_shown(capsys):
    controls_command(ControlsOptions("gpo/Kitchen-v0", "keyboard", 2))
    shown = capsys.readouterr().out
    assert "person 2 of two" in shown
    assert "right ctrl" in shown
    assert "gamepad" not in shown


def test_a_copy_to_edit_is_the_table_and_is_used_from_then_on(folder, capsys):
    controls_command(ControlsOptions("gpo/Kitchen-v0", edit=True))
    own = folder / "controls" / "Kitchen-v0.toml"
    assert "Wrote controls/Kitchen-v0.toml" in capsys.readouterr().out
    person = load_controls(make_world("gpo/Kitchen-v0"))
    assert person.path.resolve() == own
    own.write_text(own.read_text().replace('"e"', '"q"'))
    controls_command(ControlsOptions("gpo/Kitchen-v0", edit=True))  # what is there is left alone
    assert "is there already" in capsys.readouterr().out
    assert '"q"' in own.read_text()
    controls_command(ControlsOptions("gpo/Kitchen-v0", "keyboard"))
    assert "space, q" in capsys.readouterr().out


def test_a_world_without_a_table_gets_one_that_works(folder, capsys):
    with pytest.raises(UserError, match=f"No controls are known for {NAME}"):
        controls_command(ControlsOptions(NAME))
    controls_command(ControlsOptions(NAME, edit=True))
    assert (folder / "controls" / "tests.demos.support.hands-Toy.toml").is_file()
    assert controls_command(ControlsOptions(NAME)) == 0
    assert "action" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--player=3", "--player: '3' is none of its values; give 1 or 2"),
        ("--device=wheel", "wheel"),
    ],
)
def test_players_and_devices_that_do_not_exist_are_refused(option, said, capsys):
    assert gpo.main(["controls", "gpo/Kitchen-v0", option]) == 2
    assert said in capsys.readouterr().err


# ------------------------------------------------------------------ the screen


SCRIPT = """
[[event]]
at = 0.1
press = "left"
seconds = 0.2
[[event]]
at = 0.1
pad = 0
axis = 0
value = 1.0
[[event]]
at = 0.3
pad = 0
axis = 0
value = 0.0
[[event]]
at = 0.6
press = "space"
[[event]]
at = 1.2
key = "z"
down = true
"""


def lit(picture):
    """How many of a picture's pixels are lit as what is pressed is."""
    return int((pygame.surfarray.array3d(picture) == LIT).all(axis=2).sum())


SIZES = [(640, 480), (1920, 1080), (480, 900)]
PEOPLE = ["keyboard", "gamepad", "keyboard keyboard", "keyboard gamepad"]


def each_screen():
    """All devices and all sizes, each device at one size in turn; the others are slow."""
    for w, who in enumerate(PEOPLE):
        for s, size in enumerate(SIZES):
            marks = [] if s == w % len(SIZES) else [pytest.mark.slow]
            yield pytest.param(who, size, marks=marks)


@pytest.mark.parametrize(("who", "size"), each_screen())
def test_the_screen_lights_what_is_pressed(size, who, folder, monkeypatch):
    monkeypatch.setattr(device_test, "SIZE", size)
    (folder / "script.toml").write_text(SCRIPT)
    counts = {}

    def seen(picture, now):
        assert picture.get_size() == tuple(map(max, size, LEAST))  # a smaller window shrinks it
        counts[round(now, 2)] = lit(picture)

    world = make_world("gpo/Kitchen-v0")
    run_test(world, load_everybody(world, who.split()), Script.read("script.toml"), seen)
    assert counts[0.25] > 2 * counts[0.05]  # a key or a stick, and the action's name
    assert max(counts) >= 1.4
    assert not pygame.display.get_init()


def test_the_screen_shows_the_composed_action_and_lets_short_ones_linger():
    world, devices = make_world("gpo/Kitchen-v0"), Devices()
    test = DeviceTest(world, [load_controls(world)], devices)
    surface = pygame.Surface((640, 480))
    test.start(-world.tick)
    tap(devices, "space")
    test.advance(0.0)
    test.advance(0.15)
    assert test.actions == [4]  # the press is over
    test.draw_on(surface, 0.2)
    lingering = lit(surface)
    test.draw_on(surface, 0.5)
    assert lingering > 0
    press(devices, "left")
    test.advance(0.5)
    assert test.actions == [3]


def test_escape_and_closing_the_window_end_it():
    world = make_world("gpo/Kitchen-v0")
    for event in (key("escape"), pygame.event.Event(pygame.QUIT)):
        test = DeviceTest(world, [load_controls(world)], Devices())
        test.take(key("a"), 0.0)
        assert not test.over
        test.take(event, 0.0)
        assert test.over


def test_where_nobody_would_see_the_window_it_says_so():
    with pytest.raises(UserError, match="shows no window: unset it, or type `gpo controls gpo/Kit"):
        controls_command(
            ControlsOptions("gpo/Kitchen-v0", test=True)
        )  # the tests run on SDL's dummy driver
    assert not pygame.display.get_init()


def test_without_a_window_it_says_so(monkeypatch):
    def refuse(*_):
        raise pygame.error("No available video device")

    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setattr(pygame.display, "init", refuse)
    with pytest.raises(UserError, match=r"No window can be opened \(No available video device\)"):
        controls_command(ControlsOptions("gpo/Kitchen-v0", test=True))
