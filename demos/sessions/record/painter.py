"""The painter of a recording session, which draws without making its steps late if that can be helped."""

from __future__ import annotations

import time
from typing import Any

from demos.sessions.game.phases import Phase
from demos.sessions.record.cards import draw_cards
from demos.sessions.record.hud import HudLayout, draw_hud, draw_message
from demos.sessions.record.session import RecordSession
from demos.window.drawing.scenery import Scenery
from demos.window.session import FRAME, STALE
from demos.window.window import AppWindow

GLANCE = 1.0  # s between two pictures that nobody sees
SHARE = 0.25  # of the time may go into pictures that make steps late: one then sees how slow it is


class RecordPainter:
    """Draws a session when there is time for it.

    Args:
        session: what is drawn.
        scenery: draws its game.
        names: who sits where, for drawings that show it.
        watched: whether a person sees the pictures.
    """

    def __init__(
        self, session: RecordSession, scenery: Scenery, names: dict[str, Any], watched: bool = True
    ) -> None:
        self.session, self.scenery, self.names, self.watched = session, scenery, names, watched
        self._cost = 0.0  # s that a picture takes
        self._drawn = float("-inf")  # s
        self._shown: tuple[object, ...] = ()

    def paint(self, window: AppWindow, now: float) -> None:
        """Draw if a picture is due and fits before the next step."""
        waited, shows = now - self._drawn, (*self.shows(now), window.surface.get_size())
        if waited < (FRAME if self.watched else GLANCE) and self.session.phase in self._shown:
            return
        if waited < STALE and shows == self._shown:
            return
        fits = not self.watched or now + self._cost < self.session.next_due
        if not fits and waited < self._cost / SHARE:
            return
        began = time.perf_counter()
        self.draw(window, now)
        took = time.perf_counter() - began
        self._cost += 0.2 * (took - self._cost)
        self._drawn, self._shown = now, shows

    def shows(self, now: float) -> tuple[object, ...]:
        """All that a picture depends on: the same again need not be drawn."""
        session = self.session
        left = session.countdown(now) if session.phase is Phase.COUNTDOWN else 0.0
        return (
            session.phase,
            session.game.moment,
            session.message,
            session.rating,
            len(session.keeper.kept),
            session.keeper.discarded,
            round(left * 20),
        )

    def draw(self, window: AppWindow, now: float) -> None:
        """Draw everything."""
        surface, session = window.surface, self.session
        places = draw_hud(surface, session)
        self.scenery.paint(surface, places.stage, session.game.moment, self.names)
        session.area = self.scenery.area
        self.draw_over_game(window, places)
        draw_cards(surface, places.stage, session, now)
        draw_message(surface, places.stage, session)
        window.show()

    def draw_over_game(self, window: AppWindow, places: HudLayout) -> None:
        """Draw what lies between the game and the cards; here nothing."""
