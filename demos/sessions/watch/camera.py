"""The camera of a viewer: draws it when there is something new, and keeps pictures and videos of it."""

from __future__ import annotations

from pathlib import Path

from demos.sessions.watch.screen import Screen
from demos.sessions.watch.viewer import Viewer
from demos.window.loop import quiet_memory
from demos.window.session import Redraw
from demos.window.signals import Stop
from demos.window.video.film import Film, most_frames
from demos.window.window import AppWindow
from environments.system.os_errors import os_sentence

FILMED = 30.0  # frames a second of a video that is made at the window


class Camera:
    """Draws a viewer, and keeps pictures and videos of it.

    Args:
        viewer: what is drawn.
        folder: where pictures and videos go.
    """

    def __init__(self, viewer: Viewer, folder: Path = Path()) -> None:
        self.viewer, self.folder = viewer, folder
        self.screen = Screen(viewer)
        self.film: Film | None = None
        self.drawn = 0  # pictures
        self._panels = set(viewer.display.panels)  # that were switched on at the last look
        self._redraw = Redraw()

    def paint(self, window: AppWindow, now: float) -> None:
        """Draw if it is due, do what the person asked of the camera, and film."""
        display = self.viewer.display
        self._explain(now)
        if self._redraw.due((*self._shows(), window.surface.get_size()), now):
            self.draw(window)
        if display.wants_photograph:
            display.wants_photograph = False
            self._photograph(window, now)
        if display.wants_video:
            display.wants_video = False
            self._begin_or_end(now)
        if self.film is not None:
            self.film.until(window.surface, now)

    def _explain(self, now: float) -> None:
        """Say of a panel that was asked for why it is not there."""
        changed = self._panels ^ self.viewer.display.panels
        self._panels = set(self.viewer.display.panels)
        for panel in (*self.screen.beside, *self.screen.below):
            if changed == {panel.number} and (why := panel.missing(self.viewer)):
                self.viewer.display.say(why, now)

    def draw(self, window: AppWindow) -> None:
        """Draw everything."""
        self.screen.draw(window.surface)
        window.show()
        self.drawn += 1

    def _shows(self) -> tuple[object, ...]:
        """All that a picture depends on, beside the size of the window."""
        viewer = self.viewer
        return (
            viewer.moment, viewer.pace.playing, viewer.pace.speed, viewer.display.key,
            viewer.main.entrant.name, viewer.results.played, viewer.driver,
        )  # fmt: skip

    def _photograph(self, window: AppWindow, now: float) -> None:
        """Keep a picture of what is shown now."""
        self.draw(window)
        path = self.viewer.file_name(".png", self.folder)
        try:
            window.photograph(path)
        except OSError as error:  # no reason to end what is watched
            self.viewer.display.say(os_sentence(error), now, warning=True)
        else:
            self.viewer.display.say(f"Kept as {path}.", now)

    def _begin_or_end(self, now: float) -> None:
        """A video at the window begins, or is done."""
        viewer = self.viewer
        if self.film is None:
            self.film = Film(viewer.file_name(".mp4", self.folder), FILMED, now)
        else:
            path, count = self.film.path, self.film.close()
            self.film = None
            viewer.display.say(f"A video of {count} frames: {path}.", now)
        viewer.display.filming = self.film is not None


def run_unseen(
    window: AppWindow, viewer: Viewer, camera: Camera, stop: Stop, film: Film | None
) -> None:
    """Film games as fast as they can be played: a frame each step, and the end of a game for a while."""
    step = viewer.world.tick / viewer.pace.speed
    stride = 1 if film is None else max(1, round(1 / (film.fps * step)))  # steps a frame
    now = 0.0
    viewer.start(now)
    with quiet_memory():
        while not (viewer.over or stop.noticed()):
            if film is not None:
                camera.draw(window)
                for _ in range(held_frames(viewer, film.fps) if viewer.ended else 1):
                    film.add(window.surface)
            for _ in range(1 if viewer.ended else stride):
                now = viewer.next_due if viewer.ended else now + step
                viewer.advance(now + 1e-9)
                if viewer.ended:
                    break


def held_frames(viewer: Viewer, fps: float) -> int:
    """How many frames of a video show the end of a game."""
    return 1 + round(viewer.pace.hold * fps)


def unseen_film(path: Path, viewer: Viewer) -> Film:
    """The film of a viewer without a window: at the pace at which people play, if such a file can show it."""
    return Film(path, most_frames(path, viewer.pace.speed / viewer.world.tick))
