"""The name of the dataset a recording goes to, and the lock of its one writer; imports nothing heavy."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from environments.files.atomic import locked
from environments.simulation.world import World


def dataset_name(world: World) -> str:
    """The world's name and layout as a folder can have it: "kitchen-cramped_room", "cartpole-v1"."""
    name = world.id
    if name.startswith("gpo/"):
        name = name.removeprefix("gpo/").partition("-")[0]
    layout = getattr(world.params, "layout", None)
    words = f"{name}-{layout}" if isinstance(layout, str) else name
    return re.sub("[^A-Za-z0-9_-]+", "-", words).strip("-_").lower() or "recorded"


def in_use_message(name: str) -> str:
    """The sentence that refuses a second writer."""
    return (
        f"Dataset {name} is being written by another process: "
        "end that one first, or choose another dataset."
    )


def require_free(root: Path, name: str) -> None:
    """Refuse a dataset that is being written, before anything slow is begun; it may still be taken later.

    Raises:
        UserError: it is.
    """
    lock = root / name / "lock"
    if lock.is_file():
        with suppress(OSError), locked(lock, in_use_message(name), patience=0.0):
            pass
