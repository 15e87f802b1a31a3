"""The agents of a run folder in the order of training: clone, milestones and checkpoints, best.

What a run folder holds is written in `training.run.folder`; here it is only read, also while the run goes on.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.files.agent_file import HANDED_ON, Agent, load_agent
from agents.files.checkpoint_file import checkpoint_files, read_checkpoint_file
from environments.files.checked_json import read_sealed
from environments.files.readers import Unreadable
from environments.system.errors import UserError

BEST, CLONE = HANDED_ON, "clone.safetensors"
MILESTONES, MILESTONE = "milestones", "update-{:05d}.safetensors"  # folder, and files by update


class CheckpointGone(Exception):
    """A checkpoint was torn, or vanished, since it was listed; its text names it."""


@dataclass(frozen=True)
class RunAgent:
    """An agent of a run: a file of its own, or a part of a checkpoint."""

    name: str  # as people call it: "clone", "update 144", "best"
    path: Path
    part: str | None = None  # of the checkpoint
    update: int | None = None

    def load(self) -> Agent:
        """Read it.

        Raises:
            CheckpointGone: it is part of a checkpoint that is no longer whole or there.
            UserError: its own file is missing or damaged.
        """
        if self.part is None:
            return load_agent(self.path)
        found = read_checkpoint_file(self.path)
        if found is None:
            raise CheckpointGone(self.name)
        like = load_agent(self.path.parent.parent / CLONE)
        policy = copy.deepcopy(like.policy)
        try:
            policy.load_tensors(found.part(self.part))
        except RuntimeError as error:
            raise CheckpointGone(self.name) from error
        policy.set_training_mode(False)
        from_clone = self.part == "best" and found.facts.get("best_update", 0) < 0
        facts = like.facts
        if not from_clone:
            manner = found.facts.get("best_manner") if self.part == "best" else None
            greedy = isinstance(manner, dict) and manner.get("greedy") is True
            facts = {**facts, "role": "refined", "stuck_steps": 0, "greedy": greedy}
        return Agent(policy, like.world, facts, like.sha256)


def run_agents(folder: Path) -> list[RunAgent]:
    """All agents of a run that can be shown now; its best is the last.

    Raises:
        UserError: it is no run, or has no agent yet.
    """
    found = []
    if (folder / CLONE).is_file():
        found.append(RunAgent("clone", folder / CLONE))
        found += _way(folder)
    if (folder / BEST).is_file():
        found.append(RunAgent("best", folder / BEST))
    elif len(found) > 1:
        kept = checkpoints(folder)
        if kept:
            found.append(RunAgent("best so far", kept[-1].path, "best", kept[-1].update))
    if not found and not (folder / "recipe.json").is_file():
        raise UserError(
            f"{folder} is no run: it holds neither a recipe.json nor an agent.safetensors."
        )
    if not found:
        raise UserError(f"{folder} has no agent yet: wait until its clone is made.")
    return found


def _way(folder: Path) -> list[RunAgent]:
    """Milestones and checkpoints in the order of training; where both are, the file that stays."""
    by_update = {stage.update: stage for stage in (*checkpoints(folder), *milestones(folder))}
    return [by_update[update] for update in sorted(by_update, key=lambda u: u or 0)]


def milestones(folder: Path) -> list[RunAgent]:
    """The agents that a run keeps of its way, the oldest first."""
    found = []
    for path in sorted((folder / MILESTONES).glob("update-*.safetensors")):
        number = path.stem.removeprefix("update-")
        if number.isdecimal():
            found.append(RunAgent(f"update {int(number)}", path, None, int(number)))
    return found


def checkpoints(folder: Path) -> list[RunAgent]:
    """The checkpoints of a run, the oldest first."""
    return [
        RunAgent(f"update {int(path.stem)}", path, "policy", int(path.stem))
        for path in checkpoint_files(folder / "checkpoints")
        if path.stem.isdecimal()
    ]


@dataclass(frozen=True)
class RunFacts:
    """What a run's recipe says of how its agents are watched."""

    world: str
    params: Mapping[str, Any] = field(default_factory=dict)
    horizon: int | None = None  # steps
    weights: Mapping[str, float] | None = None  # by term; the world's own if None
    limits: Mapping[str, float] = field(default_factory=dict)  # by cost


def run_facts(folder: Path) -> RunFacts | None:
    """The recipe of a run; None where there is none.

    Raises:
        UserError: there is one that cannot be read.
    """
    path = folder / "recipe.json"
    if not path.is_file():
        return None
    try:
        recipe = read_sealed(path, bare=True)
    except Unreadable as error:
        raise UserError(f"{path} {error}: put back a copy of it, or choose another run.") from None
    try:
        return _facts(recipe)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no recipe of a run: choose another run folder.") from error


def _facts(recipe: Mapping[str, Any]) -> RunFacts:
    """What a recipe says; an error of almost any kind if that is not of the kind it must be."""
    world, weights = recipe["world"], recipe.get("reward", {}).get("weights")
    horizon, costs = world.get("horizon"), recipe.get("costs", {})
    if horizon is not None and (type(horizon) is not int or horizon < 1):
        raise ValueError(horizon)
    return RunFacts(
        world=_word(world["id"]),
        params=dict(world.get("params") or {}),
        horizon=horizon,
        weights=None if weights is None else {k: _number(v) for k, v in weights.items()},
        limits={name: _number(cost["limit"]) for name, cost in costs.items()},
    )


def _word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number
