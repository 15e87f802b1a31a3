"""Behaviour cloning: a policy that acts as the recorded people did, and values that know what it earned.

S recorded steps, O numbers in an observation, A actions, C costs.
"""

from __future__ import annotations

import copy
import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from agents.networks.layers import FORBIDDEN
from agents.networks.policy import AgentPolicy, build_policy
from demos.data.episodes.arrays import Arrays
from environments.system.errors import UserError
from training.imitation.inputs import RecordedInputs, policy_space, require_allowed
from training.imitation.returns import return_scale
from training.settings import COUNT, EPOCHS, Settings, Units

JUDGED = 2048  # steps judged at once by a network that looks at pictures or remembers
DIVERGED = "The cloning diverged, its loss is no number any more: lower clone.learning_rate."


class CloneSettings(Settings):
    """How to clone."""

    # Units of each layer; policy and values have a tower each.
    hidden: list[Units] = Field([128, 128], max_length=100)
    dropout: float = Field(0.25, ge=0, lt=1)  # share of the policy's hidden units
    action_weights: dict[str, float] = {}  # weight in the loss by action; people mostly "stay"
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    learning_rate: float = Field(1e-3, gt=0)  # falls to 0 over all epochs
    batch_size: int = Field(512, ge=1, le=COUNT)
    epochs: int = Field(40, ge=1, le=EPOCHS)  # at most
    tolerance: float = Field(
        0.02, ge=0
    )  # share above its best at which the validation loss still counts as as good
    patience: int = Field(8, ge=1, le=EPOCHS)  # epochs beyond the tolerance before it stops
    validation: float = Field(0.15, gt=0, lt=1)  # share of the matches held back
    value_weight: float = Field(0.5, ge=0)  # of the values' squared error in the loss
    scale_floor: float = Field(0.25, gt=0)  # least deviation that an observation is scaled by


@dataclass(frozen=True)
class Clone:
    """A cloned policy and how it got there."""

    policy: AgentPolicy
    history: list[dict[str, float]]  # per epoch: loss, validation_loss, validation_accuracy
    epoch: int  # whose weights these are, counted from 1


def clone(
    arrays: Arrays,
    groups: np.ndarray,
    observation_space: spaces.Space[Any],
    action_space: spaces.Space[Any],
    settings: CloneSettings,
    *,
    returns: np.ndarray | None = None,
    action_names: Sequence[str] = (),
    seed: int = 0,
    tick: Callable[[dict[str, float]], None] | None = None,
    sight: dict[str, Any] | None = None,
    rows: np.ndarray | None = None,
    start: AgentPolicy | None = None,
) -> Clone:
    """Fit a policy to recorded steps by maximum likelihood, and its values to recorded returns.

    It stops when the validation loss, on matches never trained on, has been more than `tolerance` above its
    best for `patience` epochs, and keeps the latest weights within the tolerance: with some tens of matches
    the loss cannot tell such epochs apart, and the later ones, with a smaller step, play better.

    Where a shield stepped in, requested and applied action differ; which of them stands in `arrays` is
    decided, and explained, in `training.imitation.corrected_steps.as_asked`.

    Args:
        arrays: the recordings.
        groups: [S], what is held back together: steps of one match have one number.
        returns: [S, 1 + C], what followed each step, NaN where that is unknown; None fits no values.
        action_names: for `action_weights`.
        seed: of the split, the weights and the order.
        tick: called with each epoch's record.
        sight: of the network, as `training.imitation.inputs.encoder_settings` gives it.
        start: whose weights and scales it begins with; None draws them from the seed.
        rows: [S] bool, which steps to learn from; all if None.

    Raises:
        UserError: fewer than two matches, a weight for an action that does not exist, actions that their mask
            forbade, or a loss that is no longer a number.
    """
    torch.manual_seed(seed)
    chosen = np.arange(len(groups)) if rows is None else np.flatnonzero(rows)
    train, held_back = (chosen[part] for part in split(groups[chosen], settings.validation, seed))
    values = 0 if returns is None else returns.shape[1]
    architecture = {"pi": settings.hidden, "vf": settings.hidden}
    policy = build_policy(
        policy_space(observation_space, action_space, sight),
        action_space,
        {"net_arch": architecture, "dropout": settings.dropout, "n_costs": max(values - 1, 0)}
        | ({} if sight is None else {"sight": sight}),
        settings.learning_rate,
    )
    require_allowed(arrays, policy.mask, action_space)
    policy.fit_scales(arrays.observations[train], settings.scale_floor)
    if start is not None:
        policy.load_state_dict(start.state_dict())
    recorded, weights = (
        RecordedInputs(arrays, policy),
        action_weights(settings, action_names, action_space),
    )
    objective = Objective(policy, settings, weights, recorded.see)
    data = [
        recorded.shown,
        torch.from_numpy(arrays.actions.astype(np.int64 if objective.discrete else np.float32)),
    ]
    if returns is not None:
        policy.return_scale.copy_(return_scale(returns[train]))
    if returns is not None and settings.value_weight:
        data.append(torch.from_numpy(returns.astype(np.float32)) * policy.return_scale)
    training, validation = [d[train] for d in data], [d[held_back] for d in data]
    return _fit(policy, objective, training, validation, settings, tick)


def _fit(
    policy: AgentPolicy,
    objective: Objective,
    training: list[Tensor],
    validation: list[Tensor],
    settings: CloneSettings,
    tick: Callable[[dict[str, float]], None] | None,
) -> Clone:
    optimiser = torch.optim.Adam(policy.parameters(), lr=settings.learning_rate, fused=True)
    history: list[dict[str, float]] = []
    least, kept_epoch, kept = float("inf"), 0, copy.deepcopy(policy.state_dict())
    for epoch in range(settings.epochs):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * (1 - epoch / settings.epochs)
        loss = one_epoch(objective, optimiser, training, settings.batch_size)
        record = {"epoch": epoch + 1.0, "loss": loss, **objective.judge(validation)}
        history.append(record)
        if tick is not None:
            tick(record)
        found = record["validation_loss"]
        if not math.isfinite(loss + found):
            raise UserError(DIVERGED)
        least = min(least, found)
        if found <= least + settings.tolerance * abs(least):  # a log-density may be negative
            kept_epoch, kept = epoch + 1, copy.deepcopy(policy.state_dict())
        elif epoch + 1 - kept_epoch >= settings.patience:
            break
    policy.load_state_dict(kept)
    policy.set_training_mode(False)
    return Clone(policy, history, kept_epoch)


def one_epoch(
    objective: Objective, optimiser: torch.optim.Optimizer, data: list[Tensor], batch_size: int
) -> float:
    """Every step once, in random order; the mean loss. The last minibatch may be smaller."""
    objective.policy.set_training_mode(True)
    order = torch.randperm(len(data[0]))
    # one gather an epoch, minibatches are views; `index_select` is four times as fast as `column[order]`
    shuffled = [column.index_select(0, order) for column in data]
    sum_of_losses = torch.zeros(())
    for minibatch in zip(*(torch.split(column, batch_size) for column in shuffled), strict=True):
        loss = objective(*minibatch)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        sum_of_losses += loss.detach() * len(minibatch[0])
    return float(sum_of_losses) / len(order)


class Objective:
    """Minus the weighted log-likelihood of the actions, plus the values' error.

    Args:
        policy: whose.
        settings: how to clone.
        action_weights: [A], of a discrete action, or None.
        see: makes what the policy is handed of the observations that this is called with.
    """

    def __init__(
        self,
        policy: AgentPolicy,
        settings: CloneSettings,
        action_weights: Tensor | None,
        see: Callable[[Tensor], Tensor] = lambda shown: shown,
    ) -> None:
        self.policy, self.settings, self.action_weights = policy, settings, action_weights
        self.see = see
        self.discrete = isinstance(policy.action_space, spaces.Discrete)

    def __call__(
        self, observations: Tensor, actions: Tensor, returns: Tensor | None = None
    ) -> Tensor:
        observations = self.see(observations)
        loss = self.imitation(observations, actions)
        if returns is not None:
            values = self.policy.predict_all_values(observations)
            known = ~returns.isnan()
            error = torch.where(known, values - returns.nan_to_num(), 0.0)
            loss = loss + self.settings.value_weight * error.square().mean()
        return loss

    def imitation(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Cross-entropy for a discrete action; else minus the mean log-density."""
        if self.discrete:
            return self._cross_entropy(self.policy.logits(observations), actions)
        try:
            likelihood: Tensor = self.policy.get_distribution(observations).log_prob(actions)
        except ValueError:  # torch's answer to a mean that is no number
            raise UserError(DIVERGED) from None
        return -likelihood.mean()

    def _cross_entropy(self, logits: Tensor, actions: Tensor) -> Tensor:
        smoothing = self.settings.label_smoothing
        masked = bool(self.policy.mask and smoothing)
        loss = functional.cross_entropy(
            logits,
            actions,
            weight=self.action_weights,
            label_smoothing=0.0 if masked else smoothing,
        )
        if masked:  # smooth over what is allowed alone
            allowed = logits > FORBIDDEN / 2
            odds = torch.where(allowed, torch.log_softmax(logits, dim=1), 0.0)
            smooth = -(odds.sum(1) / allowed.sum(1).clamp(min=1)).mean()
            loss = (1 - smoothing) * loss + smoothing * smooth
        return loss

    def judge(self, data: list[Tensor]) -> dict[str, float]:
        """Loss and, for discrete actions, accuracy on steps that were held back."""
        self.policy.set_training_mode(False)
        most = len(data[0]) if self.policy.sight is None else JUDGED
        sums: dict[str, float] = {}
        with torch.inference_mode():
            for shown, actions in zip(*(torch.split(d, most) for d in data[:2]), strict=True):
                seen = self.see(shown)
                if self.discrete:
                    logits = self.policy.logits(seen)
                    found = {
                        "validation_loss": float(self._cross_entropy(logits, actions)),
                        "validation_accuracy": float((logits.argmax(1) == actions).float().mean()),
                    }
                else:
                    found = {"validation_loss": float(self.imitation(seen, actions))}
                share = len(actions) / len(data[0])
                sums = {name: sums.get(name, 0.0) + share * v for name, v in found.items()}
        return sums


def require_matches(count: int) -> None:
    """Refuse recordings that cannot be parted.

    Raises:
        UserError: fewer than two matches.
    """
    if count < 2:
        raise UserError(
            "Cloning holds back whole matches to judge itself, but the recordings hold only "
            f"{count}: record at least two."
        )


def split(groups: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows held back, by whole groups, at least one group on each side."""
    numbers = np.unique(groups)
    require_matches(len(numbers))
    count = min(max(1, round(len(numbers) * share)), len(numbers) - 1)
    held = np.random.default_rng(seed).permutation(numbers)[:count]
    is_held = np.isin(groups, held)
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def action_weights(
    settings: CloneSettings, names: Sequence[str], space: spaces.Space[Any]
) -> Tensor | None:
    """The weight of each discrete action in the loss, [A], or None if all count alike.

    Raises:
        UserError: a weight for an action that does not exist, or weights where actions are not discrete.
    """
    if not settings.action_weights:
        return None
    if not isinstance(space, spaces.Discrete):
        raise UserError(
            "clone.action_weights is for discrete actions; this world's are not: remove it."
        )
    known = list(names) or [str(a) for a in range(int(space.n))]
    weights = torch.ones(int(space.n))
    for name, weight in settings.action_weights.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"choose among {', '.join(known)}."
            raise UserError(f"clone.action_weights names '{name}', which is no action: {hint}")
        weights[known.index(name)] = weight
    return weights
