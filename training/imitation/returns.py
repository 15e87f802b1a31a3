"""Returns and costs after each recorded step: the targets that values are fitted to before refining.

S recorded steps, C costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from demos.data.episodes.arrays import Arrays


def recorded_returns(
    arrays: Arrays,
    weights: Mapping[str, float],
    gamma: float,
    costs: Sequence[str] = (),
) -> np.ndarray:
    """Discounted sums of what followed each step, [S, 1 + C]: the weighted reward, then each cost.

    What followed the end of an episode that was cut off is unknown: its last steps, within which more than
    1 % of a later reward would still count, are NaN.
    """
    unnamed = np.full(len(arrays.actions), np.nan)  # recorded before the world had it: unknown
    reward = sum(
        (w * arrays.terms.get(name, unnamed) for name, w in weights.items() if w),
        np.zeros(len(arrays.actions)),
    )
    columns = [reward, *(arrays.costs.get(name, unnamed) for name in costs)]
    streams = np.stack(columns, axis=1).astype(np.float64)  # [S, 1 + C]
    returns = np.empty_like(streams)
    unknown = int(np.ceil(np.log(0.01) / np.log(gamma))) if gamma < 1 else len(streams)
    for e, (start, end) in enumerate(zip(arrays.starts[:-1], arrays.starts[1:], strict=True)):
        following = np.zeros(streams.shape[1])
        for t in range(end - 1, start - 1, -1):
            following = streams[t] + gamma * following
            returns[t] = following
        if not arrays.terminated[e]:
            returns[max(start, end - unknown) : end] = np.nan
    return returns


def return_scale(returns: np.ndarray) -> Tensor:
    """One over the deviation of each column of recorded returns, 1 where nothing varies: [1 + C]."""
    known = [column[~np.isnan(column)] for column in returns.T]
    deviations = torch.tensor([float(c.std()) if len(c) else 0.0 for c in known])
    return torch.where(deviations > 1e-6, 1 / deviations.clamp(min=1e-6), 1.0)
