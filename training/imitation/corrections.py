"""Learning from corrections: what a person did who took over from an agent is weighted into its cloning.

Human-gated DAgger (Kelly et al. 2019): the person drives where they would not leave it to the agent, so their
steps say what to do in just the states that the agent brings itself into. After each round of games the agent
learns on from where it is, from all corrections so far beside what it was cloned from.

`imitation` 1.0.1 has a DAgger, but not this one: its trainer draws by chance, step by step, who acts, asks an
expert for a label in every state, and then clones with its own BC. Here the person chooses when to act, there
is no label for the rest, and the cloning has weights, values, masks and memory that BC lacks. So only the
loop is DAgger's; what is learned with is ours (`training.imitation.clone`).

S recorded steps, R chosen ones, E episodes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from agents.networks.policy import AgentPolicy, build_policy
from demos.data.episodes.arrays import Arrays
from environments.system.errors import UserError
from training.imitation.inputs import RecordedInputs, RecordedSteps
from training.imitation.objective import DIVERGED, Objective, Schedule, epochs
from training.imitation.settings import CloneSettings
from training.settings import COUNT, EPOCHS, Settings

MOST = 50.0  # recorded steps that a corrected one may count as: a handful is only learned by heart


class CorrectionsSettings(Settings):
    """How to learn from corrections."""

    start: str | None = None
    """The run or agent file that is corrected; the recipe's run if left out."""
    share: float = Field(0.5, gt=0, lt=1)
    """Part that the corrections make up of what is learned from. [share]"""
    weight: float | None = Field(None, gt=0, le=1000)
    """How many recorded steps a corrected one counts as, instead of the share. [steps]"""
    doubt: float = Field(1.0, ge=0, le=10**6)
    """Time before the person took over in which a refined agent's own steps are not kept: they
    led to it (Liu et al. 2022, "Robot learning on the job"). [s]"""
    epochs: int = Field(20, ge=1, le=EPOCHS)
    """Passes over all that is learned from. [epochs]"""
    learning_rate: float = Field(3e-4, gt=0)
    """Learning rate at the start; it falls to 0 over all epochs."""
    games: int = Field(100, ge=2, le=COUNT)
    """Games per seat that it is judged by, beside what it was before."""
    refine: bool = False
    """Go on with [refine] from there."""


def concatenate(first: Arrays, second: Arrays) -> Arrays:
    """The episodes of two datasets end to end."""

    def both(name: str) -> np.ndarray:
        return np.concatenate([getattr(first, name), getattr(second, name)])

    plain = ("observations", "actions", "rewards", "actors", "final_observations")
    return Arrays(
        **{name: both(name) for name in (*plain, "terminated", "truncated")},
        terms={n: np.concatenate([v, second.terms[n]]) for n, v in first.terms.items()},
        costs={n: np.concatenate([v, second.costs[n]]) for n, v in first.costs.items()},
        episode=np.concatenate([first.episode, second.episode + first.episode.max(initial=-1) + 1]),
        starts=np.concatenate([first.starts, second.starts[1:] + first.starts[-1]]),
    )


def weight_of(settings: CorrectionsSettings, base: int, corrected: int) -> float:
    """How many steps of the base a corrected one counts as."""
    if settings.weight is not None:
        return settings.weight
    fair = settings.share / (1 - settings.share) * base / corrected if base else 1.0
    return min(max(fair, 1.0), MOST)


def weighted(base: np.ndarray, corrected: np.ndarray, weight: float, seed: int) -> np.ndarray:
    """Rows to learn from, the corrected ones so many times each, on average: [R]."""
    draw = np.random.default_rng(seed).random(len(corrected))
    times = int(weight) + (draw < weight - int(weight))
    return np.concatenate([base, np.repeat(corrected, times)])


@dataclass(frozen=True)
class WeightedRows:
    """Rows of recordings to learn from, each as often as it counts."""

    steps: RecordedSteps
    rows: np.ndarray  # [R]
    action_weights: Tensor | None = None  # as `Objective`


def finetune(
    policy: AgentPolicy,
    learned_from: WeightedRows,
    settings: CorrectionsSettings,
    cloning: CloneSettings,
    *,
    dropout: float = 0.0,
    seed: int = 0,
    tick: Callable[[int], None] = lambda epoch: None,
) -> AgentPolicy:
    """A policy that has learned on, from some rows of recordings; the one that is given stays as it is.

    The spread of continuous actions stays: by a few corrections, seen often, it would shrink far too much.

    Args:
        policy: to begin with.
        learned_from: the rows.
        settings: how long and how fast.
        cloning: all else.
        dropout: while it learns; a refined agent goes without, as it was refined.
        seed: of the order.
        tick: told of each epoch.

    Raises:
        UserError: the loss is no number any more.
    """
    torch.manual_seed(seed)
    learner = _copy(policy, dropout)
    steps, rows = learned_from.steps, learned_from.rows
    recorded = RecordedInputs(steps.arrays, learner)
    objective = Objective(learner, cloning, learned_from.action_weights, recorded.see)
    data = [recorded.shown[rows], steps.actions_for(learner)[rows]]
    data += [steps.returns_for(learner)[rows]] if steps.returns is not None else []
    learned = [p for p in learner.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(learned, lr=settings.learning_rate, fused=True)
    size = cloning.sized(len(rows)).batch_size
    schedule = Schedule(settings.epochs, settings.learning_rate, size or len(rows))
    for epoch, loss in epochs(objective, optimiser, data, schedule):
        if not np.isfinite(loss):
            raise UserError(DIVERGED.replace("clone.", "corrections."))
        tick(epoch)
    learner.requires_grad_(True)
    learner.set_training_mode(False)
    return learner


def _copy(policy: AgentPolicy, dropout: float) -> AgentPolicy:
    """A policy with the same weights, of which the spread of continuous actions does not learn."""
    about = {**policy.settings(), "dropout": dropout}
    learner = build_policy(policy.observation_space, policy.action_space, about)
    learner.load_tensors(copy.deepcopy(policy.tensors()))
    if hasattr(learner, "log_std"):
        learner.log_std.requires_grad_(False)
    return learner
