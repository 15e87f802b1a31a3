"""The run folder: everything a run made, and enough to go on with it or to repeat it.

runs/cramped_room/
    recipe.json             the resolved recipe; a run never goes on with another one
    machine.json            versions and processor at the last start, and what of them changed
                            between two starts: then the run is not exactly what it would have been
    clone.safetensors       the agent cloned from the training recordings
    clone_1.safetensors ... more clones of them, if the recipe's partner is several
    human_model.safetensors the clone of the held-out recordings, if the recipe names some
    cloning.json            losses of each clone, by epoch
    engine.json             what was measured at the start and then kept: precision, threads, cores
    checkpoints/            of the refining, see `training.checkpoint`
    milestones/             the agent after 1, 2, 5, 10, 20, 50, ... updates, see `training.milestones`
    metrics.jsonl           a row for each evaluation of the refining
    incidents.jsonl         what an environment of other people did wrong, if it did
    tensorboard/            the same and more, for `tensorboard --logdir`
    agent.safetensors       what the run hands on: the best agent, or the clone if none was better
    scores.json             the last judgement
    curve.png               north star against steps
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from environments.durable import locked, replace, to_json
from environments.problem import Problem
from environments.world import differences
from training.recipe import Recipe

PACKAGES = (
    "torch",
    "numpy",
    "numba",
    "gymnasium",
    "stable-baselines3",
    "pettingzoo",
    "safetensors",
)


class Run:
    """A run folder, opened for one recipe.

    Raises:
        Problem: the folder holds a run of another recipe.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder, self.recipe = folder, recipe
        folder.mkdir(parents=True, exist_ok=True)
        resolved = recipe.model_dump(mode="json")
        if self.has("recipe.json"):
            lines = differences(resolved, self.read_json("recipe.json"))
            if lines:
                raise Problem(
                    f"{folder} holds a run of another recipe ({'; '.join(lines)}): "
                    "choose another folder with --run, or remove it."
                )
        else:
            self.write_json("recipe.json", resolved)
        self.recipe_hash = hashlib.sha256(to_json(resolved)).hexdigest()
        self._note_machine()

    def _note_machine(self) -> None:
        """Write down what the results may depend on, and what of it changed since the run began."""
        machine = _machine()
        before = self.read_json("machine.json") if self.has("machine.json") else machine
        changed = before.pop("changed", []) + differences(machine, before)
        self.changed: list[str] = list(dict.fromkeys(changed)) if self.has("checkpoints") else []
        self.write_json("machine.json", {**machine, "changed": self.changed})

    def path(self, name: str) -> Path:
        """The path of a file of the run."""
        return self.folder / name

    def has(self, name: str) -> bool:
        """Whether the run has got as far as that file."""
        return self.path(name).exists()

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON file of the run."""
        content: dict[str, Any] = json.loads(self.path(name).read_text(encoding="utf-8"))
        return content

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Put a JSON file in place in one step."""
        replace(self.path(name), to_json(content))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder; a second process is refused."""
        refusal = (
            f"{self.folder} is in use by another process; wait for it or choose another --run."
        )
        with locked(self.path(".lock"), refusal):
            yield


def _machine() -> dict[str, Any]:
    """What the results may depend on."""
    return {
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _processor() -> str:
    """The processor's name where Linux tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
