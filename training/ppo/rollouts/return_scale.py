"""ReturnScale: one over the deviation of the returns, as they are met while refining.

Values are learned in that unit, so nothing depends on the unit of an environment's rewards or costs; a value
head keeps its meaning when the unit changes (van Hasselt et al. 2016, "Learning values across many orders of
magnitude", without their shift). The deviation is of discounted sums of what was earned so far, as
`gymnasium.wrappers.NormalizeReward` takes it.

T steps of a rollout, B games, S streams: the reward and the limited costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from training.ppo.network_outputs import ForwardPasses

LEAST = 1e-12  # deviation that is one
_MOMENTS = {"exp_avg": 1, "exp_avg_sq": 2}  # of Adam, and the power of the unit they are in


class ReturnScale:
    """Adds up means and squares of discounted sums, in float64.

    Args:
        games: B.
        streams: S.
        gamma: discount per step.
    """

    def __init__(self, games: int, streams: int, gamma: float) -> None:
        self.gamma = gamma
        self.running = np.zeros((games, streams))  # [B, S], of the episodes under way
        self.count, self.mean, self.square = 0.0, np.zeros(streams), np.zeros(streams)

    def restart(self) -> None:
        """All episodes begin anew."""
        self.running[:] = 0

    def update(self, streams: np.ndarray, dones: np.ndarray, acted: np.ndarray) -> np.ndarray:
        """Take a rollout; returns the scales, [S].

        Args:
            streams: rewards and costs, [T, B, S].
            dones: whether an episode ended, [T, B].
            acted: whether the learner was in the game: else it counts for nothing, [T, B].
        """
        sums = np.empty(streams.shape)
        for t in range(len(streams)):
            self.running = self.gamma * self.running + streams[t]
            sums[t] = self.running
            self.running[dones[t]] = 0
        sums = sums[acted]
        if not len(sums):
            return self.scales
        count, mean = len(sums), sums.mean(0)
        away, whole = (
            mean - self.mean,
            self.count + count,
        )  # Chan et al. 1979, for two parts of a sample
        self.square += sums.var(0) * count + away**2 * (self.count * count / whole)
        self.mean += away * (count / whole)
        self.count = whole
        return self.scales

    @property
    def scales(self) -> np.ndarray:
        """One over the deviations; over the size of what never varies; 1 where there is nothing: [S]."""
        deviation = np.sqrt(self.square / max(self.count, 1.0))
        size = np.abs(self.mean)
        unit = np.where(deviation > LEAST + 1e-6 * size, deviation, size)
        return np.where(unit > LEAST, 1 / np.maximum(unit, LEAST), 1.0)

    def rescale(
        self, passes: ForwardPasses, streams: np.ndarray, dones: np.ndarray, acted: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Take a rollout as `update`, and give the values their new unit.

        Returns the scales, and by what values change that were computed before, [S] each.
        """
        before, now = passes.return_scales, self.update(streams, dones, acted)
        before = np.where(np.isfinite(before), before, 1.0)
        rescale_values(passes.policy, passes.heads, now / before)
        return now, now / before

    def facts(self) -> dict[str, Any]:
        """What a checkpoint keeps, at which all episodes begin anew."""
        found = {"mean": self.mean.tolist(), "square": self.square.tolist()}
        return {"count": self.count, **found}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Put back what `facts` gave."""
        self.count = float(facts["count"])
        self.mean, self.square = np.array(facts["mean"]), np.array(facts["square"])


def rescale_values(policy: Any, heads: Sequence[int], ratios: np.ndarray) -> None:
    """Give values a new unit and let them say the same, and Adam remember the same.

    Args:
        policy: an `AgentPolicy`.
        heads: of its values, those of the reward (0) and the limited costs, [S].
        ratios: new scale over old, [S].
    """
    for head, ratio in zip(heads, ratios.tolist(), strict=True):
        layer, row = (policy.value_net, 0) if head == 0 else (policy.cost_net, head - 1)
        with torch.no_grad():
            policy.return_scale[head] *= ratio
            for parameter in (layer.weight, layer.bias):
                parameter[row] *= ratio
                state = policy.optimizer.state.get(parameter, {})
                for name, power in _MOMENTS.items():
                    if name in state:
                        state[name][row] *= ratio**power
