"""Options of `gpo demos replay`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from demos.data.options import DatasetOptions
from environments.terminal.arguments import Argument, at_least


@dataclass(frozen=True, kw_only=True)
class ReplayOptions(DatasetOptions):
    """Which episode to show."""

    episode: Annotated[int, Argument("EPISODE", at_least(0), positional=True)]
    """Number of the episode."""
    headless: bool = False
    """Play it through without a window."""
    script: Annotated[Path | None, Argument("FILE")] = None
    """Timed keys that are played as if you pressed them, as TOML."""
