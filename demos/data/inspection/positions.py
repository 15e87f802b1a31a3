"""Positions of bodies in recorded games, out of the world's states, found by playing them again.

A world tells positions if its STATE has a field `position`, as cells (y x width + x, the width in its
table) or as coordinates [N, 2]; or `x` and perhaps `y`, coordinates of one body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.inspection.resimulate import (
    SEEDLESS,
    CannotResimulate,
    first_step,
    joint_actions,
    matches,
    resimulate,
    seeds_of,
)
from environments.external.world import ExternalWorld
from environments.simulation.batch import Batch
from environments.simulation.world import World


@dataclass(frozen=True)
class Positions:
    """Positions of all bodies in all games. P = how many there are, D = 1 or 2."""

    points: npt.NDArray[np.float64]  # [P, D]
    cells: bool  # columns and rows of a grid; coordinates in the world's own units otherwise
    games: int  # that could be played again
    start: npt.NDArray[np.uint8]  # [H, W, 3], the world as a person sees it at its start


def find_places(world: World, dataset: Dataset) -> Positions | None:
    """Where everybody was in every step of every game; None where the world does not tell."""
    names = set(world.state_dtype.names or ())
    if isinstance(world, ExternalWorld) or not names & {"position", "x"}:
        return None
    batch = Batch(world, 1, restart=False)
    start = batch.render()
    found: list[npt.NDArray[np.float64]] = []
    games = 0
    for game in matches(dataset, range(len(dataset))):
        streams = [dataset.load(number) for number in game]
        try:
            actions, seed = joint_actions(world, streams), seeds_of(streams)
        except CannotResimulate:
            continue
        seen: list[npt.NDArray[np.float64]] = []
        options = streams[0].options
        resimulate(
            world,
            actions,
            SEEDLESS[0] if seed is None else seed,
            options,
            batch,
            watch=lambda b, seen=seen: seen.append(positions(world, b.state[0])),  # type: ignore[misc]
        )
        found += seen[first_step(streams[0]) :]
        games += 1
    cells = "position" in names and world.state_dtype["position"].base.kind in "iu"
    return Positions(np.concatenate(found), cells, games, start) if found else None


def positions(world: World, state: Any) -> npt.NDArray[np.float64]:
    """Where the bodies of one game are: [N, D]."""
    names: Sequence[str] = state.dtype.names
    if "position" not in names:
        place = [state[name] for name in ("x", "y") if name in names]
        return np.asarray(place, np.float64).T.reshape(-1, len(place))
    where: npt.NDArray[Any] = np.asarray(state["position"])
    if where.dtype.kind in "iu":
        rows, columns = np.divmod(where.ravel(), int(world.table[0]["width"]))
        return np.stack([columns, rows], axis=1).astype(np.float64)
    return where.reshape(-1, where.shape[-1]).astype(np.float64)
