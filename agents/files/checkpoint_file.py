"""Checkpoint files of a refining run, as they are read: to resume the training, or to watch it.

How they are written, and what is in them: `training.run.checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from agents.files.sealed_tensors import is_whole, read_tensors, sealed_facts
from environments.files.readers import Unreadable


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `update` updates."""

    update: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors stored under `name/`, by the rest of their names."""
        prefix = f"{name}/"
        return {k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)}


def checkpoint_files(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the oldest first."""
    return sorted(folder.glob("*.safetensors"))


def read_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[Path]]:
    """The newest checkpoint that is whole, and the damaged ones that were passed over."""
    damaged: list[Path] = []
    for path in reversed(checkpoint_files(folder)):
        found = read_checkpoint_file(path)
        if found is not None:
            return found, damaged
        damaged.append(path)
    return None, damaged


def read_checkpoint_file(path: Path) -> Checkpoint | None:
    """One checkpoint; None if it is torn, or has gone since it was listed."""
    try:
        metadata, tensors = read_tensors(path)
    except (Unreadable, OSError):
        return None
    facts = sealed_facts(metadata)
    update = facts.get("update")
    if type(update) is not int or update < 0 or not is_whole(tensors, facts):
        return None
    return Checkpoint(update, tensors, facts)
