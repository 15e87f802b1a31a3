"""Behaviour cloning: a policy that acts as the recorded people did, and values that know what it earned.

S recorded steps, C costs.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from agents.networks.encoder import EncoderWeights, put_encoder
from agents.networks.policy import AgentPolicy, build_policy
from agents.networks.scales import fit_actions
from environments.system.errors import UserError
from training.imitation.holdout import action_weights, split
from training.imitation.inputs import (
    RecordedInputs,
    RecordedSteps,
    policy_space,
    require_allowed,
    require_encoder,
)
from training.imitation.objective import DIVERGED, NOISE, Objective, epochs, schedule_of
from training.imitation.returns import return_scale
from training.imitation.settings import CloneSettings

Tick = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class Clone:
    """A cloned policy and how it got there."""

    policy: AgentPolicy
    history: list[dict[str, float]]  # per epoch: loss, validation_loss, validation_accuracy
    epoch: int  # whose weights these are, counted from 1


@dataclass(frozen=True)
class Beginning:
    """What a clone begins as."""

    network: dict[str, Any] | None = (
        None  # as `training.imitation.inputs.encoder_settings` gives it
    )
    policy: AgentPolicy | None = None  # whose weights and scales; None draws them from the seed
    encoder: EncoderWeights | None = None  # whose encoder, instead of one drawn from the seed


FROM_NOTHING = Beginning()


def clone(
    steps: RecordedSteps,
    settings: CloneSettings,
    *,
    seed: int = 0,
    beginning: Beginning = FROM_NOTHING,
    tick: Tick | None = None,
) -> Clone:
    """Fit a policy to recorded steps by maximum likelihood, and its values to recorded returns.

    It stops when the validation loss, on matches never trained on, has been more than `tolerance` above its
    best for `patience` epochs, and keeps the latest weights within the tolerance: with some tens of matches
    the loss cannot tell such epochs apart, and the later ones, with a smaller step, play better.

    Where a shield stepped in, requested and applied action differ; which of them stands in `steps` is
    decided, and explained, in `training.imitation.corrected_steps.as_asked`.

    Args:
        steps: the recordings.
        settings: how.
        seed: of the split, the weights and the order.
        beginning: the network, and the weights it begins with.
        tick: called with each epoch's record.

    Raises:
        UserError: fewer than two matches, a weight for an action that does not exist, actions that their mask
            forbade, an encoder of another network, or a loss that is no longer a number.
    """
    torch.manual_seed(seed)
    chosen = steps.chosen
    train, held_back = (
        chosen[part] for part in split(steps.groups[chosen], settings.validation, seed)
    )
    policy = _build(steps, settings, beginning, train)
    sized = settings.sized(len(train))
    objective, data = _prepare(steps, sized, policy)
    training, validation = [d[train] for d in data], [d[held_back] for d in data]
    return _fit(objective, training, validation, sized, tick)


def _build(
    steps: RecordedSteps, settings: CloneSettings, beginning: Beginning, train: np.ndarray
) -> AgentPolicy:
    """The network, with the scales of what it is trained on, or all that it begins with."""
    values, network = 0 if steps.returns is None else steps.returns.shape[1], beginning.network
    architecture = {"pi": settings.hidden, "vf": settings.hidden}
    policy = build_policy(
        policy_space(steps.observation_space, steps.action_space, network),
        steps.action_space,
        {"net_arch": architecture, "dropout": settings.dropout, "n_costs": max(values - 1, 0)}
        | ({} if network is None else {"sight": network})
        | ({"own_units": True} if isinstance(steps.action_space, spaces.Box) else {}),
        settings.learning_rate,
    )
    require_allowed(steps.arrays, policy.mask, steps.action_space)
    policy.fit_scales(steps.arrays.observations[train], settings.scale_floor)
    fit_actions(policy, steps.arrays.actions[train])
    if beginning.encoder is not None:
        require_encoder(beginning.encoder, policy.observation_space, policy.encoder_settings)
        put_encoder(policy, beginning.encoder)
    if beginning.policy is not None:
        policy.load_state_dict(beginning.policy.state_dict())
    if steps.returns is not None:
        policy.return_scale.copy_(return_scale(steps.returns[train]))
    return policy


def _prepare(
    steps: RecordedSteps, settings: CloneSettings, policy: AgentPolicy
) -> tuple[Objective, list[Tensor]]:
    """What is minimised, over which columns [S, ...]: observations, actions, returns if they count."""
    recorded = RecordedInputs(steps.arrays, policy)
    weights = action_weights(settings, steps.action_names, steps.action_space)
    objective = Objective(policy, settings, weights, recorded.see)
    data = [recorded.shown, steps.actions_for(policy)]
    if steps.returns is not None and settings.value_weight:
        data.append(steps.returns_for(policy))
    return objective, data


def _fit(
    objective: Objective,
    training: list[Tensor],
    validation: list[Tensor],
    settings: CloneSettings,
    tick: Tick | None,
) -> Clone:
    policy = objective.policy
    learned = [value for name, value in policy.named_parameters() if name != NOISE]
    optimiser = torch.optim.Adam(learned, lr=settings.learning_rate, fused=True)
    history: list[dict[str, float]] = []
    least, kept_epoch, kept = float("inf"), 0, copy.deepcopy(policy.state_dict())
    for epoch, loss in epochs(objective, optimiser, training, schedule_of(settings)):
        objective.fit_noise(validation)
        record = {"epoch": float(epoch), "loss": loss, **objective.judge(validation)}
        history.append(record)
        if tick is not None:
            tick(record)
        found = record["validation_loss"]
        if not math.isfinite(loss + found):
            raise UserError(DIVERGED)
        least = min(least, found)
        if found <= least + settings.tolerance * abs(least):  # a log-density may be negative
            kept_epoch, kept = epoch, copy.deepcopy(policy.state_dict())
        elif epoch - kept_epoch >= settings.patience:
            break
    policy.load_state_dict(kept)
    policy.set_training_mode(False)
    return Clone(policy, history, kept_epoch)
