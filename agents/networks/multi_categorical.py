"""Several choices at once, as SB3's `MultiCategoricalDistribution` but several times as fast.

torch's Categorical checks what it is handed and takes every softmax twice; over a handful of columns that
costs more than the network. Here all choices stand side by side in one array.

M observations, P parts (choices at once), A columns, those of all parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from stable_baselines3.common.distributions import MultiCategoricalDistribution
from torch import Tensor
from torch.distributions import Categorical


class FastMultiCategorical(MultiCategoricalDistribution):
    """Independent choices, made of logits [M, A].

    Args:
        counts: how many possibilities each part has, [P].
        logits: of all parts, end to end.
    """

    def __init__(self, counts: Sequence[int], logits: Tensor) -> None:
        self.counts = list(counts)
        super().__init__(self.counts)
        parts = torch.split(logits, self.counts, dim=1)
        self.log_probs = torch.cat([torch.log_softmax(part, 1) for part in parts], 1)

    @cached_property
    def probs(self) -> Tensor:
        """[M, A]."""
        return self.log_probs.exp()

    @cached_property
    def _first(self) -> Tensor:
        """The column with which each part begins, [P]."""
        return torch.tensor([0, *self.counts[:-1]]).cumsum(0)

    @property
    def distribution(self) -> list[Categorical]:  # type: ignore[override]
        """As SB3's, which has a distribution a part."""
        parts = torch.split(self.log_probs, self.counts, dim=1)
        return [Categorical(logits=part, validate_args=False) for part in parts]

    def log_prob(self, actions: Tensor) -> Tensor:
        """[M, P] -> [M]."""
        columns = actions.reshape(len(actions), -1).long() + self._first
        return self.log_probs.gather(1, columns).sum(1)

    def entropy(self) -> Tensor:
        """The sum over the parts, [M]."""
        return -(self.probs * self.log_probs).sum(1)

    def divergence(self, other: FastMultiCategorical) -> Tensor:
        """KL(this from the other), [M]."""
        return (self.probs * (self.log_probs - other.log_probs)).sum(1)

    def sample(self) -> Tensor:
        """By the Gumbel-max trick (Gumbel 1954), [M, P]."""
        noise = torch.empty_like(self.log_probs).exponential_()
        return self._largest(self.log_probs - noise.log_())

    def mode(self) -> Tensor:
        """The likeliest of each part, [M, P]."""
        return self._largest(self.log_probs)

    def _largest(self, scores: Tensor) -> Tensor:
        return torch.stack([part.argmax(1) for part in torch.split(scores, self.counts, dim=1)], 1)
