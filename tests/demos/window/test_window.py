"""The window: refused with a sentence where nobody could see it, and of a size that can be drawn on."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pygame
import pytest

import gpo
from demos.window.display import draw_in_memory, require_display
from demos.window.drawing.widgets import fit_rect
from demos.window.window import LEAST, AppWindow
from environments.system.errors import UserError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def no_screen(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")


def test_the_window_is_drawn_in_memory_unless_the_person_says_otherwise(monkeypatch):
    """An environment that renders with OpenGL in this process would take the window's context away."""
    monkeypatch.delenv("SDL_FRAMEBUFFER_ACCELERATION", raising=False)
    monkeypatch.setenv("SDL_RENDER_DRIVER", "opengl")
    told, real = [], pygame.display.init

    def init():
        told.append(os.environ.copy())
        real()

    monkeypatch.setattr(pygame.display, "init", init)
    with AppWindow("test", headless=True):
        pass
    assert told[0]["SDL_FRAMEBUFFER_ACCELERATION"] == "0"
    assert told[0]["SDL_RENDER_DRIVER"] == "opengl"
    monkeypatch.delenv("SDL_RENDER_DRIVER")
    draw_in_memory()
    assert os.environ["SDL_RENDER_DRIVER"] == "software"


def test_no_screen_is_said_in_a_sentence_with_a_way_out(no_screen):
    with pytest.raises(UserError, match=r"no screen .* use --headless with --script FILE"):
        AppWindow("test")


@pytest.mark.parametrize(
    ("command", "name", "told"),
    [
        (
            "record",
            "gpo/Kichen-v0",
            "There is no world 'gpo/Kichen-v0': did you mean 'gpo/Kitchen-v0'?",
        ),
        ("watch", "gpo/Kichen-v0", "There is no world 'gpo/Kichen-v0'"),
        ("watch", "gone.safetensors", "There is no agent at gone.safetensors"),
        ("play", "gone.onnx", "There is no agent at gone.onnx"),
        ("record", "gpo/Kitchen-v0", "There is no screen"),
    ],
)
def test_a_name_of_nothing_is_said_before_the_screen_is(no_screen, capsys, command, name, told):
    assert gpo.main([command, name]) == 2
    assert told in capsys.readouterr().err


def test_a_screen_on_another_machine_that_does_not_answer_is_said(no_screen, monkeypatch):
    monkeypatch.setenv("DISPLAY", "127.0.0.1:5959.0")
    with pytest.raises(UserError, match=r"DISPLAY=127\.0\.0\.1:5959\.0 does not answer"):
        require_display("log in")


@pytest.mark.parametrize("driver", ["dummy", "offscreen"])
def test_a_driver_that_shows_nothing_is_refused_unless_it_is_meant(monkeypatch, driver):
    monkeypatch.setenv("SDL_VIDEODRIVER", driver)
    with pytest.raises(UserError, match=f"SDL_VIDEODRIVER is '{driver}', which shows no window"):
        AppWindow("test")


def test_a_dead_screen_of_this_machine_is_no_window(no_screen, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":5959")
    with pytest.raises(UserError, match="window can be opened"):
        AppWindow("test")


def test_without_a_screen_nothing_heavy_is_loaded_before_it_is_said():
    code = (
        "import sys\n"
        "from demos.sessions.record.command import record_command\n"
        "from demos.sessions.record.options import RecordOptions\n"
        "from environments.system.errors import UserError\n"
        "try: record_command(RecordOptions('gpo/Kitchen-v0'))\n"
        "except UserError as problem: print(problem)\n"
        "heavy = {'torch', 'numba', 'pygame', 'pyarrow', 'minari', 'numpy'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    environment = {"PATH": "/usr/bin", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("There is no screen to open a window on")
    assert len(run.stdout.strip().splitlines()) == 1


def test_headless_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    with AppWindow("test", (800, 600), headless=True) as stage:
        assert stage.surface.get_size() == (800, 600)
        assert pygame.display.get_driver() == "dummy"
    import os

    assert "SDL_VIDEODRIVER" not in os.environ
    assert not pygame.display.get_init()


def test_a_tiny_window_is_drawn_on_at_a_readable_size_and_the_pointer_follows():
    with AppWindow("test", (320, 240), headless=True) as stage:
        surface = stage.surface
        assert surface.get_size() == LEAST
        surface.fill((200, 10, 10))
        stage.show()
        whole = pygame.display.get_surface()
        assert whole is not None
        assert tuple(whole.get_at((160, 120)))[:3] == (200, 10, 10)
        event = stage.filter_event(
            pygame.event.Event(pygame.MOUSEMOTION, pos=(160, 120), rel=(0, 0), buttons=(0, 0, 0))
        )
        assert event is not None
        assert event.pos == (320, 240)


def test_f11_is_the_windows_own_and_leads_there_and_back():
    with AppWindow("test", (800, 600), headless=True) as stage:
        press = pygame.event.Event(pygame.KEYDOWN, key=pygame.K_F11)
        states = []
        for _ in range(2):
            assert stage.filter_event(press) is None
            states.append(stage.full_screen)
        assert states == [True, False]
        assert stage.surface.get_size() == (800, 600)


def test_going_full_screen_is_no_loss_of_focus_unless_it_lasts(monkeypatch):
    with AppWindow("test", (640, 480), headless=True) as stage:
        now = 100.0
        monkeypatch.setattr("demos.window.window.time.monotonic", lambda: now)
        lost, gained = map(pygame.event.Event, (pygame.WINDOWFOCUSLOST, pygame.WINDOWFOCUSGAINED))
        stage.headless = False  # as if somebody watched
        stage.toggle_full_screen()
        assert stage.filter_event(lost) is None
        assert stage.filter_event(gained) is gained
        now = 101.0
        assert pygame.WINDOWFOCUSLOST not in {event.type for event in stage.events()}
        assert stage.filter_event(lost) is lost
        stage.toggle_full_screen()
        assert stage.filter_event(lost) is None
        now = 102.0
        assert stage.events()[-1].type == pygame.WINDOWFOCUSLOST
        stage.headless = True


def test_the_window_comes_back_when_an_environment_quits_pygame():
    with AppWindow("test", (800, 600), headless=True) as stage:
        pygame.quit()
        stage.surface.fill((1, 2, 3))
        stage.show()
        assert stage.events() is not None
        assert stage.surface.get_size() == (800, 600)


def test_a_photograph_is_what_was_drawn(tmp_path):
    with AppWindow("test", (640, 480), headless=True) as stage:
        stage.surface.fill((10, 200, 30))
        stage.photograph(tmp_path / "shot.png")
    picture = pygame.surfarray.array3d(pygame.image.load(tmp_path / "shot.png"))
    assert picture.shape == (640, 480, 3)
    assert (picture == np.array([10, 200, 30])).all()


@pytest.mark.parametrize(("wide", "high"), [(4, 3), (1, 5), (160, 90)])
def test_fitted_keeps_the_shape_and_the_middle(wide, high):
    area = pygame.Rect(10, 20, 400, 300)
    inside = fit_rect(wide, high, area)
    assert area.contains(inside)
    assert inside.width == area.width or inside.height == area.height
    assert inside.width / inside.height == pytest.approx(wide / high, rel=0.03)
    assert abs(inside.centerx - area.centerx) <= 1
    assert abs(inside.centery - area.centery) <= 1
