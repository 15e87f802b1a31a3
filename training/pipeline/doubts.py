"""Sentences about what looks wrong in a training, each with what to try; none where all is well."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from gymnasium import spaces

from agents.networks.policy import AgentPolicy
from demos.data.episodes.arrays import Arrays
from environments.simulation.world import World
from training.imitation.clone import Clone
from training.imitation.settings import CloneSettings
from training.ppo.plan import RefinePlan

FEW_UPDATES = 8  # of the policy, below which it cannot get far
STILL = 0.02  # part by which the last fifth of the epochs lowered the loss, if it still fell
GUESSED = (
    0.9  # part of the actions' deviation that a clone leaves unexplained, if it explains nothing
)
FAR_BELOW = 0.8  # part of what people reached above what the clone may stay below
NAMED = 5  # columns of an observation that are named


def doubts_of_recordings(arrays: Arrays, world: World) -> Iterator[str]:
    """What looks wrong with what was recorded in an environment of others; our own worlds are known."""
    if world.id.startswith("gpo/"):
        return
    flat = arrays.observations.reshape(len(arrays.observations), -1)
    still = np.flatnonzero(flat.min(0) == flat.max(0))
    mask = sum(part.size for part in world.parts if part.kind == "mask")
    still = still[still < flat.shape[1] - mask]
    if len(still) and flat.dtype != np.uint8:
        yield (
            f"{len(still)} of the {flat.shape[1] - mask} numbers that are seen never change in the "
            f"recordings (number {_listed(still)}): nothing can be learned from them, check them."
        )
    low, high = (np.ravel(x) for x in (world.observation_space.low, world.observation_space.high))
    outside = np.flatnonzero(((flat < low) | (flat > high)).any(0))
    if len(outside):
        yield (
            f"{len(outside)} of the numbers that were seen leave the bounds that the world declares "
            f"(number {_listed(outside)}): a network learns from them as they are, but correct the bounds."
        )


def doubts_of_clone(found: Clone, settings: CloneSettings, arrays: Arrays) -> Iterator[str]:
    """What looks wrong with a clone.

    Args:
        found: the clone.
        settings: how it was cloned, sized.
        arrays: what it was cloned from.
    """
    losses = [record["validation_loss"] for record in found.history]
    before = losses[: max(1, len(losses) - max(1, len(losses) // 5))]
    if found.epoch == settings.epochs and min(losses) < min(before) - STILL * abs(min(before)):
        yield (
            f"The clone still got better in the last of its {settings.epochs} epochs: give more, for "
            f"instance --clone.epochs {2 * settings.epochs}."
        )
    unexplained = _unexplained(found.policy, arrays)
    if unexplained > GUESSED:
        yield (
            "The clone explains hardly anything of what people did "
            f"({1 - unexplained**2:.0%} of its variance): what they acted on may not be in the "
            "observation, or they acted by chance."
        )


def doubts_of_plan(plan: RefinePlan) -> Iterator[str]:
    """What looks wrong with how much is to be refined."""
    learned = plan.updates - plan.warm_up
    if plan.steps and learned < FEW_UPDATES:
        yield (
            f"{plan.steps:,} steps make {learned} updates of the policy: give more refine.steps, or fewer "
            "games or rollout.steps."
        )


def doubts_of_play(clone: float, recorded: float, fresh: float, name: str) -> Iterator[str]:
    """What looks wrong with how a clone plays.

    Args:
        clone: its mean of the north star.
        recorded: the recordings' mean.
        fresh: the mean of a network that has learned nothing.
        name: of the north star.
    """
    if recorded > fresh and clone < fresh + FAR_BELOW * (recorded - fresh):
        yield (
            f"The clone reaches {clone:.4g} {name} where the recordings have {recorded:.4g}: record more "
            "games, leave out those that went wrong, or correct it where it errs (gpo play --coach)."
        )


def _unexplained(policy: AgentPolicy, arrays: Arrays) -> float:
    """The clone's spread of continuous actions as a part of people's own; 0 for others."""
    if not isinstance(policy.action_space, spaces.Box):
        return 0.0
    people = arrays.actions.reshape(len(arrays.actions), -1).astype(np.float64).std(0)
    with torch.no_grad():
        spread = policy.log_std.exp().numpy()
    moved = people > 1e-9
    return float(np.mean(spread[moved] / people[moved])) if moved.any() else 0.0


def _listed(columns: np.ndarray) -> str:
    told = ", ".join(str(column) for column in columns[:NAMED].tolist())
    return told + (", ..." if len(columns) > NAMED else "")
