"""Keeps short taps until a step has seen them: what is pressed between two steps counts for one of them.

A kitchen steps every 0.15 s; a key tapped and let go in between would else never have been pressed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pygame

DOWN = {
    pygame.KEYDOWN: ("key", "key"),
    pygame.MOUSEBUTTONDOWN: ("mouse", "button"),
    pygame.JOYBUTTONDOWN: ("pad", "button"),
}
UP = {
    pygame.KEYUP: ("key", "key"),
    pygame.MOUSEBUTTONUP: ("mouse", "button"),
    pygame.JOYBUTTONUP: ("pad", "button"),
}


class Latch:
    """Hands events on at once, but the end of a tap only after the step that saw its beginning.

    Args:
        take: gets the events.
    """

    def __init__(self, take: Callable[[pygame.event.Event], None]) -> None:
        self._take = take
        self._fresh: set[Any] = set()  # pressed since the last step
        self._held_back: dict[Any, pygame.event.Event] = {}

    def take(self, event: pygame.event.Event) -> None:
        """Hand an event on, now or after the next step."""
        if event.type in UP:
            name = _named(event, UP)
            if name in self._fresh:
                self._held_back[name] = event
                return
        elif event.type in DOWN:
            name = _named(event, DOWN)
            self._fresh.add(name)
            if self._held_back.pop(name, None) is not None:
                return  # tapped twice within a step: it is simply held
        self._take(event)

    def stepped(self) -> None:
        """A step has seen what is held."""
        self._fresh.clear()
        for event in self._held_back.values():
            self._take(event)
        self._held_back.clear()

    def release(self) -> None:
        """Nothing is held any more, so nothing is to be let go later."""
        self._fresh.clear()
        self._held_back.clear()


def _named(event: pygame.event.Event, table: dict[int, tuple[str, str]]) -> Any:
    kind, attribute = table[event.type]
    return kind, getattr(event, "instance_id", 0), getattr(event, attribute)
