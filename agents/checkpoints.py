"""Checkpoints of a refining run, as they are read: by the training that goes on, and by whoever watches it.

How they are written, and what is in them: `training.checkpoint`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from agents.saving import is_whole, sealed_facts


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
    """One checkpoint; None if it is torn, or has gone since somebody saw it."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError):
        return None
    facts = sealed_facts(metadata)
    if not is_whole(tensors, facts):
        return None
    return Checkpoint(facts["update"], tensors, facts)
