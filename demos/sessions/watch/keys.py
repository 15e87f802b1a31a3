"""The viewer's keys: what each is called, and the command of `Viewer` that it stands for."""

from __future__ import annotations

import pygame

COMMANDS = {
    "space": "pause_or_run",
    ".": "step_on",
    "right": "step_on",
    ",": "step_back",
    "left": "step_back",
    "[": "slower",
    "-": "slower",
    "]": "faster",
    "=": "faster",
    "+": "faster",
    "t": "take_over",
    "n": "next_game",
    "home": "again",
    "s": "type_seed",
    "tab": "next_agent",
    "g": "toggle_ghost",
    "0": "toggle_all",
    "f12": "photograph",
    "v": "film",
    "h": "help",
    "f1": "help",
    "escape": "leave",
}
PANEL_KEYS = {name: n for n in range(1, 9) for name in (str(n), f"[{n}]")}

# For the help overlay: keys, and what they do.
HELP: tuple[tuple[tuple[str, ...], str], ...] = (
    (("space",), "stand still, go on"),
    (("t",), "take over; so do the game's own keys"),
    ((",", "."), "a step back, a step on"),
    (("[", "]"), "slower, faster (0.1 to 16 times)"),
    (("n",), "next seed"),
    (("Home",), "this seed again"),
    (("s",), "type a seed (stand still where S steers)"),
    (("tab",), "next agent of the run; with Shift the ghost's"),
    (("g",), "ghost: another agent beside, same seed"),
    (("f12",), "keep a picture"),
    (("v",), "begin or end a video"),
    (("0",), "all panels, or none"),
    (("f11",), "full screen"),
    (("h",), "this help"),
    (("escape",), "end"),
)
PANEL_NAMES = (
    "actions", "values", "reward", "costs", "clone", "sight", "games", "shield",
)  # fmt: skip


def command_of(event: pygame.event.Event) -> tuple[str, int | None]:
    """The command of a key, or the number of the panel that it shows and hides; by what is written on it.

    Where brackets need a second key, the character tells; else the key does, whatever the layout.
    """
    key, character = pygame.key.name(event.key), getattr(event, "unicode", "")
    if getattr(event, "mod", 0) & pygame.KMOD_ALT and not character:
        return "", None  # Alt+Tab is the desktop's
    if key == "tab" and getattr(event, "mod", 0) & pygame.KMOD_SHIFT:
        return "next_ghost", None
    if character in COMMANDS:
        return COMMANDS[character], None
    if key in PANEL_KEYS:
        return "", PANEL_KEYS[key]
    return COMMANDS.get(key, ""), None


def typed(event: pygame.event.Event) -> str:
    """The digit of a key, of either block; nothing if it is none."""
    key = pygame.key.name(event.key).strip("[]")
    character = getattr(event, "unicode", "") or key
    return character if len(character) == 1 and character in "0123456789" else ""
