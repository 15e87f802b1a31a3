"""The loop of a viewer: events, the steps that are due, a picture if something has changed, and a nap."""

from __future__ import annotations

from pathlib import Path

from demos.sessions.watch.screen import Screen
from demos.sessions.watch.viewer import Viewer
from demos.window.film import Film, most_frames
from demos.window.loop import FRAME, NAP, feed, quiet_memory
from demos.window.pacing import Clock
from demos.window.script import Script
from demos.window.signals import Stop
from demos.window.window import AppWindow
from environments.system.os_errors import os_sentence

FILMED = 30.0  # frames a second of a video that is made at the window
STALE = 0.5  # s after which a picture is drawn anew although nothing changed


class Camera:
    """Draws a viewer when there is something new to see, and keeps pictures and videos of it."""

    def __init__(self, stage: AppWindow, viewer: Viewer, folder: Path = Path()) -> None:
        self.stage, self.viewer, self.folder = stage, viewer, folder
        self.screen = Screen(viewer)
        self.film: Film | None = None
        self.drawn = 0  # pictures
        self._shown: tuple[object, ...] = ()
        self._at = float("-inf")

    def look(self, now: float) -> None:
        """Draw if it is due, then do what the person asked of the camera."""
        viewer = self.viewer
        if now - self._at >= FRAME - 1e-3 or self._shown == ():
            shows = self._shows()
            if shows != self._shown or now - self._at >= STALE:
                self.draw()
                self._shown, self._at = shows, now
        if viewer.wants_photograph:
            viewer.wants_photograph = False
            self.draw()
            path = viewer.file_name(".png", self.folder)
            try:
                self.stage.photograph(path)
            except OSError as error:  # no reason to end what is watched
                viewer.say(os_sentence(error), now, warning=True)
            else:
                viewer.say(f"Kept as {path}.", now)
        if viewer.wants_video:
            viewer.wants_video = False
            self._begin_or_end(now)

    def draw(self) -> None:
        """Draw everything."""
        self.screen.draw(self.stage.surface)
        self.stage.show()
        self.drawn += 1

    def _shows(self) -> tuple[object, ...]:
        """All that a picture depends on."""
        viewer = self.viewer
        return (
            viewer.moment, viewer.playing, viewer.speed, viewer.helping, viewer.typing,
            frozenset(viewer.panels), viewer.message, viewer.main.entrant.name, viewer.filming,
            viewer.played, viewer.driver, self.stage.surface.get_size(),
        )  # fmt: skip

    def _begin_or_end(self, now: float) -> None:
        """A video at the window begins, or is done."""
        viewer = self.viewer
        if self.film is None:
            self.film = Film(viewer.file_name(".mp4", self.folder), FILMED, now)
        else:
            path, count = self.film.path, self.film.close()
            self.film = None
            viewer.say(f"A video of {count} frames: {path}.", now)
        viewer.filming = self.film is not None


def run(
    stage: AppWindow,
    viewer: Viewer,
    camera: Camera,
    clock: Clock,
    stop: Stop,
    script: Script | None = None,
) -> None:
    """Watch until it is over."""
    began = clock.now()
    viewer.start(began)
    with quiet_memory():
        while not (viewer.over or stop.noticed()):
            now = clock.now()
            if script is not None:
                feed(script, now - began)
            for event in stage.events():
                viewer.take(event, now)
            viewer.advance(clock.now())
            camera.look(clock.now())
            if camera.film is not None:
                camera.film.until(stage.surface, clock.now())
            told_all = script is not None and script.done and stage.headless
            if told_all and (viewer.games is None or not viewer.playing):
                return  # nobody is left to press a key
            clock.wait(min(viewer.next_due, clock.now() + NAP))


def run_unseen(viewer: Viewer, camera: Camera, stop: Stop, film: Film | None) -> None:
    """Watch without a window, as fast as it goes: a frame of the film each step, the last one for a while."""
    step = viewer.world.tick / viewer.speed
    stride = 1 if film is None else max(1, round(1 / (film.fps * step)))  # steps a frame
    now = 0.0
    viewer.start(now)
    with quiet_memory():
        while not (viewer.over or stop.noticed()):
            if film is not None:
                camera.draw()
                for _ in range(held_frames(viewer, film.fps) if viewer.ended else 1):
                    film.add(camera.stage.surface)
            for _ in range(1 if viewer.ended else stride):
                now = viewer.next_due if viewer.ended else now + step
                viewer.advance(now + 1e-9)
                if viewer.ended:
                    break


def held_frames(viewer: Viewer, fps: float) -> int:
    """How many frames of a video show the end of a game."""
    return 1 + round(viewer.hold * fps)


def unseen_film(path: Path, viewer: Viewer) -> Film:
    """The film of a viewer without a window: at the pace at which people play, if such a file can show it."""
    return Film(path, most_frames(path, viewer.speed / viewer.world.tick))
