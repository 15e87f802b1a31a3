"""Keeps what other people's environments did wrong during a run: `incidents.jsonl`, a line each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from environments.foreign_world import ForeignWorld
from environments.guard import Incident
from environments.problem import Problem
from environments.world import World


def keep_incidents(world: World, folder: Path) -> None:
    """Write every incident of the world's games into the run folder from now on, as it happens."""
    if not isinstance(world, ForeignWorld):
        return

    def write(incident: Incident) -> None:
        with (folder / "incidents.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**asdict(incident), "sentence": str(incident)}) + "\n")

    world.guard.listeners.append(write)


def played_apart(world: World, workers: int, patience: float) -> World:
    """The world with its games in so many processes, if they are to be any.

    Raises:
        Problem: it is one of ours, whose games cannot hang.
    """
    if not workers:
        return world
    if not isinstance(world, ForeignWorld):
        raise Problem(
            f"'{world.id}' is played in this process: leave out `workers`, which are for environments "
            "of other people."
        )
    return world.apart(workers, patience)
