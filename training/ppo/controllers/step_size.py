"""StepSize: shortens the policy's steps where they move it further than an update should, and lets go again.

What a step of the optimiser changes depends on the clone: where it is sure of its actions, or its hand is
steady, the usual learning rate throws the policy far from the rollout's, and the clip only stops the gradient
when it is too late.

M samples of a minibatch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

FACTOR = 1.2  # by which steps become longer, one gradient step after another
BRAKE = 0.5  # of a step is left at least, after another: the distance grows with the square of it
WITHIN = 2.0  # times the target, or one over it: the distance between them changes nothing
SHORTEST = 1e-3  # of the whole step
FIRST = 0.1  # of the whole step, before anything is known of what it changes


class StepSize:
    """Keeps the policy's distance from the rollout's near a target, in every gradient step.

    An adaptive KL of PPO (Schulman et al. 2017, section 4) that acts on the step instead of the loss, as
    Rudin et al. 2022, "Learning to Walk in Minutes", adapt their learning rate; but values keep theirs.

    Args:
        target: KL(rollout's policy from the policy) of a minibatch, in nats; None leaves steps as they are.
    """

    def __init__(self, target: float | None) -> None:
        self.target, self.factor = target, 1.0 if target is None else FIRST

    @contextmanager
    def shortening(self, policy: Sequence[Tensor], log_ratio: Tensor) -> Iterator[None]:
        """Within the block the optimiser makes a step, which is shortened.

        Args:
            policy: its parameters.
            log_ratio: to the rollout's policy, before the step, [M].
        """
        if self.target is None:
            yield
            return
        moved = float((torch.exp(log_ratio) - 1 - log_ratio).mean())  # Schulman, "Approximating KL"
        if moved > WITHIN * self.target:
            brake = max(math.sqrt(WITHIN * self.target / moved), BRAKE)
            self.factor = max(self.factor * brake, SHORTEST)
        elif moved < self.target / WITHIN:
            self.factor = min(self.factor * FACTOR, 1.0)
        if self.factor == 1.0:
            yield
            return
        before = [parameter.detach().clone() for parameter in policy]
        yield
        with torch.no_grad():
            for now, then in zip(policy, before, strict=True):
                now.copy_(torch.lerp(then, now, self.factor))

    def facts(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"factor": self.factor}

    def restore(self, facts: Mapping[str, float]) -> None:
        """Put back what `facts` gave."""
        self.factor = facts["factor"]
