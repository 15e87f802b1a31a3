"""The phases of a recording session, its keys, and its messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

COUNTDOWN = 3.0  # s before a game
RESUME = 1.0  # s before it goes on after a pause
TOAST = 3.0  # s that a message stays
RATINGS = {name: n for n in range(1, 6) for name in (str(n), f"[{n}]")}
COMMANDS = {
    "return": "go_on",
    "enter": "go_on",  # of the number pad
    "p": "pause_or_resume",
    "r": "discard",
    "m": "mark",
    "backspace": "take_back",
    "escape": "end",
}
RESERVED = frozenset({*RATINGS, *COMMANDS, "f11"})  # these keys never play
UNFOCUSED = "The window is not in front: click it, then press P to play on."
UNPLUGGED = "The gamepad is unplugged: plug it in to play on."


class Phase(Enum):
    """What is on the screen."""

    TITLE = "title"
    COUNTDOWN = "countdown"
    PLAY = "play"
    PAUSE = "pause"
    CARD = "card"
    OVER = "over"


@dataclass(frozen=True)
class Message:
    """A sentence for the person, and until when it is shown."""

    words: str
    until: float  # s
    warning: bool = False
