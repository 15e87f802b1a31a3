"""The real thing: a window on a screen, keys from outside, and what is on disk afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demos.data.dataset.store import Store
from demos.data.journal.journal import NAME as JOURNAL

ROOT = Path(__file__).resolve().parents[4]
PATIENCE = 60.0  # s, for a busy machine
pytestmark = pytest.mark.slow


@pytest.fixture
def screen():
    """A screen that nobody sees: its name."""
    for program in ("Xvfb", "xdotool"):
        assert shutil.which(program), f"{program} is missing; type `apt install xvfb xdotool`."
    readable, writable = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writable), "-screen", "0", "1280x800x24"],
        pass_fds=[writable],
        stderr=subprocess.DEVNULL,
    )
    os.close(writable)
    with os.fdopen(readable) as answer:
        name = answer.readline().strip()
    yield f":{name}"
    server.terminate()
    server.wait()


class Window:
    """A `gpo record` in a process of its own, and hands at its keys."""

    code = (
        "from demos.sessions.record.command import record_command as verb\n"
        "from demos.sessions.record.options import RecordOptions as Options"
    )

    def __init__(self, screen: str, root: Path, call: str) -> None:
        self.root = root
        self.environment = {**os.environ, "DISPLAY": screen, "PYTHONPATH": str(ROOT)}
        self.environment.pop("SDL_VIDEODRIVER", None)
        code = (
            f"import sys; from pathlib import Path\n{self.code}\n"
            f"sys.exit(verb(Options({call}, root=Path({str(root)!r}))))"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.window_of(self.process)

    def xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        return done.stdout

    def window_of(self, process) -> str:
        """The window that a process has opened, once it has."""
        return self.xdotool("search", "--sync", "--onlyvisible", "--pid", str(process.pid)).split()[
            -1
        ]

    def press(self, key: str) -> None:
        self.xdotool("key", key)

    def until(self, what, ready) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not ready():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline, f"{what} did not come"
            time.sleep(0.05)

    def press_until(self, key: str, what, ready) -> None:
        """Press a key now and then until it was heeded: the window may still be getting ready."""

        def pressed() -> bool:
            if not ready():
                self.press(key)
                time.sleep(0.5)
            return bool(ready())

        self.until(what, pressed)

    def journals(self) -> list[Path]:
        return list(self.root.rglob(f"{JOURNAL}*"))

    def episodes(self, name: str) -> int:
        store = Store(self.root)
        return len(store.open(name)) if name in store.names() else 0

    def end(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said


def test_somebody_plays_in_the_window(screen, tmp_path):
    window = Window(screen, tmp_path, "'gpo/Kitchen-v0', player='someone', seed=1")
    window.press_until("Return", "the first game", window.journals)
    time.sleep(3.5)  # s, the countdown
    window.xdotool("keydown", "Up")
    time.sleep(1)
    window.xdotool("keyup", "Up")
    window.press("m")
    window.press("Return")
    time.sleep(1)
    window.press("4")
    name = "kitchen-cramped_room"
    window.press_until("Return", "the first episode", lambda: window.episodes(name) > 0)
    window.press("Escape")
    code, said = window.end()
    assert code == 0
    assert f"in dataset {name} (episode 0" in said
    episode = Store(tmp_path).open(name).load(0)
    assert (episode.actions == 0).sum() >= 4  # north, for about a second
    assert episode.meta["rating"] == 4
    assert len(episode.meta["marks"]) == 1
    assert episode.player == "someone"


def test_a_terminated_window_closes_at_once_and_keeps_what_was_played(screen, tmp_path):
    window = Window(screen, tmp_path, "'gpo/Kitchen-v0', seed=1")
    window.press_until("Return", "the first game", window.journals)
    time.sleep(4.5)  # s, the countdown and a few steps
    began = time.monotonic()
    window.process.send_signal(signal.SIGTERM)
    code, said = window.end()
    took = time.monotonic() - began
    assert code == 143
    assert "stopped by a signal" in said
    assert took < 2.0, f"it took {took:.1f} s"
    assert Store(tmp_path).open("kitchen-cramped_room").load(0).aborted


def test_leaving_the_window_lets_go_of_the_keys(screen, tmp_path):
    window = Window(screen, tmp_path, "'gpo/Kitchen-v0', seed=1")
    window.press_until("Return", "the first game", window.journals)
    time.sleep(3.5)  # s, the countdown
    window.xdotool("keydown", "Up")
    time.sleep(1)
    other = subprocess.Popen(
        [sys.executable, "-c", "import pygame, time\npygame.display.set_mode((200, 100))\n"
         "for _ in range(40): pygame.event.pump(); time.sleep(0.05)"],
        env=window.environment,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    window.xdotool("windowfocus", "--sync", window.window_of(other))
    time.sleep(1)
    window.xdotool("keyup", "Up")
    other.wait()
    window.xdotool("windowfocus", window.window_of(window.process))
    time.sleep(0.5)
    window.press("Escape")
    code, _ = window.end()
    assert code == 0
    episode = Store(tmp_path).open("kitchen-cramped_room").load(0)
    assert (episode.actions == 0).sum() <= 15  # it stood still while the window was not in front
    assert len(episode) <= 20
