"""The driver at a viewer, a person: they take over the seat that is watched, or have a seat of their own.

What is driven by hand becomes a correction (`demos.sessions.match.corrections`); what one does in a seat
of one's own is only played. Keys that steer are the game's while time runs, and the viewer's while it
stands still; with T held they are the game's in both cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pygame

from demos.data.episodes.episode import Actor
from demos.sessions.game.recording import Person
from demos.sessions.game.takeover import KEY, Takeover
from demos.sessions.match.corrections import CorrectionRecorder
from demos.sessions.match.match import NOTHING, Match
from demos.window.controls.devices import Devices

PAUSE = "space"  # pauses while the agent drives, also where it steers
NEVER = frozenset({"escape", "tab", *(f"f{n}" for n in range(1, 13))})  # always the viewer's


class Driver:
    """The person and what they steer with.

    Args:
        person: who, in which seat: the one that is watched, or their own.
        devices: what they hold.
        takeover: if the seat is an agent's.
        corrections: keeps the games in which they took over.
    """

    def __init__(
        self,
        person: Person,
        devices: Devices,
        takeover: Takeover | None = None,
        corrections: CorrectionRecorder | None = None,
    ) -> None:
        self.person, self.devices = person, devices
        self.takeover, self.corrections = takeover, corrections
        self.area = pygame.Rect(0, 0, 1, 1)  # where the game is drawn, for the pointer
        names = [n.removeprefix("key ") for n in person.controls.raw_names if n.startswith("key ")]
        self.keys = frozenset(names) - NEVER
        if person.controls.device == "gamepad":
            devices.expect(person.controls.hands.pad)

    @property
    def driver(self) -> Actor | None:
        """Who drives the watched seat; None where nobody takes over."""
        return None if self.takeover is None else self.takeover.driver

    def take(self, event: pygame.event.Event, running: bool) -> bool:
        """Act on an event; True if it was a key that steers, which means nothing else then."""
        if event.type == pygame.KEYDOWN and not self._steers(event, running):
            return False
        self.devices.take(event)
        return bool(event.type == pygame.KEYDOWN)

    def _steers(self, event: pygame.event.Event, running: bool) -> bool:
        name = pygame.key.name(event.key)
        if getattr(event, "mod", 0) & (pygame.KMOD_ALT | pygame.KMOD_META):
            return False  # the desktop's
        if self.takeover is not None and name == KEY:
            return True
        if name not in self.keys:
            return False
        if KEY in self.devices.held.keys:
            return True
        driving = self.takeover is None or self.takeover.driver is Actor.HUMAN
        return running and (driving or name != PAUSE)

    def begin(self, match: Match) -> None:
        """A game begins: the agent drives, and what was pressed before is old."""
        self.devices.settle()
        self.person.controls.watch(match.batch, self.person.seat)
        if self.takeover is not None:
            self.takeover.begin()
        if self.corrections is not None:
            self.corrections.begin(match)

    def went_back(self, match: Match) -> None:
        """The viewer went back: the agent drives, and what came after this moment is struck out."""
        if self.takeover is not None:
            self.takeover.hand_back()
        if self.corrections is not None:
            self.corrections.cut(match.steps)

    def actions(self) -> Mapping[int, Any]:
        """What the person does in the step to come, by seat; nothing if they leave it to the agent."""
        held, scene = self.devices.held, self.devices.aim(self.area)
        if self.takeover is None:
            return {self.person.seat: self.person.controls.action(held, scene)}
        action = self.takeover.action(held, scene)
        return NOTHING if action is None else {self.person.seat: action}

    def stepped(self, ns: int, late: bool) -> None:
        """The step was taken."""
        if self.corrections is not None and self.takeover is not None:
            self.corrections.add(self.devices.held, ns, late)

    def close(self) -> None:
        """It is over: keep what is to be kept."""
        if self.corrections is not None:
            self.corrections.close()
