"""The display of games that are watched: panels, help, a message, requests to the camera."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from demos.sessions.game.phases import TOAST, Message

PANELS = range(1, 9)


@dataclass
class WatchDisplay:
    """What a person has switched on. Pictures and videos are asked for here, and made by the camera."""

    panels: set[int] = field(default_factory=lambda: set(PANELS))
    hidden: set[int] = field(default_factory=set)  # panels that come back when all are shown again
    helping: bool = False  # the keys are shown
    typing: str | None = None  # digits of a seed so far
    message: Message | None = None
    wants_photograph: bool = False
    wants_video: bool = False  # one is to begin or to end
    filming: bool = False

    @property
    def key(self) -> Hashable:
        """All of it that a picture depends on."""
        return self.helping, self.typing, frozenset(self.panels), self.message, self.filming

    def say(self, words: str, now: float, warning: bool = False) -> None:
        """Show a sentence for a while."""
        self.message = Message(words, now + (2 if warning else 1) * TOAST, warning)

    def expire(self, now: float) -> None:
        """Take away a sentence whose time is up."""
        if self.message is not None and now >= self.message.until:
            self.message = None

    def toggle(self, number: int) -> None:
        """Show or hide a panel."""
        self.panels ^= {number}

    def toggle_all(self) -> None:
        """Hide all panels, or show those again that were shown."""
        self.panels, self.hidden = (set(), self.panels) if self.panels else (self.hidden, set())
        if not self.panels and not self.hidden:
            self.panels = set(PANELS)
