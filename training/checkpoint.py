"""Checkpoints of a refining run: written beside, fsynced, renamed, hashed; the one before the last is kept.

checkpoints/
    00000040.safetensors    tensors by name; in its metadata the facts, as JSON, and a SHA-256 over both
    00000045.safetensors
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from agents.saving import is_whole, seal_tensors, sealed_facts
from environments.durable import replace

KEPT = 2


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
    replace(folder / f"{update:08d}.safetensors", save(tensors, metadata))
    for old in sorted(folder.glob("*.safetensors"))[:-KEPT]:
        old.unlink()


def read_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[Path]]:
    """The newest checkpoint that is whole, and the damaged ones that were passed over."""
    damaged: list[Path] = []
    for path in sorted(folder.glob("*.safetensors"), reverse=True):
        found = _read(path)
        if found is not None:
            return found, damaged
        damaged.append(path)
    return None, damaged


def _read(path: Path) -> Checkpoint | None:
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
