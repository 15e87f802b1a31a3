"""The kinds of events that a script may hold, as the pygame events that a person would have caused.

What each looks like in the file stands in `demos/window/script.py`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pygame

from demos.window.controls.input_names import key_codes, key_name
from environments.system.errors import UserError, shortened
from environments.system.suggestions import nearest

TAP = 0.05  # s
MOST = 255  # number of a pad, and of a part of one
FAR = 1e6  # pixels, from any place that a screen has
_INSTANCE = 9000  # numbers of scripted pads begin here, so that they are no real pad's
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")
# What says which kind of event it is, and what may stand beside it.
_KINDS = {
    "key": ("down", "seconds"),
    "press": ("seconds",),
    "pad": ("button", "axis", "hat", "value", "down", "seconds"),
    "mouse": ("button", "down", "seconds"),
    "plug": ("name",),
    "unplug": (),
    "focus": (),
    "quit": (),
    "signal": (),
}
_SETTINGS = sorted({"at", *_KINDS, *(name for names in _KINDS.values() for name in names)})


@dataclass(frozen=True)
class ScriptedEvent:
    """One event at its time."""

    at: float  # s
    event: pygame.event.Event | None = None
    signal: int | None = None


def scripted_events(given: dict[str, Any]) -> list[ScriptedEvent]:
    """What one event of the file makes: a press is two.

    Raises:
        UserError: it is wrong.
    """
    kinds = [kind for kind in _KINDS if kind in given]
    for name in given:
        if name not in _SETTINGS:
            raise UserError(f"there is no '{name}': {nearest(name, _SETTINGS)}")
    if len(kinds) != 1:
        found = f"it has {' and '.join(kinds)}" if kinds else "it has none"
        raise UserError(f"it must say one of {', '.join(_KINDS)}: {found}.")
    kind = kinds[0]
    if wrong := [name for name in given if name not in ("at", kind, *_KINDS[kind])]:
        raise UserError(f"'{wrong[0]}' says nothing about '{kind}': leave it out.")
    at = _number(given, "at", "s from the beginning")
    make: Callable[[dict[str, Any], float], list[ScriptedEvent]] = _MAKERS[kind]
    return make(given, at)


# ------------------------------------------------------------------ kinds of events


def _key(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    if "down" not in given:
        raise UserError("a key goes down = true or down = false; to do both write press = ...")
    return _pressed(given, at, *_key_events(given["key"]))


def _press(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    return _pressed(given, at, *_key_events(given["press"]))


def _key_events(name: Any) -> tuple[pygame.event.Event, pygame.event.Event]:
    if not isinstance(name, str):
        raise UserError(f"a key is a name such as 'left', not {name!r}.")
    code = key_codes()[name if name in key_codes() else key_name(name)]
    told = {"key": code, "mod": 0, "scancode": 0, "window": None}
    letter = chr(code) if 32 <= code < 127 else ""
    down = pygame.event.Event(pygame.KEYDOWN, told | {"unicode": letter})
    return down, pygame.event.Event(pygame.KEYUP, told | {"unicode": letter})


def _pad(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    who = _who(_whole(given, "pad"))
    parts = [part for part in ("button", "axis", "hat") if part in given]
    if len(parts) != 1:
        raise UserError("a pad's event has one of button, axis or hat.")
    part = parts[0]
    told: dict[str, Any] = who | {part: _whole(given, part)}
    if part == "button":
        if "value" in given:
            raise UserError("a button has no value: write down = true or false, or seconds.")
        down = pygame.event.Event(pygame.JOYBUTTONDOWN, told)
        return _pressed(given, at, down, pygame.event.Event(pygame.JOYBUTTONUP, told))
    if extra := [name for name in ("down", "seconds") if name in given]:
        raise UserError(f"'{extra[0]}' is for buttons; an axis or a hat has a value.")
    value = given.get("value")
    if part == "axis":
        if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > 1:
            raise UserError(f"an axis has a value from -1 to 1, not {value!r}.")
        return [
            ScriptedEvent(
                at, pygame.event.Event(pygame.JOYAXISMOTION, told | {"value": float(value)})
            )
        ]
    if not isinstance(value, list) or len(value) != 2 or any(n not in (-1, 0, 1) for n in value):
        raise UserError(f"a hat has a value such as [0, 1], right and up being 1, not {value!r}.")
    return [
        ScriptedEvent(at, pygame.event.Event(pygame.JOYHATMOTION, told | {"value": tuple(value)}))
    ]


def _mouse(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    place = given["mouse"]
    if not isinstance(place, list) or len(place) != 2 or not all(map(_is_near, place)):
        raise UserError(f"the mouse is at a place such as [320, 240], in pixels, not {place!r}.")
    pos = round(place[0]), round(place[1])
    still = {"pos": pos, "touch": False, "window": None}
    moved = still | {"rel": (0, 0), "buttons": (0, 0, 0)}
    moments = [ScriptedEvent(at, pygame.event.Event(pygame.MOUSEMOTION, moved))]
    if "button" not in given:
        if extra := [name for name in ("down", "seconds") if name in given]:
            raise UserError(f"'{extra[0]}' is for buttons: add button = 1.")
        return moments
    told = still | {"button": _whole(given, "button")}
    down = pygame.event.Event(pygame.MOUSEBUTTONDOWN, told)
    return moments + _pressed(given, at, down, pygame.event.Event(pygame.MOUSEBUTTONUP, told))


def _plug(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    pad = _whole(given, "plug")
    name = given.get("name", f"scripted pad {pad}")
    if not isinstance(name, str):
        raise UserError(f"a pad's name is a word, not {name!r}.")
    return [ScriptedEvent(at, plugging(pad, name))]


def _unplug(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    pad = _whole(given, "unplug")
    told = {"instance_id": _INSTANCE + pad}
    return [ScriptedEvent(at, pygame.event.Event(pygame.JOYDEVICEREMOVED, told))]


def _focus(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    kind = pygame.WINDOWFOCUSGAINED if _flag(given, "focus") else pygame.WINDOWFOCUSLOST
    return [ScriptedEvent(at, pygame.event.Event(kind, {"window": None}))]


def _quit(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    if not _flag(given, "quit"):
        raise UserError("quit = false says nothing: leave it out.")
    return [ScriptedEvent(at, pygame.event.Event(pygame.QUIT))]


def _signal(given: dict[str, Any], at: float) -> list[ScriptedEvent]:
    name = given["signal"]
    number = getattr(signal, name, None) if name in _SIGNALS else None
    if number is None:
        raise UserError(f"there is no signal {name!r} here: {', '.join(_SIGNALS)}.")
    return [ScriptedEvent(at, signal=int(number))]


_MAKERS = {
    "key": _key, "press": _press, "pad": _pad, "mouse": _mouse, "plug": _plug, "unplug": _unplug,
    "focus": _focus, "quit": _quit, "signal": _signal,
}  # fmt: skip


# ------------------------------------------------------------------ parts of them


def _pressed(
    given: dict[str, Any], at: float, down: pygame.event.Event, up: pygame.event.Event
) -> list[ScriptedEvent]:
    """Down or up, as it says, or both."""
    if "down" in given:
        if "seconds" in given:
            raise UserError(
                "down and seconds do not go together: it goes down, or it is let go later."
            )
        return [ScriptedEvent(at, down if _flag(given, "down") else up)]
    seconds = _number(given, "seconds", "s until it is let go", TAP)
    return [ScriptedEvent(at, down), ScriptedEvent(at + seconds, up)]


def plugging(pad: int, name: str) -> pygame.event.Event:
    """A scripted gamepad is plugged in; it says itself what a real one would be asked."""
    told = {"device_index": pad, "guid": f"script{pad:02d}", "name": name}
    return pygame.event.Event(pygame.JOYDEVICEADDED, told | {"instance_id": _INSTANCE + pad})


def _who(pad: int) -> dict[str, int]:
    return {"joy": pad, "instance_id": _INSTANCE + pad}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_near(value: Any) -> bool:
    return _is_number(value) and abs(value) <= FAR


def _number(given: dict[str, Any], name: str, what: str, default: float | None = None) -> float:
    value = given.get(name, default)
    if value is None:
        raise UserError(f"it lacks '{name}', {what}.")
    if not _is_number(value) or not 0 <= value < float("inf"):
        raise UserError(f"{name} = {value!r}: give a number from 0 on, {what}.")
    return float(value)


def _whole(given: dict[str, Any], name: str) -> int:
    value = given[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise UserError(f"{name} = {shortened(repr(value))}: give a whole number, 0 to {MOST}.")
    return value


def _flag(given: dict[str, Any], name: str) -> bool:
    value = given[name]
    if not isinstance(value, bool):
        raise UserError(f"{name} = {value!r}: it is true or false.")
    return value
