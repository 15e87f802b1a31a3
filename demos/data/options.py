"""Options of every verb that opens a dataset: which one, and where datasets are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from environments.terminal.arguments import Argument


@dataclass(frozen=True, kw_only=True)
class StoreOptions:
    """Where datasets are."""

    root: Annotated[Path, Argument("FOLDER")] = Path("datasets")
    """Where datasets are kept."""


@dataclass(frozen=True, kw_only=True)
class DatasetOptions(StoreOptions):
    """Which dataset."""

    name: Annotated[str, Argument("NAME", positional=True)]
    """A dataset, as `gpo demos list` calls it."""
