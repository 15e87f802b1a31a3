"""Checkpoints of a refining run: written beside, fsynced, renamed, hashed; the one before the last is kept.

checkpoints/
    00000040.safetensors    tensors by name; in its metadata the facts, as JSON, and a SHA-256 over both
    00000045.safetensors
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from agents.files.agent_file import seal_tensors
from agents.files.checkpoint_file import (
    Checkpoint as Checkpoint,  # both are read in a lower room, too
)
from agents.files.checkpoint_file import checkpoint_files
from agents.files.checkpoint_file import read_checkpoint as read_checkpoint
from environments.files.atomic import replace

KEPT = 2


def write_checkpoint(
    folder: Path, update: int, parts: Mapping[str, Mapping[str, Tensor]], facts: dict[str, Any]
) -> None:
    """Write a checkpoint in one step and remove those that are no longer needed."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{part}/{name}": value.detach().cpu().contiguous().clone()
        for part, values in parts.items()
        for name, value in values.items()
    }
    metadata, _ = seal_tensors(tensors, {"update": update, **facts})
    path = folder / f"{update:08d}.safetensors"
    replace(path, save(tensors, metadata))
    # A later one is damaged, or this one would not have been made: it does not count among those kept.
    for old in [file for file in checkpoint_files(folder) if file.name <= path.name][:-KEPT]:
        old.unlink()


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimiser's state as named tensors: `3/exp_avg`."""
    state = optimiser.state_dict()["state"]
    return {
        f"{number}/{name}": torch.as_tensor(value)
        for number, values in state.items()
        for name, value in values.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` took."""
    described = optimiser.state_dict()
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({**described, "state": state})
