"""The window of a running loop: what is driven, who drives, and how well the loop keeps time.

The loop comes first: a picture is drawn only where a tick leaves more time than the last pictures took.
"""

from __future__ import annotations

from typing import Any

import pygame

from agents.control import ControlLoop, ControlSummary
from agents.deciding import WatchClock
from demos.data.episodes.episode import Actor
from demos.sessions.game.game import Game
from demos.sessions.game.takeover import Takeover
from demos.sessions.game.takeover_frame import draw_frame
from demos.window.controls.devices import Devices
from demos.window.drawing.scenery import Scenery
from demos.window.drawing.widgets import BACK, BRIGHT, PANEL, QUIET, WARN, unit, write_fitting
from demos.window.loop import feed
from demos.window.script import Script
from demos.window.window import AppWindow

FRAME = 1 / 30  # s between two pictures
SLACK = 1.5  # times as long as a picture takes must be left of a tick
FOOT = 46  # pixels at 640 x 480
NOBODY = "T or the game's keys: you drive; Esc ends it"


class RunScreen:
    """Draws between ticks, and asks the person who may take over.

    Args:
        window: to draw on.
        game: that is driven.
        takeover: of its seat; None where there are no controls for this world.
        devices: what the person holds.
        clock: of the loop.
        script: events that come as if a person made them.
    """

    def __init__(
        self,
        window: AppWindow,
        game: Game,
        takeover: Takeover | None,
        devices: Devices,
        clock: WatchClock,
        script: Script | None = None,
    ) -> None:
        self.window, self.game, self.takeover, self.devices = window, game, takeover, devices
        self.clock, self.script = clock, script
        self.over = False
        self.loop: ControlLoop | None = None
        self._scenery = Scenery(game.world, game.batch, game.seats[0])
        self._area = pygame.Rect(0, 0, 1, 1)
        self._began = clock.now()
        self._drawn, self._cost = float("-inf"), 0.0

    def asked(self) -> Any:
        """What the person does instead of the agent, if anything: asked once a tick."""
        self._events()
        if self.takeover is None:
            return None
        return self.takeover.action(self.devices.held, self.devices.aim(self._area))

    def between(self, until: float) -> None:
        """Draw, if a picture is due and there is time for it."""
        now = self.clock.now()
        if now - self._drawn < FRAME or until - now < SLACK * self._cost:
            self._cost *= 0.99  # one slow picture is no reason never to draw again
            return
        self.draw()
        self._drawn = now
        self._cost = max(self.clock.now() - now, 0.9 * self._cost)

    def _events(self) -> None:
        if self.script is not None:
            feed(self.script, self.clock.now() - self._began)
        for event in self.window.events():
            closed = event.type == pygame.QUIT
            escape = event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE
            self.over = self.over or closed or escape
            self.devices.take(event)

    def draw(self) -> None:
        """Draw the game, the frame of who drives, and a line of figures."""
        surface = self.window.surface
        scale = unit(surface)
        foot = round(FOOT * scale)
        area = surface.get_rect()
        area.height -= foot
        surface.fill(BACK)
        game, seat = self.game, self.game.seats[0]
        names = {
            name: float(value)
            for name, value in zip(game.world.terms, game.terms[seat], strict=True)
        }
        score = {**names, "score": float(game.score[seat]), "seat": seat}
        self._scenery.paint(surface, area, game.moment, score)
        self._area = self._scenery.area
        driver = Actor.AGENT if self.takeover is None else self.takeover.driver
        draw_frame(surface, area, driver)
        bar = pygame.Rect(0, area.bottom, area.width, foot)
        surface.fill(PANEL, bar)
        inside = bar.inflate(-round(16 * scale), -round(8 * scale))
        high = round(13 * scale)
        upper = pygame.Rect(inside.left, inside.top, inside.width, inside.height // 2)
        lower = upper.move(0, inside.height // 2)
        summary = None if self.loop is None else self.loop.summary
        missed = summary is not None and sum(summary.misses.values()) > 0
        write_fitting(surface, figures(summary), upper, high, WARN if missed else BRIGHT)
        overruled = game.overruling(seat)
        told = NOBODY if self.takeover is not None else "nobody can take over; Esc ends it"
        told = told if overruled is None else f"{overruled[0]}: {overruled[1]}    {told}"
        write_fitting(surface, told, lower, high, QUIET)
        self.window.show()


def figures(summary: ControlSummary | None) -> str:
    """Ticks, misses and latency in a line."""
    if summary is None:
        return ""
    recent = sorted(list(summary.latencies)[-200:]) or [0.0]
    p50, worst = recent[len(recent) // 2] * 1000, recent[-1] * 1000
    missed = sum(summary.misses.values())
    return f"{summary.ticks:,} ticks, {missed} missed    {p50:.2f} ms, at most {worst:.2f} of the last 200"
