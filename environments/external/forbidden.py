"""What a batch of external games does for an environment that does not: keep to its masks, end its games.

B games, N agents.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.simulation.observation_parts import legal_actions


def obey_masks(batch: Any) -> None:
    """Replace the actions of an `ExternalBatch` that their masks forbid, and say so the first time."""
    mask, world = batch.world.mask_size, batch.world
    if not mask:
        return
    asked = batch.actions.copy()
    batch.actions[...], batch.overruled[...] = legal_actions(
        world.action_space, asked, batch.observation[..., -mask:], world.idle
    )
    if batch.overruled.any():
        b, n = np.argwhere(batch.overruled)[0].tolist()
        world.guard.say_once(
            f"The action mask of '{world.id}' forbids {asked[b, n]}, which was asked for in step "
            f"{batch.state['tick'][b] + 1}: {batch.actions[b, n]} was done instead, and so it goes on "
            "wherever it forbids something.",
            "forbidden",
        )


def tell_of_our_limit(batch: Any, late: np.ndarray) -> None:
    """Say once that games [B] of an `ExternalBatch` are cut where nobody but us says so."""
    world = batch.world
    if not world.horizon_assumed or not late.any():
        return
    if (batch.state["horizon"][late] == world.horizon).any():
        world.guard.say_once(
            f"The environment '{world.id}' names no limit of its own, so its games are cut after "
            f"{world.horizon:,} steps, which is our guess: give another with --option horizon=STEPS, or "
            "`horizon` under [world] in a recipe."
        )
