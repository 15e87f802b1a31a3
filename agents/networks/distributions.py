"""Action distributions as SB3 has them, made without its shared object and without torch's checks.

B observations, L logits, A numbers of an action.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from stable_baselines3.common.distributions import (
    CategoricalDistribution,
    DiagGaussianDistribution,
    Distribution,
    MultiCategoricalDistribution,
)
from torch import Tensor
from torch.distributions import Categorical

from agents.networks.multi_categorical import FastMultiCategorical


def distribution_of(
    kind: Distribution, logits: Tensor, log_std: Tensor | None, masked: bool
) -> Distribution:
    """A distribution of SB3's kind.

    Args:
        kind: of the action space; it is left as it is, SB3 hands out the same object every time.
        logits: [B, L], or the means of continuous actions [B, A].
        log_std: of continuous actions, [A].
        masked: whether the logits may be of choices that are forbidden.
    """
    if isinstance(kind, MultiCategoricalDistribution):
        return FastMultiCategorical(kind.action_dims, logits)
    made: Any = copy.copy(kind)
    if isinstance(made, CategoricalDistribution):  # without torch's checks, which cost a tenth
        if masked:  # where nothing is allowed, torch's own way loses what is left of the logits
            logits = torch.log_softmax(logits, 1)
        made.distribution = Categorical(logits=logits, validate_args=False)
        # torch would take a softmax again, which over a few columns is slower than all the rest.
        made.distribution.probs = made.distribution.logits.exp()
    elif isinstance(made, DiagGaussianDistribution):
        made.proba_distribution(logits, torch.zeros(()) if log_std is None else log_std)
    else:
        made.proba_distribution(action_logits=logits)
    found: Distribution = made
    return found
