"""A screen that shows what people hold now, and what action comes of it: to try controls and gamepads."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import pygame

from demos.sessions.input_test.screen import draw_test
from demos.window.controls.controls import Controls
from demos.window.controls.devices import Devices
from demos.window.script import Script
from environments.simulation.world import World
from environments.system.errors import UserError

SIZE = (960, 680)  # pixels
FRAME = 1 / 60  # s
LINGER = 0.3  # s that an action of one tick stays on the screen
_BLIND = ("dummy", "offscreen")  # SDL's drivers that show nothing to anybody
AFTER = 0.3  # s that the screen stays after a script's end


class DeviceTest:
    """Asks everybody's controls at the world's own pace, and shows what they say.

    Args:
        world: that the controls are for.
        people: the controls of those who play.
        devices: what they hold.
    """

    def __init__(self, world: World, people: Sequence[Controls], devices: Devices) -> None:
        self.world, self.people, self.devices = world, tuple(people), devices
        self.actions: list[Any] = [person.action(devices.held) for person in self.people]
        self.over = False
        self._tick_at = -math.inf
        self._acted: dict[int, tuple[Any, float]] = {}  # person -> action that is no rest, and when
        self._rest = [
            person.name_of(action) for person, action in zip(people, self.actions, strict=True)
        ]

    def take(self, event: pygame.event.Event) -> None:
        """Heed one event; Esc and closing the window end it."""
        escape = event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE
        self.over |= event.type == pygame.QUIT or escape
        self.devices.take(event)

    def advance(self, now: float) -> None:
        """Take the steps that are due: at most one a frame, as nobody sees more."""
        if now < self._tick_at + self.world.tick - FRAME / 2:
            return
        self._tick_at = now
        held = self.devices.held
        self.actions = [person.action(held) for person in self.people]
        for n, action in enumerate(self.actions):
            if self.people[n].name_of(action) != self._rest[n]:
                self._acted[n] = action, now

    def draw(self, surface: pygame.Surface, now: float) -> None:
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
    seen: Callable[[pygame.Surface, float], None] | None = None,
) -> None:
    """Open the screen until Esc; a script plays in simulated time and ends it.

    Args:
        world: that the controls are for.
        people: the controls of those who play.
        script: events that come as if people made them.
        seen: gets every frame as it was drawn, and its time [s].

    Raises:
        UserError: there is no window to be had.
    """
    surface = _open(world)
    try:
        if script is None and pygame.display.get_driver() in _BLIND:  # SDL's silent way out
            raise _no_window(world, "there is no screen")
        _loop(DeviceTest(world, people, Devices()), surface, script, seen)
    finally:
        pygame.display.quit()


def _loop(
    test: DeviceTest,
    surface: pygame.Surface,
    script: Script | None,
    seen: Callable[[pygame.Surface, float], None] | None,
) -> None:
    now, began, clock = 0.0, time.monotonic(), pygame.time.Clock()
    while not test.over:
        for event in script.due(now) if script is not None else ():
            pygame.event.post(event)
        for event in pygame.event.get():
            test.take(event)
        test.advance(now)
        test.draw(surface, now)
        pygame.display.flip()
        if seen is not None:
            seen(surface, now)
        if script is None:
            clock.tick(1 / FRAME)
            now = time.monotonic() - began
        else:
            now += FRAME
            test.over |= script.done and now > script.end + AFTER


def _open(world: World) -> pygame.Surface:
    try:
        pygame.display.init()
        surface = pygame.display.set_mode(SIZE, pygame.RESIZABLE)
    except pygame.error as error:
        raise _no_window(world, str(error)) from None
    pygame.display.set_caption(f"Controls of {world.id}")
    return surface


def _no_window(world: World, why: str) -> UserError:
    cure = f"`gpo controls {world.id}` shows the table as text."
    return UserError(f"No window can be opened ({why}): {cure}")
