"""Keeps what other people's environments did wrong during a run: `incidents.jsonl`, a line each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from environments.foreign_world import ForeignWorld
from environments.guard import Incident
from environments.world import World


def keep_incidents(world: World, folder: Path) -> None:
    """Write every incident of the world's games into the run folder from now on, as it happens."""
    if not isinstance(world, ForeignWorld):
        return

    def write(incident: Incident) -> None:
        with (folder / "incidents.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({**asdict(incident), "sentence": str(incident)}) + "\n")

    world.guard.listeners.append(write)
