"""`gpo demos replay`: a recorded episode in the window, run, slowed, and searched with the arrow keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demos.window.display import require_display
from environments.system.errors import UserError

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    import pygame

    from demos.sessions.replay.playback import Playback
    from demos.window.window import AppWindow

FRAME = 1 / 60  # s between two pictures
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
CURE = "log in to a desktop"
LEAP = 1.0  # s that the up and down arrows go


def replay_command(
    root: Path,
    name: str,
    episode: int,
    *,
    headless: bool = False,
    script: Path | None = None,
) -> int:
    """Show an episode; returns the exit code.

    Args:
        root: the folder of datasets.
        name: of the dataset.
        episode: its number.
        headless: draw it once from end to end, in simulated time and into memory.
        script: a TOML list of timed key events.

    Raises:
        UserError: no screen, no such dataset or episode.
    """
    if not headless:
        require_display(CURE)
    if script is not None and not script.is_file():
        raise UserError(f"There is no script {script}: give the path of a TOML file.")
    from demos.window.loading_screen import wait_for
    from demos.window.signals import stoppable
    from demos.window.window import AppWindow

    def found() -> Playback:
        from demos.data.dataset.store import Store
        from demos.sessions.replay.playback import Playback

        return Playback(Store(root).open(name), episode)

    title = f"gpo demos replay {name} {episode}"
    with stoppable() as stop, AppWindow(title, headless=headless, cure=CURE) as stage:
        words = f"Episode {episode} is played again from its beginning."
        playback = wait_for(stage, found, "Getting the game back", words, stop)
        if playback is not None:
            _run(stage, Replayer(playback, f"{name}, episode {episode}"), stop, script)
        return stop.code if stop.signal else 0


class Replayer:
    """Where the replay stands, and what keys do to it; draws nothing."""

    def __init__(self, playback: Playback, title: str) -> None:
        self.playback, self.title = playback, title
        self.place = 0.0  # steps from the beginning
        self.speed = 1.0
        self.playing = True
        self.over = False

    @property
    def step(self) -> int:
        """How many steps have been shown."""
        return int(self.place)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        if self.playing:
            self._go(self.place + seconds * self.speed / self.playback.tick)
            self.playing = self.place < len(self.playback)

    def take(self, event: pygame.event.Event) -> None:
        """Heed one event."""
        import pygame

        if event.type == pygame.QUIT:
            self.over = True
        elif event.type == pygame.KEYDOWN:
            self._press(pygame.key.name(event.key), getattr(event, "unicode", ""))

    def _press(self, key: str, character: str) -> None:
        leap = max(1, round(LEAP / self.playback.tick))
        moves = {
            "left": self.step - 1,
            "right": self.step + 1,
            "up": self.step + leap,
            "down": self.step - leap,
            "home": 0,
            "end": len(self.playback),
        }
        if key in moves:
            self.playing = False
            self._go(moves[key])
        elif key == "space":
            self.playing = not self.playing
            if self.playing and self.step >= len(self.playback):
                self.place = 0.0
        elif key in ("=", "[+]") or character == "+":
            self._change_speed(1)
        elif key in ("-", "[-]"):
            self._change_speed(-1)
        elif key == "escape":
            self.over = True

    def _go(self, place: float) -> None:
        self.place = min(max(float(place), 0.0), float(len(self.playback)))

    def _change_speed(self, by: int) -> None:
        at = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]


def _run(stage: AppWindow, replayer: Replayer, stop: Any, script: Path | None) -> None:
    """Until it is closed; without a window, until it was shown to its end."""
    import pygame

    from demos.sessions.replay.screen import draw_replay
    from demos.window.loop import feed
    from demos.window.pacing import RealClock, SimulatedClock
    from demos.window.script import Script

    clock = SimulatedClock() if stage.headless else RealClock()
    told = Script.read(script) if script else None
    began = before = clock.now()
    shown: Sequence[Any] = ()
    pygame.key.set_repeat(300, 40)  # ms, so that held arrows run
    while not (replayer.over or stop.noticed()):
        now = clock.now()
        if told is not None:
            feed(told, now - began)
        for event in stage.events():
            replayer.take(event)
        replayer.advance(now - before)
        before = now
        surface = stage.surface
        showing = (replayer.step, replayer.playing, replayer.speed, surface.get_size())
        if showing != shown:
            draw_replay(surface, replayer)
            stage.show()
            shown = showing
        if stage.headless and (told is None or told.done) and not replayer.playing:
            return
        clock.wait(now + FRAME)
