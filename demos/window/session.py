"""The protocol of a session: what a person does in a window, as the loop (`demos.window.loop`) drives it.

A further kind of session is a class with these seven members; `tests/demos/window/test_session.py` has a
whole one.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

import pygame

from demos.window.window import AppWindow

FRAME = 1 / 60  # s between two pictures
STALE = 0.5  # s after which a picture is drawn anew although nothing changed


class Session(Protocol):
    """What a person does in a window.

    The loop calls `start` once, then again and again `take` for each event, `advance`, and `draw`, until it
    is `over`.
    """

    @property
    def over(self) -> bool:
        """Whether it has ended."""

    @property
    def waits(self) -> bool:
        """Whether nothing more happens until a person does something."""

    @property
    def next_due(self) -> float:
        """When something has to happen next, s; infinity if nothing has."""

    def start(self, now: float) -> None:
        """Begin: time runs from here, s."""

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Act on one event."""

    def advance(self, now: float) -> None:
        """Do what is due by now."""

    def draw(self, window: AppWindow, now: float) -> None:
        """Draw on the window and show it, if a picture is due."""

    def end(self, now: float, insist: bool = False) -> None:
        """End, and keep what is to be kept.

        Args:
            now: s.
            insist: it is over after this call, whatever could not be kept.
        """


class Painter(Protocol):
    """Draws a session that does not draw itself, so that it can also be run and tested without a window."""

    def paint(self, window: AppWindow, now: float) -> None:
        """Draw on the window and show it, if a picture is due."""


class PaintedSession:
    """The part of a session whose pictures a `Painter` makes."""

    painter: Painter | None = None

    def start(self, now: float) -> None:
        """Begin; nothing has to be done for it here."""

    def draw(self, window: AppWindow, now: float) -> None:
        """Let the painter draw, if there is one."""
        if self.painter is not None:
            self.painter.paint(window, now)


class Redraw:
    """Says when a picture is due: when what it shows has changed, and anew after `STALE`."""

    def __init__(self) -> None:
        self._shown: Hashable = None
        self._drawn = float("-inf")  # s, when the last one was due

    def due(self, shows: Hashable, now: float) -> bool:
        """Whether to draw now.

        Args:
            shows: all that the picture depends on; never None.
            now: s.
        """
        waited = now - self._drawn
        if self._shown is not None and waited < FRAME - 1e-3:
            return False
        if shows == self._shown and waited < STALE:
            return False
        self._shown, self._drawn = shows, now
        return True
