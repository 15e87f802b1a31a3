"""Options of `gpo controls`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from environments.terminal.arguments import Argument
from environments.terminal.shared_options import WorldOptions


@dataclass(frozen=True)
class ControlsOptions(WorldOptions):
    """Whose controls to show, change or try."""

    name: Annotated[str, Argument("WORLD", positional=True)]
    """Any world or environment id."""
    device: Literal["keyboard", "gamepad"] | None = None
    """Only this device (both are shown, and the keyboard is tried)."""
    player: Literal[1, 2] | None = None
    """Which of two people (one who is alone)."""
    path: Annotated[Path | None, Argument("FILE", flag="--controls")] = None
    """Table of keys, as TOML (the one in its usual place)."""
    edit: bool = False
    """Write a table of your own to change, below controls/."""
    test: bool = False
    """A window that shows what is pressed."""
