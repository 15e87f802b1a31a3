"""The loop of a session: events, the steps that are due, a picture if there is time for one, and a nap."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pygame

from demos.sessions.game.phases import Phase
from demos.sessions.record.cards import draw_cards
from demos.sessions.record.hud import draw_hud, draw_message
from demos.sessions.record.session import RecordSession
from demos.window.drawing.scenery import Scenery
from demos.window.pacing import Clock
from demos.window.script import Script
from demos.window.signals import Stop
from demos.window.window import AppWindow

FRAME = 1 / 60  # s between two pictures
NAP = 1 / 120  # s at most between two looks at the events
GLANCE = 1.0  # s between two pictures that nobody sees
STALE = 0.5  # s after which a picture is drawn anew although nothing changed
SHARE = (
    0.25  # of the time may go into pictures that make steps late, so that one sees how slow it is
)


class Painter:
    """Draws a session when there is time for it: a picture never makes a step late if that can be helped."""

    def __init__(self, stage: AppWindow, scenery: Scenery, names: dict[str, Any]) -> None:
        self.stage, self.scenery, self.names = stage, scenery, names
        self.watched = not stage.headless
        self._cost = 0.0  # s that a picture takes
        self._drawn = float("-inf")
        self._shown: tuple[object, ...] = ()

    def paint(self, recorder: RecordSession, now: float) -> None:
        """Draw if a picture is due and fits before the next step."""
        waited, shows = now - self._drawn, self._shows(recorder, now)
        if waited < (FRAME if self.watched else GLANCE) and recorder.phase in self._shown:
            return
        if waited < STALE and shows == self._shown:
            return
        fits = not self.watched or now + self._cost < recorder.next_due
        if not fits and waited < self._cost / SHARE:
            return
        began = time.perf_counter()
        self.draw(recorder, now)
        took = time.perf_counter() - began
        self._cost += 0.2 * (took - self._cost)
        self._drawn, self._shown = now, shows

    def _shows(self, recorder: RecordSession, now: float) -> tuple[object, ...]:
        """All that a picture depends on: the same again need not be drawn."""
        left = recorder.countdown(now) if recorder.phase is Phase.COUNTDOWN else 0.0
        return (
            recorder.phase,
            recorder.game.moment,
            recorder.message,
            recorder.rating,
            len(recorder.kept),
            recorder.discarded,
            round(left * 20),
            self.stage.surface.get_size(),
        )

    def draw(self, recorder: RecordSession, now: float) -> None:
        """Draw everything."""
        surface = self.stage.surface
        places = draw_hud(surface, recorder)
        self.scenery.paint(surface, places.stage, recorder.game.moment, self.names)
        recorder.area = self.scenery.area
        draw_cards(surface, places.stage, recorder, now)
        draw_message(surface, places.stage, recorder)
        self.stage.show()


def run(
    stage: AppWindow,
    recorder: RecordSession,
    painter: Painter,
    clock: Clock,
    stop: Stop,
    script: Script | None = None,
) -> None:
    """Play until the session is over; told to stop, it ends as far as it was played."""
    began = clock.now()
    with quiet_memory():
        while recorder.phase is not Phase.OVER:
            now = clock.now()
            if stop.noticed():
                recorder.end(now, insist=True)
                return
            if script is not None:
                feed(script, now - began)
            for event in stage.events():
                recorder.take(event, now)
            recorder.advance(clock.now())
            if script is not None and script.done and stage.headless and recorder.waits:
                recorder.end(now)  # nobody is left to press a key
            painter.paint(recorder, clock.now())
            clock.wait(min(recorder.next_due, clock.now() + NAP))


def feed(script: Script, now: float) -> None:
    """Put what a script says into the queue that the window's own events come from."""
    for event in script.due(now):
        pygame.event.post(event)


@contextmanager
def quiet_memory() -> Iterator[None]:
    """Keep the collector from walking through all that is loaded in the middle of a game."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
