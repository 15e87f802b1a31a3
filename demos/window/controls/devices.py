"""The state of input devices: keys, mouse and gamepads, from pygame's events alone, never polled.

Every press is numbered, so that one that was let go before anybody looked can still be told from none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pygame

from demos.window.controls.gamepads import Pad, Pads

__all__ = ["Devices", "Held", "Pad"]

_PAD_EVENTS = frozenset(
    {
        pygame.JOYDEVICEADDED,
        pygame.JOYDEVICEREMOVED,
        pygame.JOYBUTTONDOWN,
        pygame.JOYBUTTONUP,
        pygame.JOYAXISMOTION,
        pygame.JOYHATMOTION,
    }
)


@dataclass(frozen=True)
class Held:
    """What is held at one moment.

    A press is named by its source: `key left`, `mouse 1`, `pad0 button 1`, `pad0 hat 0 left`,
    `pad0 axis 1 -`.
    """

    keys: frozenset[str] = frozenset()  # pygame's names: "left", "space", "a"
    pointer: tuple[float, float] | None = None  # 0..1 inside the drawing, from its left and top
    size: tuple[int, int] = (0, 0)  # pixels of that drawing; none was asked about
    buttons: frozenset[int] = frozenset()  # of the mouse; 1 left, 2 middle, 3 right
    pads: Mapping[int, Pad] = field(default_factory=dict)
    presses: Mapping[str, int] = field(
        default_factory=dict
    )  # by source: number of its latest press
    since: int = (
        0  # everything was let go, or the game began, at this number: earlier presses are old
    )

    @cached_property
    def down(self) -> frozenset[str]:
        """The sources that are pressed now."""
        found = {f"key {key}" for key in self.keys} | {f"mouse {n}" for n in self.buttons}
        return frozenset(found).union(*(pad.sources(k) for k, pad in self.pads.items()))


class Devices:
    """All that people hold.

    Args:
        open_pad: opens the gamepad that SDL calls by that number.
        expected: gamepads that people are going to play with: they count as missing until they are there.
    """

    def __init__(
        self, open_pad: Callable[[int], Any] | None = None, expected: Iterable[int] = ()
    ) -> None:
        if not pygame.joystick.get_init():
            pygame.joystick.init()  # from here on SDL tells of pads, also of those that are there
        self._pads = Pads(open_pad or pygame.joystick.Joystick)
        for pad in expected:
            self._pads.expect(pad)
        self._keys: dict[int, str] = {}  # code -> name
        self._buttons: set[int] = set()
        self._mouse: tuple[int, int] | None = None  # pixels in the window
        self._area = pygame.Rect(0, 0, 0, 0)
        self._presses: dict[str, int] = {}
        self._count = self._since = 0
        self._down: frozenset[str] = frozenset()
        self._held: Held | None = None

    @property
    def held(self) -> Held:
        """What is held now; its pointer lies in the area that `aim` was last asked about."""
        if self._held is None:
            self._held = Held(
                frozenset(self._keys.values()),
                self.aim(self._area),
                self._area.size,
                frozenset(self._buttons),
                self._pads.held,
                dict(self._presses),
                self._since,
            )
        return self._held

    @property
    def missing(self) -> tuple[int, ...]:
        """The gamepads that were in use and are unplugged."""
        return self._pads.missing

    def expect(self, pad: int) -> None:
        """A person is going to play with that gamepad: it counts as missing until it is there."""
        self._pads.expect(pad)

    def pad_name(self, pad: int) -> str:
        """What the maker calls a gamepad."""
        return self._pads.name(pad)

    def aim(self, area: pygame.Rect) -> tuple[float, float] | None:
        """The pointer in a drawing, 0..1 from its left and top; None outside of it."""
        if area != self._area:
            self._area, self._held = area.copy(), None
        if self._mouse is None or not area.collidepoint(self._mouse):
            return None
        x, y = self._mouse
        return (x - area.left) / max(area.width - 1, 1), (y - area.top) / max(area.height - 1, 1)

    def take(self, event: pygame.event.Event) -> None:
        """Act on one event; those of no device are left alone."""
        self._held = None
        if event.type == pygame.MOUSEMOTION:
            self._mouse = event.pos
            return
        if event.type == pygame.WINDOWFOCUSLOST:
            self.release()
        elif event.type == pygame.WINDOWLEAVE:
            self._mouse = None
        elif event.type in _PAD_EVENTS:
            self._pads.take(event)
        else:
            self._take_press(event)
        self._number_presses()

    def release(self) -> None:
        """Nothing is held any more; what still is in truth counts when it is pressed anew."""
        self._keys.clear()
        self._buttons.clear()
        self._pads.release()
        self.settle()
        self._presses.clear()
        self._down = frozenset()

    def settle(self) -> None:
        """A game begins or goes on: what is held stays held, but what was pressed before is old."""
        self._count += 1
        self._since, self._held = self._count, None

    def _take_press(self, event: pygame.event.Event) -> None:
        if event.type == pygame.KEYDOWN:
            name = pygame.key.name(event.key)
            if name:
                self._keys[event.key] = name
        elif event.type == pygame.KEYUP:
            self._keys.pop(event.key, None)
        elif event.type == pygame.MOUSEBUTTONDOWN:
            self._mouse = event.pos
            self._buttons.add(int(event.button))
        elif event.type == pygame.MOUSEBUTTONUP:
            self._mouse = event.pos
            self._buttons.discard(int(event.button))

    def _number_presses(self) -> None:
        down = self.held.down
        for source in sorted(down - self._down):
            self._count += 1
            self._presses[source] = self._count
        if down != self._down:
            self._down, self._held = down, None
