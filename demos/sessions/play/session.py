"""A session of games with agents: as one of recording, with games counted, and who drives shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pygame

from demos.data.episodes.episode import Actor
from demos.sessions.game.match_recording import MatchRecording
from demos.sessions.game.phases import COUNTDOWN, TOAST, Message, Phase
from demos.sessions.game.takeover import KEY
from demos.sessions.game.takeover_frame import draw_frame
from demos.sessions.record.cards import draw_cards
from demos.sessions.record.hud import draw_hud, draw_message
from demos.sessions.record.session import RecordSession
from demos.window.controls.devices import Devices
from demos.window.loop import Painter
from demos.window.pacing import Clock

ADVICE = "Your keys take over, and so does T."


class PlayRecorder(RecordSession):
    """As `RecordSession`; whatever changes the dataset is counted at once.

    Args:
        recording: plays and keeps the games.
        devices: what the person holds.
        clock: tells the time at which a step is captured.
        tick: s a step takes.
        counted: called when a game was kept or taken back.
        keywords: as `RecordSession`.
    """

    def __init__(
        self,
        recording: MatchRecording,
        devices: Devices,
        clock: Clock,
        tick: float,
        counted: Callable[[], None] = lambda: None,
        **keywords: Any,
    ) -> None:
        super().__init__(recording, devices, clock, tick, **keywords)
        self.match, self._counted = recording, counted

    def advance(self, now: float) -> None:
        """Do what is due; whoever has taken over needs no advice on it any more."""
        super().advance(now)
        if self.message is not None and self.message.words == ADVICE:
            self.message = self.message if self.match.driver is Actor.AGENT else None

    def take_back(self, now: float) -> None:
        """Undo the last game that was kept."""
        super().take_back(now)
        self._counted()

    def _keep(self) -> None:
        super()._keep()
        self._counted()

    def _begin(self, now: float) -> None:
        super()._begin(now)
        if self.match.handover is not None:
            self.message = Message(ADVICE, now + COUNTDOWN + TOAST)

    def _play(self, event: pygame.event.Event, now: float) -> None:
        wanted = self.match.handover is not None and event.type == pygame.KEYDOWN
        if wanted and pygame.key.name(event.key) == KEY:  # no key that does nothing here
            self.devices.take(event)
        else:
            super()._play(event, now)


class PlayPainter(Painter):
    """As `Painter`, with a frame around the game in the colour of who drives, where two may."""

    def _shows(self, recorder: RecordSession, now: float) -> tuple[object, ...]:
        return (*super()._shows(recorder, now), driver_of(recorder))

    def draw(self, recorder: RecordSession, now: float) -> None:
        """Draw everything."""
        surface = self.stage.surface
        places = draw_hud(surface, recorder)
        self.scenery.paint(surface, places.stage, recorder.game.moment, self.names)
        recorder.area = self.scenery.area
        driver = driver_of(recorder)
        if driver is not None and recorder.phase in (Phase.COUNTDOWN, Phase.PLAY, Phase.PAUSE):
            draw_frame(surface, places.stage, driver)
        draw_cards(surface, places.stage, recorder, now)
        draw_message(surface, places.stage, recorder)
        self.stage.show()


def driver_of(recorder: RecordSession) -> Actor | None:
    """Who drives; None where nobody can take over."""
    recording = recorder.recording
    if not isinstance(recording, MatchRecording) or recording.handover is None:
        return None
    return recording.driver
