"""The video of a surface, frame by frame; the window may change its size meanwhile, the video does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygame

from demos.window.video.writer import FASTEST, KINDS, VideoWriter
from environments.system.errors import UserError

CATCH_UP = 5  # frames at most that one picture stands for after a stall


class Film:
    """A video that is being made.

    Args:
        path: of the video; a GIF if its name ends in .gif.
        fps: frames a second.
        now: s, when it begins.
    """

    def __init__(self, path: Path, fps: float, now: float = 0.0) -> None:
        self.path, self.fps = path, fps
        self._writer: VideoWriter | None = None
        self._next = now

    @property
    def count(self) -> int:
        """How many frames there are."""
        return 0 if self._writer is None else self._writer.count

    def until(self, surface: pygame.Surface, now: float) -> None:
        """Take what is drawn for the frames that are due by now."""
        for _ in range(CATCH_UP):
            if self._next > now + 1e-9:
                return
            self._next += 1 / self.fps
            self.add(surface)
        self._next = max(self._next, now)

    def add(self, surface: pygame.Surface) -> None:
        """Take what is drawn as the next frame."""
        if self._writer is None:
            wide, high = (side // 2 * 2 for side in surface.get_size())
            self._writer = VideoWriter(self.path, (wide, high), self.fps)
        size = self._writer.size
        if surface.get_size() != size:
            room = tuple(side // 2 * 2 for side in surface.get_size())
            picture = surface.subsurface((0, 0), room) if room == size else None
            surface = picture or pygame.transform.smoothscale(surface.convert(24), size)
        frame = np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8)
        self._writer.add(frame.reshape(size[1], size[0], 3))

    def close(self) -> int:
        """Put the video in its place; returns how many frames it has."""
        return 0 if self._writer is None else self._writer.close()

    def give_up(self) -> None:
        """Leave nothing behind."""
        if self._writer is not None:
            self._writer.give_up()


def check_film(path: Path) -> None:
    """Refuse a name that no video can have, before anything else happens.

    Raises:
        UserError: it is neither .mp4 nor .gif, or lies in a folder that is not there.
    """
    if path.suffix.lower() not in KINDS:
        raise UserError(
            f"A video is called .mp4 or .gif, not '{path.name}': give --record another name."
        )
    if not path.parent.is_dir():
        raise UserError(
            f"There is no folder {path.parent} for the video {path.name}: make it first."
        )


def most_frames(path: Path, wanted: float) -> float:
    """Frames a second that such a file can show."""
    return min(wanted, FASTEST) if path.suffix.lower() == ".gif" else min(wanted, 60.0)
