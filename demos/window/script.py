"""A script: timed events of keys, mouse and gamepads, fed to the window as if a person had made them.

[[event]]
at = 1.5                    s from the beginning; events of one moment come in the order of the file
key = "left", down = true   or down = false
press = "space"             pressed, and let go after `seconds` (0.05 if left out)
pad = 0, button = 1         pressed and let go after `seconds`; or with down = true or false
pad = 0, axis = 0, value = -1.0
pad = 0, hat = 0, value = [0, 1]
mouse = [320, 240]          moved there, in pixels; with button = 1 pressed there, as on a pad
plug = 0, unplug = 0        a gamepad; one that is used and never plugged in is there from the beginning
focus = false               the window loses it; true: gets it back
quit = true                 the window is closed
signal = "SIGTERM"          the process gets it: SIGINT, SIGTERM, SIGHUP or SIGKILL
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pygame

from demos.window.script_events import ScriptedEvent, plugging, scripted_events
from environments.files.readers import read_toml
from environments.system.errors import UserError


class Script:
    """Events in the order of their times.

    Args:
        moments: in any order; those of one time stay in theirs.
    """

    def __init__(self, moments: Iterable[ScriptedEvent]) -> None:
        self._moments = sorted(moments, key=lambda moment: moment.at)
        self._next = 0

    @classmethod
    def read(cls, path: str | Path) -> Script:
        """Read a script.

        Raises:
            UserError: it cannot be read, is not TOML, or an event is wrong; it says which.
        """
        content = read_toml(Path(path), "The script ")
        events = content.pop("event", None)
        if content or not isinstance(events, list) or not all(isinstance(e, dict) for e in events):
            raise UserError(f"The script {path} must be a list of [[event]] and nothing else.")
        moments: list[ScriptedEvent] = []
        for number, event in enumerate(events, 1):
            try:
                moments += scripted_events(event)
            except UserError as problem:
                raise UserError(
                    f"The script {path}: [[event]] number {number}: {problem}"
                ) from None
        return cls(_plugged_in(moments, events))

    @property
    def end(self) -> float:
        """When its last event is, s."""
        return self._moments[-1].at if self._moments else 0.0

    def closed_after(self, seconds: float) -> Script:
        """The same, and so long after its end the window is closed."""
        closing = ScriptedEvent(self.end + seconds, pygame.event.Event(pygame.QUIT))
        return Script([*self._moments, closing])

    @property
    def done(self) -> bool:
        """Whether all of it was handed out."""
        return self._next == len(self._moments)

    @property
    def next_at(self) -> float | None:
        """When its next event is, s; None after the last."""
        return None if self.done else self._moments[self._next].at

    def due(self, now: float) -> list[pygame.event.Event]:
        """The events up to `now` [s] that were not handed out yet, in order.

        A signal is raised here, at a call of its own: what comes before it is handed out first, what
        comes after it later.
        """
        events: list[pygame.event.Event] = []
        while not self.done and self._moments[self._next].at <= now:
            moment = self._moments[self._next]
            if moment.signal is not None and events:
                break
            self._next += 1
            if moment.signal is not None:
                signal.raise_signal(moment.signal)
                break
            if moment.event is not None:
                events.append(moment.event)
        return events


def _plugged_in(
    moments: list[ScriptedEvent], events: Sequence[dict[str, Any]]
) -> list[ScriptedEvent]:
    """Pads that are used, or unplugged, and never plugged in before, are there from the beginning."""
    first: dict[int, tuple[float, bool]] = {}
    for event in sorted(events, key=lambda event: event["at"]):
        for kind in ("plug", "unplug", "pad"):
            if kind in event:
                first.setdefault(event[kind], (event["at"], kind == "plug"))
    there = sorted(pad for pad, (_, plugs) in first.items() if not plugs)
    return [ScriptedEvent(0.0, plugging(pad, f"scripted pad {pad}")) for pad in there] + moments
