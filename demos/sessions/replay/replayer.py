"""The session of replaying: where in a recorded episode it stands, and what keys do to it; draws nothing."""

from __future__ import annotations

import pygame

from demos.sessions.match.watch_pace import SPEEDS
from demos.sessions.replay.playback import Playback
from demos.window.session import PaintedSession

LEAP = 1.0  # s that the up and down arrows go


class Replayer(PaintedSession):
    """A replay.

    Args:
        playback: the episode.
        title: what it is called above the game.
    """

    next_due = float("inf")  # s: nothing is kept, so that the loop's own pace will do

    def __init__(self, playback: Playback, title: str) -> None:
        self.playback, self.title = playback, title
        self.place = 0.0  # steps from the beginning
        self.speed = 1.0
        self.playing = True
        self.over = False
        self._now = 0.0  # s

    @property
    def step(self) -> int:
        """How many steps have been shown."""
        return int(self.place)

    @property
    def waits(self) -> bool:
        """Whether it stands still until a person does something."""
        return not self.playing

    def start(self, now: float) -> None:
        """Let time run from here."""
        self._now = now

    def advance(self, now: float) -> None:
        """Let time pass until now."""
        passed, self._now = now - self._now, now
        if self.playing:
            self._go(self.place + passed * self.speed / self.playback.tick)
            self.playing = self.place < len(self.playback)

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Act on one event."""
        if event.type == pygame.QUIT:
            self.end(now)
        elif event.type == pygame.KEYDOWN:
            self._press(pygame.key.name(event.key), getattr(event, "unicode", ""), now)

    def end(self, now: float, insist: bool = False) -> None:
        """End."""
        self.over = True

    def _press(self, key: str, character: str, now: float) -> None:
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
            self.end(now)

    def _go(self, place: float) -> None:
        self.place = min(max(float(place), 0.0), float(len(self.playback)))

    def _change_speed(self, by: int) -> None:
        at = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
