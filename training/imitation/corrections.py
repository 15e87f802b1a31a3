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

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from agents.networks.policy import AgentPolicy, build_policy
from demos.data.episodes.arrays import Arrays
from environments.system.errors import UserError
from training.imitation.clone import DIVERGED, CloneSettings, Objective, one_epoch
from training.imitation.inputs import RecordedInputs
from training.settings import COUNT, EPOCHS, Settings

MOST = 50.0  # recorded steps that a corrected one may count as: a handful is only learned by heart


class CorrectionsSettings(Settings):
    """How to learn from corrections."""

    start: str | None = (
        None  # the run or agent file that is corrected; the recipe's run if left out
    )
    share: float = Field(0.5, gt=0, lt=1)  # of what is learned from that the corrections make up
    weight: float | None = Field(
        None, gt=0, le=1000
    )  # how many recorded steps a corrected one counts as, instead of the share
    doubt: float = Field(
        1.0, ge=0, le=10**6
    )  # s before the person took over, in which a refined agent's own
    # steps are not kept: they led to it (Liu et al. 2022, "Robot learning on the job")
    epochs: int = Field(20, ge=1, le=EPOCHS)
    learning_rate: float = Field(3e-4, gt=0)  # falls to 0 over all epochs
    games: int = Field(
        100, ge=2, le=COUNT
    )  # per seat, that it is judged by beside what it was before
    refine: bool = False  # go on with [refine] from there


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


def finetune(
    policy: AgentPolicy,
    arrays: Arrays,
    rows: np.ndarray,
    settings: CorrectionsSettings,
    cloning: CloneSettings,
    *,
    returns: np.ndarray | None = None,
    action_weights: Tensor | None = None,
    dropout: float = 0.0,
    seed: int = 0,
    tick: Callable[[int], None] = lambda epoch: None,
) -> AgentPolicy:
    """A policy that has learned on, from the rows of recordings; the one that is given stays as it is.

    Args:
        policy: to begin with.
        arrays: recordings.
        rows: [R] of them, each as often as it counts.
        settings: how long.
        cloning: how, otherwise.
        returns: [S, 1 + C], as `clone`.
        action_weights: as `Objective`.
        dropout: while it learns; a refined agent goes without, as it was refined.
        seed: of the order.
        tick: told of each epoch.

    Raises:
        UserError: the loss is no number any more.

    The spread of continuous actions stays as it was.
    """
    torch.manual_seed(seed)
    about = {**policy.settings(), "dropout": dropout}
    learner = build_policy(policy.observation_space, policy.action_space, about)
    learner.load_tensors(copy.deepcopy(policy.tensors()))
    recorded = RecordedInputs(arrays, learner)
    objective = Objective(learner, cloning, action_weights, recorded.see)
    kind = np.int64 if objective.discrete else np.float32
    data = [recorded.shown[rows], torch.from_numpy(arrays.actions[rows].astype(kind))]
    if returns is not None:
        data.append(torch.from_numpy(returns[rows].astype(np.float32)) * learner.return_scale)
    if hasattr(
        learner, "log_std"
    ):  # a few corrections, seen often, would make it far too sure of itself
        learner.log_std.requires_grad_(False)
    learned = [p for p in learner.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(learned, lr=settings.learning_rate, fused=True)
    for epoch in range(settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * (1 - epoch / settings.epochs)
        if not np.isfinite(one_epoch(objective, optimiser, data, cloning.batch_size)):
            raise UserError(DIVERGED.replace("clone.", "corrections."))
        tick(epoch + 1)
    if hasattr(learner, "log_std"):
        learner.log_std.requires_grad_(True)
    learner.set_training_mode(False)
    return learner


# ------------------------------------------------------------------ what changed
