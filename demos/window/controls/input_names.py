"""Names of keys, mouse buttons and the parts of a gamepad, in a table and on the screen."""

from __future__ import annotations

import re
from functools import cache

import pygame

from environments.system.errors import UserError
from environments.system.suggestions import nearest

# The recorder's own keys (finish, pause, discard, mark, take back, end, full screen, rate): they never play.
RESERVED = frozenset(
    {"return", "enter", "p", "r", "m", "backspace", "escape", "f11"}
    | {str(n) for n in range(1, 6)}
    | {f"[{n}]" for n in range(1, 6)}
)
MOUSE = {"mouse left": 1, "mouse middle": 2, "mouse right": 3}
WAYS = ("up", "down", "left", "right")
_STICK = {"left": (0, "-"), "right": (0, "+"), "up": (1, "-"), "down": (1, "+")}
_DPAD_BUTTONS = dict(zip(WAYS, (11, 12, 13, 14), strict=True))  # where a pad has no hat
_PAD_FORMS = "button N, dpad left, stick left, hat N left, axis N - or axis N +"


@cache
def key_codes() -> dict[str, int]:
    """pygame's codes by the names that it gives them: `left`, `space`, `[7]` on the number pad."""
    codes = (value for name, value in vars(pygame).items() if name.startswith("K_"))
    named = {pygame.key.name(code): code for code in codes}
    return {name: code for name, code in named.items() if name and name != "unknown key"}


def key_name(text: str) -> str:
    """The name of a key as pygame gives it.

    Raises:
        UserError: there is none; it is named with the nearest.
    """
    found = {name.lower(): name for name in key_codes()}.get(text.strip().lower())
    if found is None:
        aliases = {"enter": "return", "esc": "escape", "ctrl": "left ctrl", "shift": "left shift"}
        names = [*key_codes(), *MOUSE]
        close = aliases.get(text) if text in aliases else None
        near = f"did you mean '{close}'?" if close else nearest(text, names)
        hint = (
            near if near.startswith("did") else "write them as 'a', 'left', 'space', 'left shift'."
        )
        raise UserError(f"there is no key '{text}': {hint}")
    return found


def key_source(text: str) -> str:
    """The source of a key or mouse button: `key left`, `mouse 1`.

    Raises:
        UserError: there is no such key, or the recorder needs it.
    """
    if text in MOUSE:
        return f"mouse {MOUSE[text]}"
    name = key_name(text)
    if name in RESERVED:
        raise UserError(f"the key '{name}' belongs to the recorder's window: take another.")
    return f"key {name}"


def pad_sources(text: str, pad: int) -> tuple[str, ...]:
    """The sources of a part of a gamepad; a d-pad is a hat on some and four buttons on others.

    Raises:
        UserError: there is no such part.
    """
    name = f"pad{pad}"
    words = " ".join(text.lower().split())
    if match := re.fullmatch(r"(stick|dpad) (up|down|left|right)", words):
        what, way = match.groups()
        if what == "dpad":
            return f"{name} hat 0 {way}", f"{name} button {_DPAD_BUTTONS[way]}"
        axis, sign = _STICK[way]
        return (f"{name} axis {axis} {sign}",)
    if re.fullmatch(r"button \d+|hat \d+ (up|down|left|right)|axis \d+ [-+]", words):
        return (f"{name} {words}",)
    raise UserError(f"a gamepad has no '{text}': write {_PAD_FORMS}.")


def spoken(text: str) -> str:
    """What a key or part of a gamepad is called on the screen: `left` is `left arrow`."""
    if text in WAYS:
        return f"{text} arrow"
    return re.sub(r"^\[(.)\]$", r"keypad \1", text)
