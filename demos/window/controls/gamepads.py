"""The state of gamepads: which is which, also after one was unplugged, and what is pressed on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pygame

PRESSED = 0.5  # a stick pushed further than this, on one axis, is a press in that direction
HATS = {"left": (0, -1), "right": (0, 1), "down": (1, -1), "up": (1, 1)}  # axis, sign


class Pad(NamedTuple):
    """What is held on one gamepad."""

    axes: tuple[float, ...] = ()  # -1..1 each; 0 until it first moves, also for a trigger
    buttons: frozenset[int] = frozenset()
    hats: tuple[tuple[int, int], ...] = ()  # right and up are 1

    def sources(self, pad: int) -> frozenset[str]:
        """All that is pressed, as `pad0 button 1`, `pad0 hat 0 left`, `pad0 axis 1 -`."""
        name = f"pad{pad}"
        found = {f"{name} button {button}" for button in self.buttons}
        for k, value in enumerate(self.axes):
            if abs(value) > PRESSED:
                found.add(f"{name} axis {k} {'+' if value > 0 else '-'}")
        for k, hat in enumerate(self.hats):
            found |= {
                f"{name} hat {k} {way}" for way, (axis, sign) in HATS.items() if hat[axis] == sign
            }
        return frozenset(found)


@dataclass
class _Plug:
    """One gamepad as it is known, plugged in or not."""

    guid: str
    name: str
    instance: int | None  # SDL's number while it is plugged in
    device: Any = None  # pygame's Joystick: it sends events only as long as it is kept
    used: bool = False  # something on it was pressed
    axes: list[float] = field(default_factory=list)
    buttons: set[int] = field(default_factory=set)
    hats: list[tuple[int, int]] = field(default_factory=list)
    parked: dict[tuple[str, int], Any] = field(default_factory=dict)

    def release(self) -> None:
        """Let go of everything; sticks that are still pushed count again once they moved."""
        for k, value in enumerate(self.axes):
            if abs(value) > PRESSED / 2:
                self.parked["axis", k] = value
        for k, hat in enumerate(self.hats):
            if hat != (0, 0):
                self.parked["hat", k] = hat
        self.axes = [0.0] * len(self.axes)
        self.hats = [(0, 0)] * len(self.hats)
        self.buttons.clear()


class Pads:
    """All gamepads, numbered in the order in which they were first plugged in; numbers are never reused.

    Args:
        open_pad: opens the pad that SDL calls by that number.
    """

    def __init__(self, open_pad: Callable[[int], Any] = pygame.joystick.Joystick) -> None:
        self._open = open_pad
        self._plugs: list[_Plug] = []
        self._wanted: set[int] = set()

    @property
    def held(self) -> dict[int, Pad]:
        """What is held on each that is plugged in."""
        return {
            k: Pad(tuple(plug.axes), frozenset(plug.buttons), tuple(plug.hats))
            for k, plug in enumerate(self._plugs)
            if plug.instance is not None
        }

    @property
    def missing(self) -> tuple[int, ...]:
        """Those that were in use, or were asked for, and are not plugged in."""
        used = {k for k, plug in enumerate(self._plugs) if plug.used} | self._wanted
        return tuple(sorted(used - self.held.keys()))

    def expect(self, pad: int) -> None:
        """A person is going to play with it: it is missing until it is plugged in."""
        self._wanted.add(pad)

    def name(self, pad: int) -> str:
        """What its maker calls it."""
        return self._plugs[pad].name if pad < len(self._plugs) else f"gamepad {pad + 1}"

    def release(self) -> None:
        """Nothing is held any more."""
        for plug in self._plugs:
            plug.release()

    def take(self, event: pygame.event.Event) -> None:
        """Act on a JOY* event."""
        if event.type == pygame.JOYDEVICEADDED:
            self._plug_in(event)
            return
        plug = self._plug_of(event)
        if plug is None:
            return
        if event.type == pygame.JOYDEVICEREMOVED:
            plug.release()
            plug.parked.clear()
            plug.instance = plug.device = None
        elif event.type == pygame.JOYBUTTONDOWN:
            plug.buttons.add(int(event.button))
            plug.used = True
        elif event.type == pygame.JOYBUTTONUP:
            plug.buttons.discard(int(event.button))
        elif event.type == pygame.JOYAXISMOTION:
            _move(plug, int(event.axis), float(event.value))
        elif event.type == pygame.JOYHATMOTION:
            _turn(plug, int(event.hat), (int(event.value[0]), int(event.value[1])))

    def _plug_in(self, event: pygame.event.Event) -> None:
        """A real pad is opened; one from a script says itself what it is."""
        if hasattr(event, "instance_id"):
            found = _Plug(event.guid, event.name, int(event.instance_id))
        else:
            try:
                device = self._open(event.device_index)
            except pygame.error:
                return  # it was unplugged again before we looked
            instance = int(device.get_instance_id())
            found = _Plug(device.get_guid(), device.get_name(), instance, device)
            found.axes = [0.0] * device.get_numaxes()
            found.hats = [(0, 0)] * device.get_numhats()
        if any(plug.instance == found.instance for plug in self._plugs):
            return  # SDL tells twice of pads that are there from the beginning
        place = self._place_of(found)
        if place is None:
            self._plugs.append(found)
        else:
            found.used = self._plugs[place].used
            self._plugs[place] = found

    def _place_of(self, found: _Plug) -> int | None:
        """The number that a pad had before: by its GUID, or else by its name (another port or driver)."""
        gone = [k for k, plug in enumerate(self._plugs) if plug.instance is None]
        same = [k for k in gone if self._plugs[k].guid == found.guid]
        same += [k for k in gone if self._plugs[k].name == found.name]
        return same[0] if same else None

    def _plug_of(self, event: pygame.event.Event) -> _Plug | None:
        instance = getattr(event, "instance_id", getattr(event, "joy", None))
        plugged = (plug for plug in self._plugs if plug.instance is not None)
        return next((plug for plug in plugged if plug.instance == instance), None)


def _move(plug: _Plug, axis: int, value: float) -> None:
    """A stick or a trigger moved; one that was let go by force counts again once it really moves."""
    parked = plug.parked.get(("axis", axis))
    if parked is not None and abs(value) > PRESSED / 2 and abs(value - parked) < PRESSED:
        return
    plug.parked.pop(("axis", axis), None)
    plug.axes += [0.0] * (axis + 1 - len(plug.axes))
    plug.axes[axis] = min(max(value, -1.0), 1.0)
    plug.used |= (abs(value) if axis < 2 else value) > PRESSED  # a trigger rests at -1


def _turn(plug: _Plug, hat: int, value: tuple[int, int]) -> None:
    """A hat was turned; directions that were let go by force count again once they were let go."""
    parked = plug.parked.get(("hat", hat), (0, 0))
    still = tuple(p if p == v else 0 for p, v in zip(parked, value, strict=True))
    plug.parked["hat", hat] = still
    plug.hats += [(0, 0)] * (hat + 1 - len(plug.hats))
    shown = [0 if p else v for p, v in zip(still, value, strict=True)]
    plug.hats[hat] = shown[0], shown[1]
    plug.used |= value != (0, 0)
