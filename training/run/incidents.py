"""Keeps what other people's environments did wrong during a run: `incidents.jsonl`, a line each."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from environments.external.guard import Incident
from environments.external.world import ExternalWorld
from environments.files.checked_json import LinesFile
from environments.simulation.world import World


def keep_incidents(world: World, folder: Path) -> None:
    """Write every incident of the world's games into the run folder from now on, as it happens."""
    if not isinstance(world, ExternalWorld):
        return

    lines = LinesFile(folder / "incidents.jsonl")

    def write(incident: Incident) -> None:
        lines.add({**asdict(incident), "sentence": str(incident)})

    world.guard.listeners.append(write)
