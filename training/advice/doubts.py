"""Sentences about what looks wrong in a training, each with what to try; none where all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.callbacks import BaseCallback

from agents.evaluation.statistics import mean_interval
from agents.networks.policy import AgentPolicy
from demos.data.episodes.arrays import Arrays
from environments.simulation.observation_parts import leaves_of
from environments.simulation.world import World
from training.imitation.clone import Clone
from training.imitation.settings import CloneSettings
from training.ppo.plan import RefinePlan

FEW_UPDATES = 8  # of the policy, below which it cannot get far
STILL = 0.02  # part by which the last fifth of the epochs lowered the loss, if it still fell
GUESSED = (
    0.9  # part of the actions' deviation that a clone leaves unexplained, if it explains nothing
)
FAR_BELOW = 0.5  # deviations of recorded games that a clone may be below their mean
STANDS_STILL, PATIENCE = 1e-6, 3  # nats; updates
NAMED = 5  # columns of an observation that are named


def doubts_of_recordings(arrays: Arrays, world: World) -> Iterator[str]:
    """What looks wrong with what was recorded in an environment of others; our own worlds are known."""
    if world.id.startswith("gpo/"):
        return
    flat = arrays.observations.reshape(len(arrays.observations), -1)
    still = np.flatnonzero(flat.min(0) == flat.max(0))
    mask = sum(part.size for part in world.parts if part.kind == "mask")
    still = still[still < flat.shape[1] - mask]
    still = still[~np.isin(still, choices_shown(world))]
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


def choices_shown(world: World) -> list[int]:
    """The numbers that are one of several choices: not every choice comes up in every recording."""
    found: list[int] = []
    at = 0
    for _, leaf in leaves_of(world.own_observation_space or world.observation_space):
        size = spaces.utils.flatdim(leaf)
        if not isinstance(leaf, spaces.Box):
            found += range(at, at + size)
        at += size
    return found


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


def doubts_of_play(played: np.ndarray, arrays: Arrays, name: str, horizon: int) -> Iterator[str]:
    """What looks wrong with how a clone plays: it is reliably below the recorded play, and by much.

    Args:
        played: of the north star, what the clone reached in each of its games, [E].
        arrays: what it was cloned from.
        name: of the north star.
        horizon: steps of a game; recordings that are longer are no games like these.
    """
    recorded = recorded_totals(arrays, name, horizon)
    if recorded is None:
        return
    here, there = mean_interval(played), mean_interval(recorded)
    if here.high < there.low and there.mean - here.mean > FAR_BELOW * recorded.std():
        yield (
            f"The clone reaches {here.mean:.4g} {name} where the recordings have {there.mean:.4g}: record "
            "more games, leave out those that went wrong, or correct it where it errs (gpo play --coach)."
        )


def recorded_totals(arrays: Arrays, name: str, horizon: int) -> np.ndarray | None:
    """What people reached in each recorded game [E]; None if that is unknown, or games were longer."""
    if name not in arrays.terms or np.diff(arrays.starts).max() > horizon:
        return None
    found: np.ndarray = np.add.reduceat(arrays.terms[name].astype(np.float64), arrays.starts[:-1])
    return found


class StandsStill(BaseCallback):
    """Says once that the policy hardly moves in its updates, though it is to learn.

    Args:
        say: is told.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self.say, self.updates = say, 0  # in a row, in which it stood still

    def _on_rollout_start(self) -> None:
        moved = self.logger.name_to_value.get("train/approx_kl")
        model: Any = self.model
        if moved is None or model.warm_up.active:
            return
        self.updates = self.updates + 1 if abs(float(moved)) < STANDS_STILL else 0
        if self.updates == PATIENCE:
            self.say(
                f"The policy hardly moved in {PATIENCE} updates (KL from the rollout's below "
                f"{STANDS_STILL:g} nats): raise refine.learning_rate or refine.max_gradient."
            )

    def _on_step(self) -> bool:
        return True


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
