"""One gradient step on one minibatch: the policy's loss, the values' loss, a step of the optimiser.

The two sides share no layers unless a network says otherwise, so a second core can take one of them. One of
SB3's policies is passed forward once for both, as PPO does.

M samples of a minibatch, C costs with a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from stable_baselines3.common.distributions import Distribution
from torch import Tensor

from training.compute.second_core import SecondCore
from training.ppo.controllers.step_size import StepSize
from training.ppo.losses import (
    VALUE_PARTS,
    PolicyOutputs,
    ValueOutputs,
    evaluate_parts,
    policy_parts,
    standardise,
    total,
    value_parts,
)
from training.ppo.rollouts.network_outputs import ForwardPasses
from training.ppo.update import beyond, of_the_policy

Columns = dict[str, Tensor]  # [M, ...] each
Parts = dict[str, Tensor]  # scalars


@dataclass(frozen=True)
class StepInputs:
    """What a gradient step needs beside a minibatch and the weights of its loss."""

    forward: ForwardPasses
    costs: tuple[str, ...]  # C, in the order of their columns
    clip: float  # of the ratio
    max_grad_norm: float
    clip_apart: bool  # the gradients of policy and values, where they share no layers
    normalise: bool  # advantages, within the minibatch
    demonstrations: tuple[Tensor, Tensor] | None  # observations and actions to draw from
    demonstrated: int  # how many are drawn
    second_core: SecondCore
    step_size: StepSize  # of the policy, where it shares no layers with the values
    target_kl: float | None = None  # no step is taken that would begin beyond (`update.beyond`)


def inputs_of(model: Any, clip: float) -> StepInputs:
    """Those of a `Refiner`'s next step."""
    return StepInputs(
        model.forward_passes,
        tuple(model.multipliers),
        clip,
        model.max_grad_norm,
        model.inputs.clip_apart,
        model.normalize_advantage,
        model.inputs.demonstrations,
        model.batch_size,
        model.second_core,
        model.step_size,
        model.target_kl,
    )


def gradient_step(minibatch: Columns, weights: Mapping[str, float], inputs: StepInputs) -> Columns:
    """Step the optimiser once; returns every part of the loss, their sum, and `log_ratio` [M].

    Args:
        minibatch: `inputs` as `ForwardPasses.inputs`, `actions`, `log_prob`, `advantages` and `returns`, and
            where there are such `clone` (its logits), `cost_advantages` and `cost_returns`, [M, ...].
        weights: by part; their names must be those of the parts.
        inputs: the networks and PPO's settings.

    Raises:
        ValueError: a part without a weight, a weight without a part, or a distribution of what is no number.
    """
    optimiser = inputs.forward.policy.optimizer
    learned = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for parameter in learned:
        parameter.grad = None
    acting = {name: weight for name, weight in weights.items() if name not in VALUE_PARTS}
    valuing = {name: weight for name, weight in weights.items() if name in VALUE_PARTS}

    def policy_side() -> tuple[Parts, Tensor]:
        outputs = policy_outputs(minibatch, inputs)
        parts = evaluate_parts(policy_parts(inputs.costs), outputs, acting)
        return backward(parts, acting), outputs.log_ratio.detach()

    def value_side() -> Parts:
        outputs = value_outputs(minibatch, inputs)
        return backward(evaluate_parts(value_parts(inputs.costs), outputs, valuing), valuing)

    found: Any  # the policy's and the values', at once where they share no layers
    if inputs.forward.sides_are_separate:
        found = inputs.second_core.both(policy_side, value_side)
    elif inputs.forward.is_ours:
        found = policy_side(), value_side()
    else:
        found = _together(minibatch, acting, valuing, inputs)
    (parts, log_ratio), values = found
    norm = _clip(learned, inputs)
    if not beyond(log_ratio, inputs.target_kl):
        with inputs.step_size.shortening(of_the_policy(inputs.forward.policy), log_ratio):
            optimiser.step()
    loss = parts["loss"] + values["loss"]
    return {**parts, **values, "loss": loss, "gradient_norm": norm, "log_ratio": log_ratio}


def _together(
    minibatch: Columns,
    acting: Mapping[str, float],
    valuing: Mapping[str, float],
    inputs: StepInputs,
) -> tuple[tuple[Parts, Tensor], Parts]:
    """Both sides of a policy of SB3's, with one pass forward and one back."""
    found = inputs.forward.evaluated(minibatch["inputs"], minibatch["actions"])
    values, log_prob, policy = found
    outputs = _policy_outputs(minibatch, policy, log_prob, inputs)
    parts = evaluate_parts(policy_parts(inputs.costs), outputs, acting)
    estimated = ValueOutputs(values, minibatch["returns"], minibatch.get("cost_returns"))
    errors = evaluate_parts(value_parts(inputs.costs), estimated, valuing)
    backward({**parts, **errors}, {**acting, **valuing})

    def said(some: Parts, weights: Mapping[str, float]) -> Parts:
        numbers = {name: part.detach() for name, part in some.items()}
        return {**numbers, "loss": torch.as_tensor(total(numbers, weights))}

    return (said(parts, acting), outputs.log_ratio.detach()), said(errors, valuing)


def policy_outputs(minibatch: Columns, inputs: StepInputs) -> PolicyOutputs:
    """What the policy's parts of the loss are made of."""
    policy = inputs.forward.distribution(minibatch["inputs"])
    return _policy_outputs(minibatch, policy, policy.log_prob(minibatch["actions"]), inputs)


def _policy_outputs(
    minibatch: Columns, policy: Distribution, log_prob: Tensor, inputs: StepInputs
) -> PolicyOutputs:
    scaled = standardise if inputs.normalise else lambda advantages: advantages
    clone = minibatch.get("clone")
    return PolicyOutputs(
        policy=policy,
        clone=None if clone is None else inputs.forward.clone.distribution_of(clone),
        log_prob=log_prob,
        log_ratio=log_prob - minibatch["log_prob"],
        advantages=scaled(minibatch["advantages"]),
        cost_advantages={
            name: scaled(minibatch["cost_advantages"][:, column])
            for column, name in enumerate(inputs.costs)
        },
        clip=inputs.clip,
        demonstrated=lambda: demonstrated(inputs),
    )


def value_outputs(minibatch: Columns, inputs: StepInputs) -> ValueOutputs:
    """What the values' parts of the loss are made of."""
    values = inputs.forward.values_to_learn(minibatch["inputs"])
    return ValueOutputs(values, minibatch["returns"], minibatch.get("cost_returns"))


def demonstrated(inputs: StepInputs) -> Tensor:
    """Log-probabilities of demonstrated actions, drawn anew in each step: [M]."""
    if inputs.demonstrations is None:
        return torch.zeros(1)
    observations, actions = inputs.demonstrations
    chosen = torch.randint(len(actions), (min(inputs.demonstrated, len(actions)),))
    policy = inputs.forward.policy.get_distribution(observations[chosen])
    found: Tensor = policy.log_prob(actions[chosen])
    return found


def backward(parts: Parts, weights: Mapping[str, float]) -> Parts:
    """Add the gradients of the weighted parts; returns the parts and their sum, `loss`."""
    loss = total(parts, weights)
    if isinstance(loss, Tensor):  # a plain 0 where every weight is 0
        loss.backward()  # type: ignore[no-untyped-call]
    found = torch.as_tensor(loss).detach()
    return {**{name: part.detach() for name, part in parts.items()}, "loss": found}


def _clip(learned: list[Tensor], inputs: StepInputs) -> Tensor:
    """Scale down gradients that are too large; returns the norm before.

    With one norm for both, large errors of the values would leave nothing of the policy's gradient.
    """
    if not (inputs.clip_apart and inputs.forward.sides_are_separate):
        return clip_gradients(learned, inputs.max_grad_norm)
    acting = {id(parameter) for parameter in of_the_policy(inputs.forward.policy)}
    sides = [[p for p in learned if (id(p) in acting) is side] for side in (True, False)]
    norms = [clip_gradients(side, inputs.max_grad_norm) for side in sides]
    return torch.stack(norms).square().sum().sqrt()


def clip_gradients(learned: Sequence[Tensor], most: float) -> Tensor:
    """To the bit as torch's `clip_grad_norm_`, which first sorts by device and type; returns the norm."""
    gradients = [parameter.grad for parameter in learned if parameter.grad is not None]
    if not gradients:
        return torch.zeros(())
    with torch.no_grad():
        each = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
        norm: Tensor = torch.linalg.vector_norm(each)
        factor = (most / (norm + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor)
    return norm
