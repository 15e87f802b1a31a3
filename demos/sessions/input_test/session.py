"""The session of trying controls: shows what people hold now, and what action comes of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import pygame

from demos.sessions.input_test.screen import draw_test
from demos.window.controls.controls import Controls
from demos.window.controls.devices import Devices
from demos.window.opening import Opening, open_session
from demos.window.pacing import Pacer
from demos.window.script import Script
from demos.window.session import FRAME
from demos.window.window import AppWindow
from environments.simulation.world import World

SIZE = (960, 680)  # pixels
LINGER = 0.3  # s that an action of one tick stays on the screen
AFTER = 0.3  # s that the screen stays after a script's end
Seen = Callable[[pygame.Surface, float], None]  # gets a picture as it was drawn, and its time in s


class DeviceTest:
    """Asks everyone's controls at the world's own pace, and shows what they say.

    Args:
        world: that the controls are for.
        people: the controls of those who play.
        devices: what they hold.
        seen: gets every picture.
    """

    waits = False  # it goes on until it is closed

    def __init__(
        self, world: World, people: Sequence[Controls], devices: Devices, seen: Seen | None = None
    ) -> None:
        self.world, self.people, self.devices = world, tuple(people), devices
        self.actions: list[Any] = [person.action(devices.held) for person in self.people]
        self.over = False
        self._pacer, self._seen = Pacer(world.tick), seen
        self._acted: dict[int, tuple[Any, float]] = {}  # person -> action that is no rest, and when
        self._rest = [
            person.name_of(action) for person, action in zip(people, self.actions, strict=True)
        ]
        self._drawn = -math.inf  # s

    @property
    def next_due(self) -> float:
        """When the controls are asked next, s."""
        return self._pacer.next_due

    def start(self, now: float) -> None:
        """Ask the controls from here on."""
        self._pacer.start(now)

    def take(self, event: pygame.event.Event, now: float) -> None:
        """Act on one event; Esc and closing the window end it."""
        escape = event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE
        if event.type == pygame.QUIT or escape:
            self.end(now)
        self.devices.take(event)

    def advance(self, now: float) -> None:
        """Ask the controls for the steps that are due."""
        held = self.devices.held
        for _ in self._pacer.due(now):
            self.actions = [person.action(held) for person in self.people]
            for n, action in enumerate(self.actions):
                if self.people[n].name_of(action) != self._rest[n]:
                    self._acted[n] = action, now

    def end(self, now: float, insist: bool = False) -> None:
        """End."""
        self.over = True

    def draw(self, window: AppWindow, now: float) -> None:
        """Draw it anew, at most every `FRAME`."""
        if now - self._drawn < FRAME - 1e-3:
            return
        self._drawn, surface = now, window.surface
        self.draw_on(surface, now)
        window.show()
        if self._seen is not None:
            self._seen(surface, now)

    def draw_on(self, surface: pygame.Surface, now: float) -> None:
        """Draw it all."""
        said = []
        for n, person in enumerate(self.people):
            acted, when = self._acted.get(n, (None, -math.inf))
            shown = acted if now - when < LINGER else self.actions[n]
            said.append(person.name_of(shown))
        names = {pad: self.devices.pad_name(pad) for pad in self.devices.held.pads}
        draw_test(surface, self.world, self.people, self.devices.held, said, names)


def run_test(
    world: World,
    people: Sequence[Controls],
    script: Script | None = None,
    seen: Seen | None = None,
) -> int:
    """Open the screen until Esc; a script plays in simulated time and ends it. Returns the exit code.

    Args:
        world: that the controls are for.
        people: the controls of those who play.
        script: events that come as if people made them.
        seen: gets every picture as it was drawn, and its time in s.

    Raises:
        UserError: there is no window to be had.
    """
    opening = Opening(
        f"Controls of {world.id}",
        cure=f"type `gpo controls {world.id}` for the table as text",
        size=SIZE,
        headless=script is not None,
    )
    with open_session(opening, lambda: DeviceTest(world, people, Devices(), seen)) as opened:
        if opened.ready is not None:
            ending = None if script is None else script.closed_after(AFTER)
            dataclasses.replace(opened, script=ending).run(opened.ready)
        return opened.code
