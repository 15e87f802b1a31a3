"""The loss of refining: named parts times named weights, every part logged.

A part of the policy's loss is a line of `POLICY_PARTS`; its weight is the field of that name in
`training.ppo.settings.LossSettings`. Nothing else has to be told of a new one.

M samples of a minibatch, A actions, C costs with a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from stable_baselines3.common.distributions import CategoricalDistribution, Distribution
from torch import Tensor
from torch.nn import functional

from agents.networks.multi_categorical import FastMultiCategorical


class PolicyOutputs(NamedTuple):
    """What the parts of the policy's loss are made of, for M samples."""

    policy: Distribution  # of the actions, [M]
    clone: Distribution | None  # likewise; None without an anchor
    log_prob: Tensor  # [M], of the actions that were taken
    log_ratio: Tensor  # [M], to the policy of the rollout
    advantages: Tensor  # [M], of the reward
    cost_advantages: Mapping[str, Tensor]  # [M] each, by cost
    clip: float  # of the ratio
    demonstrated: Callable[[], Tensor]  # log-probabilities of some demonstrated actions, [M]


class ValueOutputs(NamedTuple):
    """What the parts of the values' loss are made of, for M samples."""

    values: Tensor  # [M, 1 + C]
    returns: Tensor  # [M], of the reward
    cost_returns: Tensor | None  # [M, C]; None without costs


@dataclass(frozen=True)
class LossPart:
    """A part of the loss: what is computed, and when."""

    of: Callable[[Any], Tensor]  # of `PolicyOutputs` or `ValueOutputs`: a scalar
    scheduled: bool = True  # its weight is a setting, at the start and at the end
    always: bool = True  # computed for the log even where its weight is 0


def surrogate(log_ratio: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """PPO's clipped objective, to be minimised (Schulman et al. 2017, eq. 7): [M], [M] -> scalar."""
    ratio = torch.exp(log_ratio)
    clipped = torch.clamp(ratio, 1 - clip, 1 + clip)
    return -torch.min(advantages * ratio, advantages * clipped).mean()


def negative_entropy(distribution: Distribution, log_prob: Tensor) -> Tensor:
    """Minus the mean entropy, estimated from samples where there is no formula: scalar."""
    entropy = distribution.entropy()
    return log_prob.mean() if entropy is None else -entropy.mean()


def divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p from q) for every state: sum over actions of p log(p/q), [M].

    With p the policy and q the clone this is the *reverse* KL of variational inference: it forbids what the
    clone never does and lets the policy choose among what it does (mode seeking; the KL-to-reference of
    Ziegler et al. 2019). With the two swapped it asks the policy to keep doing everything the clone does.
    """
    if isinstance(p, CategoricalDistribution) and isinstance(q, CategoricalDistribution):
        here, there = p.distribution, q.distribution  # normalised logits
        result: Tensor = (here.probs * (here.logits - there.logits)).sum(-1)
        return result
    if isinstance(p, FastMultiCategorical) and isinstance(q, FastMultiCategorical):
        return p.divergence(q)
    ours: Any = p.distribution
    theirs: Any = q.distribution
    if isinstance(ours, list):  # multi-discrete: independent parts
        pairs = zip(ours, theirs, strict=True)
        return torch.stack([torch.distributions.kl_divergence(a, b) for a, b in pairs]).sum(0)
    each = torch.distributions.kl_divergence(ours, theirs)
    return each.sum(-1) if each.dim() > 1 else each


def value_error(values: Tensor, returns: Tensor) -> Tensor:
    """Mean squared error: [M], [M] -> scalar."""
    return functional.mse_loss(returns, values)


def _kl_clone(found: PolicyOutputs) -> Tensor:
    return torch.zeros(()) if found.clone is None else divergence(found.policy, found.clone).mean()


def _kl_clone_reverse(found: PolicyOutputs) -> Tensor:
    return torch.zeros(()) if found.clone is None else divergence(found.clone, found.policy).mean()


POLICY_PARTS: dict[str, LossPart] = {  # in the order in which they are added up
    "surrogate": LossPart(
        lambda found: surrogate(found.log_ratio, found.advantages, found.clip), scheduled=False
    ),
    "entropy": LossPart(lambda found: negative_entropy(found.policy, found.log_prob)),
    "kl_clone": LossPart(_kl_clone),  # the anchor's distance, whatever it weighs
    "kl_clone_reverse": LossPart(_kl_clone_reverse, always=False),
    # Minus the log-likelihood of demonstrations, as DAPG (Rajeswaran et al. 2018).
    "imitation": LossPart(lambda found: -found.demonstrated().mean(), always=False),
}
VALUE_PARTS: dict[str, LossPart] = {
    "value": LossPart(lambda found: value_error(found.values[:, 0], found.returns)),
    "cost_value": LossPart(lambda found: value_error(found.values[:, 1:], found.cost_returns)),
}


def scheduled_parts() -> list[str]:
    """The parts whose weight is a setting."""
    return [name for name, part in POLICY_PARTS.items() if part.scheduled]


def policy_parts(costs: Sequence[str]) -> dict[str, LossPart]:
    """The parts of the policy's loss: `POLICY_PARTS`, and a surrogate for each cost that is to fall."""

    def rising(name: str) -> Callable[[PolicyOutputs], Tensor]:
        return lambda it: surrogate(it.log_ratio, -it.cost_advantages[name], it.clip)

    return POLICY_PARTS | {f"cost/{name}": LossPart(rising(name)) for name in costs}


def value_parts(costs: Sequence[str]) -> dict[str, LossPart]:
    """The parts of the values' loss."""
    return {name: part for name, part in VALUE_PARTS.items() if costs or name != "cost_value"}


def evaluate_parts(
    parts: Mapping[str, LossPart], outputs: Any, weights: Mapping[str, float]
) -> dict[str, Tensor]:
    """Every part by name, a scalar each: 0 where it is computed only if it counts, and does not.

    Raises:
        ValueError: a part without a weight, or a weight without a part.
    """
    _require_same(parts, weights)
    return {
        name: part.of(outputs) if part.always or weights[name] else torch.zeros(())
        for name, part in parts.items()
    }


def total(parts: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Sum of weight x part, in the order of the parts.

    Raises:
        ValueError: a part without a weight, or a weight without a part.
    """
    _require_same(parts, weights)
    loss: Any = 0.0
    for name, part in parts.items():
        if weights[name] != 0.0:
            loss = loss + weights[name] * part
    result: Tensor = loss
    return result


def _require_same(parts: Mapping[str, Any], weights: Mapping[str, float]) -> None:
    if parts.keys() != weights.keys():
        raise ValueError(f"loss parts {sorted(parts)} and weights {sorted(weights)} differ")


def standardise(advantages: Tensor) -> Tensor:
    """Zero mean, unit deviation within the minibatch, as SB3 does: [M] -> [M]."""
    if len(advantages) < 2:
        return advantages
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)
