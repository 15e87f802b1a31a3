"""An update: epochs of gradient steps over a rollout, their undoing, and what is logged of them.

T steps of a rollout, B games, M samples of a minibatch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from training.compute.second_core import SecondCore
from training.ppo.rollouts.observations import each

IN_A_ROW = 3  # rejected updates after which the run is stopped
FIT_GAIN = 0.01  # explained variance that another update of warming up must bring
Columns = dict[str, Tensor]  # [T x B, ...] each, or [M, ...]
_SB3_NAMES = {"surrogate": "policy_gradient_loss", "value": "value_loss", "entropy": "entropy_loss"}
# Parameters of the values alone begin so.
_OF_VALUES = ("mlp_extractor.value_net", "value_net", "cost_net", "vf_features_extractor")


class Diverged(RuntimeError):
    """Refining gives no numbers any more; the message is a sentence for the person."""


def require_numbers(rejected: int) -> None:
    """Stop the refining after some updates in a row that were undone.

    Raises:
        Diverged: there were `IN_A_ROW`.
    """
    if rejected >= IN_A_ROW:
        raise Diverged(
            f"The refining diverged: {IN_A_ROW} updates in a row left no numbers behind and were undone; "
            "lower its learning rate."
        )


def run_epochs(
    minibatches: Callable[[], Iterator[Columns]],
    epochs: int,
    step: Callable[[Columns], Columns],
    resting: Sequence[Tensor],
    target_kl: float | None = None,
) -> list[Columns]:
    """Every sample once an epoch; what each step returned, or nothing where numbers end.

    Args:
        minibatches: begins an epoch.
        epochs: how many.
        step: a gradient step on a minibatch.
        resting: parameters that stay as they are, to the bit, while the optimiser's moments of them fill.
        target_kl: at a step that finds the policy `beyond` it the update ends.
    """
    steps: list[Columns] = []
    kept = [parameter.detach().clone() for parameter in resting]
    for _ in range(epochs):
        for minibatch in minibatches():
            try:
                steps.append(step(minibatch))
            except ValueError:  # torch's distributions refuse what is no number
                return []
            with torch.no_grad():
                for parameter, value in zip(resting, kept, strict=True):
                    parameter.copy_(value)
            if beyond(steps[-1]["log_ratio"], target_kl):
                return steps
    return steps


def epochs_of(steps: Sequence[Columns], data: Columns, size: int) -> int:
    """Epochs that were begun, of so many steps on minibatches of a size."""
    return math.ceil(len(steps) / math.ceil(len(data["returns"]) / size))


def beyond(log_ratio: Tensor, target_kl: float | None) -> bool:
    """Whether the policy moved further from the rollout's than PPO's early stopping lets it: [M] -> bool."""
    if target_kl is None:
        return False
    return bool(moved_by(log_ratio, 0.0)["approx_kl"].mean() > 1.5 * target_kl)


def shuffled(data: Columns, size: int, second_core: SecondCore) -> Iterator[Columns]:
    """Every sample once, in random order; the next are gathered while these are learned from."""
    order = torch.randperm(len(data["returns"])).to(data["returns"].device)
    some = torch.split(order, size)
    coming = [second_core.begin(partial(_rows, data, some[0]))]
    for chosen in some[1:]:
        here = coming.pop().result()
        coming.append(second_core.begin_after(partial(_rows, data, chosen)))
        yield here
    yield coming.pop().result()


def _rows(data: Columns, chosen: Tensor) -> Columns:
    return {name: each(lambda part: part.index_select(0, chosen), c) for name, c in data.items()}


def of_the_policy(policy: Any) -> list[Tensor]:
    """The parameters that are not of the values alone."""
    return [p for name, p in policy.named_parameters() if not name.startswith(_OF_VALUES)]


class Snapshot:
    """A policy and its optimiser as they were, to undo an update."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy
        self.weights = copy.deepcopy(policy.state_dict())
        self.optimiser = copy.deepcopy(policy.optimizer.state_dict())

    def put_back(self) -> None:
        """Undo what happened since."""
        self.policy.load_state_dict(self.weights)
        self.policy.optimizer.load_state_dict(self.optimiser)


def is_finite(columns: Mapping[str, Tensor], policy: Any) -> bool:
    """Whether an update left numbers behind: something was logged, and that and the weights are finite."""
    everything = [*columns.values(), *policy.parameters()]
    return bool(columns) and all(bool(numbers.isfinite().all()) for numbers in everything)


class WarmUp:
    """The updates at the start in which the policy rests while the values learn.

    Args:
        most: updates; it ends before once the values fit no better.
    """

    def __init__(self, most: int) -> None:
        self.most, self.done, self.best_fit = most, 0, -math.inf

    @property
    def active(self) -> bool:
        """Whether the policy still rests."""
        return self.done < self.most

    def update(self, fit: float) -> None:
        """Take the explained variance of the returns of an update's rollout."""
        self.done = self.done + 1 if fit > self.best_fit + FIT_GAIN else self.most
        self.best_fit = max(self.best_fit, fit)

    def facts(self) -> dict[str, float | None]:
        """What a checkpoint keeps."""
        best = None if self.best_fit == -math.inf else self.best_fit
        return {"warmed": self.done, "best_fit": best}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Put back what `facts` gave."""
        self.done = facts["warmed"]
        self.best_fit = -math.inf if facts["best_fit"] is None else facts["best_fit"]


def columns_of(steps: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """What gradient steps returned, by name: [steps], or [steps x M] where it is of every sample."""
    names = steps[0] if steps else ()
    return {name: torch.cat([step[name].reshape(-1) for step in steps]) for name in names}


def moved_by(log_ratio: Tensor, clip: float) -> dict[str, Tensor]:
    """How far the policy moved from the rollout's, by sample: [M] -> [M] each."""
    ratio = torch.exp(log_ratio)
    return {
        "approx_kl": ratio - 1 - log_ratio,  # Schulman, "Approximating KL", 2020
        "clip_fraction": ((ratio - 1).abs() > clip).float(),
    }


def update_metrics(
    columns: Mapping[str, Tensor], weights: Mapping[str, float], clip: float
) -> Iterator[tuple[str, float]]:
    """Means over an update, under SB3's names where it has them.

    Args:
        columns: of `columns_of`.
        weights: of the parts of the loss.
        clip: of the ratio.
    """
    every = {**columns, **moved_by(columns["log_ratio"], clip)}
    mean = {name: column.mean().item() for name, column in every.items()}
    for part, weight in weights.items():
        yield f"loss/{part}", mean[part]
        yield f"weight/{part}", weight
    for name in ("loss", "approx_kl", "clip_fraction", "gradient_norm", "kl_clone"):
        yield f"train/{name}", mean[name]
    for name, sb3 in _SB3_NAMES.items():
        yield f"train/{sb3}", mean[name]
    yield "train/clip_range", clip


def log_update(
    model: Any, columns: Columns, weights: Mapping[str, float], clip: float, fit: float
) -> None:
    """Record an update with a refiner's logger.

    Args:
        model: the `Refiner`.
        columns: of `columns_of`.
        weights: of the parts of the loss.
        clip: of the ratio.
        fit: explained variance of the returns by the values.
    """
    logger = model.logger
    for name, value in update_metrics(columns, weights, clip):
        logger.record(name, value)
    for name, mean in model.further_rewards.means.items():
        logger.record(f"reward/{name}", mean)
    for name, cost in model.meter.per_episode().items():
        logger.record(f"cost/{name}", cost)
        logger.record(f"multiplier/{name}", model.multipliers[name].value)
    logger.record("train/explained_variance", fit)
    logger.record("train/n_updates", model._n_updates, exclude="tensorboard")


def value_at(schedule: Any, remaining: float) -> float:
    """A schedule's value, or the number itself, where so much progress remains."""
    return float(schedule(remaining) if callable(schedule) else schedule)
