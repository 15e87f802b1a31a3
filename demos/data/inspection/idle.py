"""Idle actions: the one of a world that does nothing, and which steps of a recording are idle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.dataset.dataset import Dataset
from demos.data.inspection.resimulate import world_of
from environments.catalog import WORLDS
from environments.system.errors import UserError

NEAR_ZERO = 0.05  # of a continuous action, as part of its range: what a stick at rest gives


def idle_action(dataset: Dataset, given: int | None = None) -> Any:
    """The action that does nothing in a dataset's world; 0 where near zero is meant.

    Raises:
        UserError: nobody knows.
    """
    space = dataset.revision.action_space
    if given is not None:
        return given
    if isinstance(space, (spaces.Box, spaces.MultiBinary)):
        return 0
    if dataset.world in WORLDS:
        world = world_of(dataset)
        if len(world.agents) > 1:  # alone, nobody ever leaves the seat empty: IDLE means nothing
            return world.idle
    raise UserError(
        f"The world {dataset.world} does not say which of its actions does nothing: "
        "say it with --idle NUMBER."
    )


def is_idle(
    actions: npt.NDArray[Any], space: Any, none: Any, near_zero: float = NEAR_ZERO
) -> npt.NDArray[np.bool_]:
    """Which of the actions [T, ...] ask for nothing: [T]."""
    if isinstance(space, spaces.Box):
        reach = np.where(np.isfinite(space.high - space.low), (space.high - space.low) / 2, 1.0)
        rest = np.clip(0, space.low, space.high)  # where 0 cannot be, what is next to it
        still = np.abs(actions - rest) <= near_zero * reach
    else:
        still = actions == none
    return np.asarray(still.reshape(len(actions), -1).all(axis=1))
