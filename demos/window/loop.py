"""The event loop of every session: events, what is due, a picture if one is due, and a nap."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pygame

from demos.window.pacing import Clock
from demos.window.script import Script
from demos.window.session import Session
from demos.window.signals import Stop
from demos.window.window import AppWindow

NAP = 1 / 120  # s at most between two looks at the events


def run(
    window: AppWindow, session: Session, clock: Clock, stop: Stop, script: Script | None = None
) -> None:
    """Drive a session until it is over.

    Told to stop, it ends with what was done so far. Without a window, it ends when its script has been
    played and it waits for a person.

    Args:
        window: whose events it gets, and what it draws on.
        session: what is driven.
        clock: the time, and what passes it between two rounds.
        stop: whether a signal came.
        script: events that come as if a person made them.
    """
    began = clock.now()
    session.start(began)
    with quiet_memory():
        while not session.over:
            now = clock.now()
            if stop.noticed():
                session.end(now, insist=True)
                return
            if script is not None:
                feed(script, now - began)
            for event in window.events():
                session.take(event, now)
            session.advance(clock.now())
            if script is not None and script.done and window.headless and session.waits:
                session.end(now)
            session.draw(window, clock.now())
            clock.wait(min(session.next_due, clock.now() + NAP))


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
