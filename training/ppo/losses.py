"""The refining loss: named parts times named weights, every part logged.

M samples of a minibatch, A actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from stable_baselines3.common.distributions import CategoricalDistribution, Distribution
from torch import Tensor
from torch.nn import functional

from agents.networks.multi_categorical import FastMultiCategorical


def total(parts: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Sum of weight x part, in the order of the parts.

    Raises:
        ValueError: a part without a weight, or a weight without a part.
    """
    if parts.keys() != weights.keys():
        raise ValueError(f"loss parts {sorted(parts)} and weights {sorted(weights)} differ")
    loss: Any = 0.0
    for name, part in parts.items():
        if weights[name] != 0.0:
            loss = loss + weights[name] * part
    result: Tensor = loss
    return result


def surrogate(log_ratio: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """PPO's clipped objective, to be minimised (Schulman et al. 2017, eq. 7): [M], [M] -> scalar."""
    ratio = torch.exp(log_ratio)
    clipped = torch.clamp(ratio, 1 - clip, 1 + clip)
    return -torch.min(advantages * ratio, advantages * clipped).mean()


def standardise(advantages: Tensor) -> Tensor:
    """Zero mean, unit deviation within the minibatch, as SB3 does: [M] -> [M]."""
    if len(advantages) < 2:
        return advantages
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


def value_error(values: Tensor, returns: Tensor) -> Tensor:
    """Mean squared error: [M], [M] -> scalar."""
    return functional.mse_loss(returns, values)


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
