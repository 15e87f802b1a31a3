"""The session of games with agents: as one of recording, where a person may also take over."""

from __future__ import annotations

from typing import Any

import pygame

from demos.data.episodes.episode import Actor
from demos.sessions.game.match_recording import MatchRecording
from demos.sessions.game.phases import COUNTDOWN, TOAST, Message
from demos.sessions.game.takeover import KEY
from demos.sessions.record.session import RecordSession
from demos.window.controls.devices import Devices
from demos.window.drawing.widgets import number
from demos.window.pacing import Clock

ADVICE = "Your keys take over, and so does T."


class MatchSession(RecordSession):
    """As `RecordSession`, of games with agents.

    Args:
        recording: plays and keeps the games.
        devices: what the person holds.
        clock: tells the time at which a step is captured.
        tick: s a step takes.
        keywords: as `RecordSession`.
    """

    def __init__(
        self,
        recording: MatchRecording,
        devices: Devices,
        clock: Clock,
        tick: float,
        **keywords: Any,
    ) -> None:
        super().__init__(recording, devices, clock, tick, **keywords)
        self.match = recording

    def _aim(self) -> str:
        """Whom one plays, at which level, and where one plays alone the score that is to be beaten."""
        about, rival = self.match.about, self.match.added.get("rival")
        if self.match.takeover is not None:
            return ""
        whom = f"{about['agent']}, {about['level']}" if about.get("level") else f"{about['agent']}"
        return f"against {whom}" if rival is None else f"to beat: {number(rival)} ({whom})"

    def advance(self, now: float) -> None:
        """Do what is due; who has taken over needs no advice on it any more."""
        super().advance(now)
        if self.message is not None and self.message.words == ADVICE:
            self.message = self.message if self.match.driver is Actor.AGENT else None

    def _begin(self, now: float) -> None:
        super()._begin(now)
        self.aim = self._aim()
        if self.match.takeover is not None:
            self.message = Message(ADVICE, now + COUNTDOWN + TOAST)

    def _play(self, event: pygame.event.Event, now: float) -> None:
        wanted = self.match.takeover is not None and event.type == pygame.KEYDOWN
        if wanted and pygame.key.name(event.key) == KEY:  # no key that does nothing here
            self.devices.take(event)
        else:
            super()._play(event, now)
