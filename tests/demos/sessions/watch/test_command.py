"""`gpo watch` from end to end, without a screen: pictures, videos, scripts, and what is no command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pygame
import pytest

import gpo
from demos.sessions.match.cast_by_name import cast_for
from demos.sessions.panels.costs_and_games import ShieldPanel
from demos.sessions.panels.panel import shown
from demos.sessions.watch.camera import Camera
from demos.sessions.watch.command import watch_command
from demos.sessions.watch.options import WatchOptions
from demos.sessions.watch.screen import Screen
from demos.sessions.watch.viewer import Viewer
from demos.window.video.writer import read_video
from demos.window.window import AppWindow
from environments.simulation.batch import Batch
from environments.system.errors import UserError
from tests.demos.support.runs import small_run

ROOT = Path(__file__).resolve().parents[4]
TOYS = "tests.environments.support.kind_toys:Echo"


@pytest.fixture
def run(tmp_path):
    return small_run(tmp_path / "kitchen", "gpo/Kitchen-v0")


def frames_of(path):
    return list(read_video(path))


def test_a_video_has_a_frame_a_step_and_shows_the_end_for_a_while(run, tmp_path, capsys):
    path = tmp_path / "out.mp4"
    assert watch_command(WatchOptions(str(run), headless=True, seed=3, record=path)) == 0
    frames = frames_of(path)
    held = round(1.5 / 0.15)
    assert len(frames) == 40 + 1 + held
    assert frames[0].shape == (720, 1280, 3)
    assert np.abs(frames[0].astype(int) - frames[20]).mean() > 0.5
    said = capsys.readouterr().out
    assert f"a video of {len(frames)} frames at 6.67 a second" in said
    assert "best, 1 game: soup" in said


def test_games_follow_in_a_video_and_panels_can_be_left_out(run, tmp_path):
    bare, full = tmp_path / "bare.mp4", tmp_path / "full.mp4"
    short: Any = {"headless": True, "seed": 3, "options": {"horizon": 12}}
    watch_command(WatchOptions(str(run), games=2, record=bare, panels=False, **short))
    watch_command(WatchOptions(str(run), record=full, **short))
    frames = frames_of(bare)
    assert len(frames) == 2 * (12 + 1 + 10)
    assert np.abs(frames[10].astype(int) - frames_of(full)[10]).mean() > 3


def test_a_gif_is_small_and_has_as_many_frames(run, tmp_path):
    path = tmp_path / "out.gif"
    short: Any = {"headless": True, "seed": 3, "options": {"horizon": 12}}
    watch_command(WatchOptions(str(run), record=path, panels=False, **short))
    assert path.read_bytes()[:6] == b"GIF89a"
    frames = frames_of(path)
    assert len(frames) == 12 + 1 + 10
    assert frames[0].shape == (450, 800, 3)


def test_a_fast_game_is_filmed_at_fifty_steps_a_second(tmp_path):
    run = small_run(tmp_path / "balance")
    path = tmp_path / "out.mp4"
    short: Any = {"headless": True, "seed": 3, "options": {"horizon": 8}, "panels": False}
    watch_command(WatchOptions(str(run), record=path, **short))
    assert len(frames_of(path)) == 8 + 1 + 75


def script_of(tmp_path, *events):
    path = tmp_path / "script.toml"
    path.write_text("".join(f"[[event]]\n{event}\n" for event in events))
    return path


def test_a_script_steps_photographs_films_and_ends(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script = script_of(
        tmp_path,
        'at = 1.0\npress = "space"',
        'at = 1.1\npress = "."',
        'at = 1.2\npress = "f12"',
        'at = 1.3\npress = "g"',
        'at = 1.4\npress = "v"',
        'at = 2.4\npress = "v"',
        'at = 2.5\npress = "h"',
        'at = 2.6\npress = "escape"',
        'at = 2.7\npress = "escape"',
    )
    assert watch_command(WatchOptions(str(run), headless=True, seed=3, script=script)) == 0
    (picture,) = tmp_path.glob("watch-*.png")
    assert picture.name == "watch-Kitchen-v0-best-seed3-step7.png"
    assert pygame.image.load(picture).get_size() == (1280, 720)
    (video,) = tmp_path.glob("watch-*.mp4")
    assert len(frames_of(video)) == pytest.approx(30, abs=2)
    assert "no game came to its end" in capsys.readouterr().out


SIZES = [(640, 480), (1280, 720), (1920, 1080)]
PLAYERS = ["random", "network", "memory"]
WATCHED = [
    "gpo/Kitchen-v0",
    "gpo/Balance-v0",
    "classic/rps_v2",
    *(f"{TOYS} {kind}" for kind in ("discrete", "multi-discrete", "multi-binary", "box")),
    f"{TOYS} discrete dict",
    f"{TOYS} box image",
    "tests.environments.support.kind_toys:Doors multi-discrete",
]


def each_drawn():
    """Every world with every player, at a size each in turn, so that each pair occurs; others are slow."""
    for w, world in enumerate(WATCHED):
        for p, player in enumerate(PLAYERS):
            for s, size in enumerate(SIZES):
                marks = [pytest.mark.slow] if s != (w + p) % len(SIZES) else []
                yield pytest.param(world, player, size, marks=marks)


@pytest.mark.parametrize(("world", "who", "size"), each_drawn())
def test_every_panel_is_drawn_in_every_kind_of_world(world, who, size, tmp_path):
    name, *kinds = world.split()
    params = dict(zip(("actions", "sight"), kinds, strict=False))
    if who != "random":
        settings = {"kind": "memory" if who == "memory" else "layers"}
        name = str(small_run(tmp_path / "run", name, params=params, settings=settings))
        params = {}
    viewer = Viewer(cast_for(name, params=params or None), 3)
    with AppWindow("test", size, headless=True) as stage:
        screen = Screen(viewer)
        pictures = []
        for _ in range(2):
            screen.draw(stage.surface)
            pictures.append(pygame.surfarray.array3d(stage.surface))
            viewer.step_on(0.0)
        assert (pictures[0] != pictures[1]).any()
        screen.draw(stage.surface)
        for number in range(1, 9):
            panel = next(p for p in (*screen.beside, *screen.below) if p.number == number)
            before = pygame.surfarray.array3d(stage.surface)
            viewer.display.toggle(number)
            screen.draw(stage.surface)
            changed = (pygame.surfarray.array3d(stage.surface) != before).any()
            assert changed == (panel.missing(viewer) == ""), number
    assert (viewer.main.match.values is not None) == (who != "random")
    assert np.isfinite(viewer.main.match.distances.table).all() == (who != "random")
    viewer.close()


class Guarded(Batch):
    """A batch with a shield that says where it stepped in."""

    def step(self, actions: Any) -> np.ndarray:
        """Steps in every third time."""
        self.intervened = np.array([[int(self.state["tick"][0]) % 3 == 0]])
        return super().step(actions)


def test_a_panel_with_nothing_to_show_is_not_there_and_its_key_says_why():
    viewer = Viewer(cast_for("gpo/Balance-v0", player="random"), 3)
    camera = Camera(viewer)
    drawn = {
        p.number
        for p in (*shown(camera.screen.beside, viewer), *shown(camera.screen.below, viewer))
    }
    assert drawn == {1, 3, 4, 6}, "no values, no clone, no games yet, and no shield"
    with AppWindow("test", (800, 600), headless=True) as stage:
        camera.paint(stage, 0.0)
        said = [viewer.display.message]
        for number in (8, 3):  # one with nothing to show, and one that is simply gone then
            viewer.display.toggle(number)
            camera.paint(stage, 1.0 + number)
            said.append(viewer.display.message)
            viewer.display.message = None
        assert [one and one.words for one in said] == [
            None,
            "No shield stands by in this world.",
            None,
        ]
    viewer.close()


def test_a_shield_is_shown_where_there_is_one(tmp_path, monkeypatch):
    viewer = Viewer(cast_for(str(small_run(tmp_path / "run"))), 3)
    panel, match = ShieldPanel(), viewer.main.match
    assert "No shield" in panel.missing(viewer)
    match.batch = Guarded(viewer.world, options={"horizon": 40}, restart=False)
    viewer.again(0.0)
    for _ in range(7):
        viewer.step_on(0.0)
    assert panel.missing(viewer) == ""
    assert panel.headline(viewer)[0] == "3 times"
    viewer.step_back(0.0)
    assert panel.headline(viewer)[0] == "2 times"


def test_a_driving_game_with_pictures_is_watched(tmp_path):
    path = tmp_path / "car.mp4"
    options = {"horizon": 5}
    watch_command(WatchOptions("CarRacing-v3", headless=True, seed=3, record=path, options=options))
    assert len(frames_of(path)) == 5 + 1 + 75


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"against": "random", "partner": "still"}, "give one"),
        ({"record": Path("out.avi")}, "is called .mp4 or .gif"),
        ({"record": Path("nowhere/out.mp4")}, "There is no folder nowhere"),
        ({"script": Path("nowhere.toml")}, "There is no script"),
        ({"headless": False}, "shows no window"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(wishes, said, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with pytest.raises(UserError, match=said):
        watch_command(WatchOptions("gpo/Balance-v0", **{"headless": True, **wishes}))


def test_no_screen_is_one_sentence(tmp_path):
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("SDL_VIDEODRIVER", None)
    done = subprocess.run(
        [sys.executable, "gpo.py", "watch", "gpo/Balance-v0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "There is no screen" in done.stderr
    assert "--record" in done.stderr


def test_the_verb_hands_on_what_was_given(monkeypatch):
    asked: list[WatchOptions] = []

    def noted(options):
        asked.append(options)
        return 0

    monkeypatch.setattr("demos.sessions.watch.command.watch_command", noted)
    line = "watch forced --against random --seed 4 --games 2 --no-panels --headless --live"
    gpo.main([*line.split(), "--param", "layout=x", "--option", "horizon=9", "--record", "a.gif"])
    assert asked == [
        WatchOptions(
            "forced",
            against="random",
            seed=4,
            games=2,
            panels=False,
            headless=True,
            live=True,
            params={"layout": "x"},
            options={"horizon": 9},
            record=Path("a.gif"),
        )
    ]
