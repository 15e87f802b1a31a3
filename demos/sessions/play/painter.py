"""The painter of a session with agents: as one of recording, with a frame that shows who drives."""

from __future__ import annotations

from demos.data.episodes.episode import Actor
from demos.sessions.game.phases import Phase
from demos.sessions.game.takeover_frame import draw_frame
from demos.sessions.play.session import MatchSession
from demos.sessions.record.hud import HudLayout
from demos.sessions.record.painter import RecordPainter
from demos.window.window import AppWindow


class PlayPainter(RecordPainter):
    """As `RecordPainter`, with a frame around the game in the colour of who drives, where two may."""

    session: MatchSession

    def shows(self, now: float) -> tuple[object, ...]:
        """All that a picture depends on: the same again need not be drawn."""
        return (*super().shows(now), self._driver)

    @property
    def _driver(self) -> Actor | None:
        """Who drives; None where nobody can take over."""
        match = self.session.match
        return None if match.takeover is None else match.driver

    def draw_over_game(self, window: AppWindow, places: HudLayout) -> None:
        """Draw the frame."""
        phases = (Phase.COUNTDOWN, Phase.PLAY, Phase.PAUSE)
        if self._driver is not None and self.session.phase in phases:
            game, seat = self.session.game, self.session.match.person.seat
            refused = bool(game.refused[seat])
            draw_frame(window.surface, places.stage, self._driver, refused=refused)
