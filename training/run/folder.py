"""The run folder: everything a run made, and enough to go on with it or to repeat it.

runs/cramped_room/
    recipe.json             the resolved recipe; a run never goes on with another one
    plan.json               what of the recipe was left out to the budget and the recordings
    machine.json            versions and processor at the last start, and what of them changed
                            between two starts: then the run is not exactly what it would have been
    clone.safetensors       the agent cloned from the training recordings
    clone_1.safetensors ... more clones of them, if the recipe's partner is several
    human_model.safetensors the clone of the held-out recordings, if the recipe names some
    cloning.json            losses of each clone, by epoch
    beginning.json          whether refining begins with the clone, and its noise, or from nothing, and why
    fresh.safetensors       the network that has learned nothing, if refining begins with it
    engine.json             what was measured at the start and then kept: precision, threads, cores
    checkpoints/            of the refining, see `training.run.checkpoint`
    milestones/             the agent after 1, 2, 5, 10, 20, 50, ... updates, see `training.run.milestones`
    metrics.jsonl           a row for each evaluation of the refining
    incidents.jsonl         what an environment of other people did wrong, if it did
    tensorboard/            the same and more, for `tensorboard --logdir`
    agent.safetensors       what the run hands on: the best agent, or the clone if none was better
    scores.json             the last judgement
    curve.png               north star against steps

Every JSON file, and every line of the `.jsonl`, carries a SHA-256 of its content
(`environments.files.checked_json`). A run of before there were such seals has none in its `recipe.json`:
its files are taken as they are. What is damaged is set aside and made again (`training.run.repair`), but
for the recipe, by which all else is judged.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from agents.files.agent_file import Agent, load_agent
from environments.files.atomic import locked, replace, to_checked_json, to_json
from environments.files.checked_json import read_sealed
from environments.files.readers import Unreadable
from environments.simulation.world import differences
from environments.system.errors import UserError
from training.run.recipe import Recipe
from training.run.repair import as_begun, read_told, repair_run, told_now

PACKAGES = (
    "torch",
    "numpy",
    "numba",
    "gymnasium",
    "stable-baselines3",
    "pettingzoo",
    "safetensors",
)


RESULTS = ("agent.safetensors", "scores.json", "curve.png")  # which more steps change
FORMAT = "gpo-run-1"  # stands in the recipe of every run that has seals


class RunFolder:
    """A run folder, opened for one recipe.

    Raises:
        UserError: the folder holds a run of another recipe, or its recipe is damaged.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder, self.recipe = folder, recipe
        self.notes: list[str] = []  # what was met when the folder was put in order, a sentence each
        folder.mkdir(parents=True, exist_ok=True)
        recipe = self.recipe = self._asked = as_begun(recipe, folder)
        resolved = recipe.model_dump(mode="json")
        self.recipe_hash = hashlib.sha256(to_json(resolved)).hexdigest()
        if not self.has("recipe.json"):
            self.write_json("recipe.json", {"format": FORMAT, **resolved})
        self.extends: int | None = None  # steps that the run was to have, if it is to have more now
        self.sealed = self._require_recipe(resolved)
        self._machine, self.changed = self._compare_machine()

    def _require_recipe(self, resolved: dict[str, Any]) -> bool:
        """Refuse a run of another recipe, but for more steps of it; whether this one has seals."""
        found, sealed = read_resolved(self.path("recipe.json"))
        found = told_now(found)
        steps = found.get("refine", {}).get("steps", 0)
        if steps and steps < resolved["refine"]["steps"]:
            found = {**found, "refine": {**found["refine"], "steps": resolved["refine"]["steps"]}}
            self.extends = steps
        if lines := differences(resolved, found):
            raise UserError(
                f"{self.folder} holds a run of another recipe ({'; '.join(lines)}): "
                "choose another folder with --run, or remove it."
            )
        return sealed

    def _compare_machine(self) -> tuple[dict[str, Any], list[str]]:
        """What the results may depend on, and what of it changed since the run began."""
        machine, before = _machine(), {}
        if self.has("machine.json"):
            with suppress(Unreadable):  # which is told when it is set aside
                before = read_told(self.path("machine.json"), self.sealed)
        past = before.pop("changed", [])
        past = past if isinstance(past, list) else []
        changed = past + differences(machine, before) if before else []
        return machine, list(dict.fromkeys(changed)) if self.has("checkpoints") else []

    def path(self, name: str) -> Path:
        """The path of a file of the run."""
        return self.folder / name

    def has(self, name: str) -> bool:
        """Whether the run has got as far as that file."""
        return self.path(name).exists()

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON file of the run.

        Raises:
            UserError: it is damaged.
        """
        try:
            return read_told(self.path(name), self.sealed)
        except Unreadable as error:
            raise UserError(
                f"{self.path(name)} {error}: delete it and repeat the command, which makes it again."
            ) from None

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Put a JSON file in place in one step, with its seal."""
        replace(self.path(name), to_checked_json(content))

    def load_agent(self, name: str) -> Agent:
        """An agent of the run.

        Raises:
            UserError: it is damaged.
        """
        try:
            return load_agent(self.path(name))
        except UserError as problem:
            raise UserError(
                f"{problem} Delete it and repeat the command: the run makes it again."
            ) from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder, put in order; a second process is refused."""
        refusal = (
            f"{self.folder} is in use by another process; wait for it or choose another --run."
        )
        with locked(self.path(".lock"), refusal):
            # Another process may have begun the folder since this one looked.
            self._require_recipe(self._asked.model_dump(mode="json"))
            self.notes = repair_run(self.folder, self.sealed)
            if self.extends is not None:
                self.notes.append(self._extend(self.extends))
            self.write_json("machine.json", {**self._machine, "changed": self.changed})
            yield

    def _extend(self, before: int) -> str:
        """Give the run more steps: what it has come to is to do again; a sentence."""
        resolved = self.recipe.model_dump(mode="json")
        if self.has("plan.json"):  # its numbers stay as they are
            plan = self.read_json("plan.json")
            plan["refine"]["steps"] = self.recipe.refine.steps
            self.write_json("plan.json", plan)
        for name in RESULTS:
            self.path(name).unlink(missing_ok=True)
        self.write_json("recipe.json", {"format": FORMAT, **resolved})
        self.extends = None
        return (
            f"This run was to have {before:,} steps and goes on to {self.recipe.refine.steps:,}; its "
            "learning rate is where it would have been in a run as long."
        )


def read_resolved(path: Path) -> tuple[dict[str, Any], bool]:
    """The recipe of a run, and whether the run has seals; an older one has none.

    Raises:
        UserError: it is damaged.
    """
    try:
        found = read_sealed(path, bare=True)
        sealed = found.pop("format", None) is not None
        if sealed:  # then it must have its seal
            read_sealed(path)
    except Unreadable as error:
        raise UserError(
            f"{path} {error}: put back a copy of it, or choose another folder with --run; "
            "the agents that lie beside it can be used as they are."
        ) from None
    return found, sealed


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
