"""Units that an agent's network works in: of the numbers it sees, and of continuous actions.

Both are taken from recordings and saved with the weights, so that what is learned does not depend on the
units of an environment.

B observations, O numbers each, S recorded steps, A numbers of an action, H hidden units.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

SPREAD = 16.0  # a deviation counts as at least this part of what a number ranges over
CONSTANT = 1e-6  # a range below this part of the number's own size is rounding, not change
MOST_STEPS = 100.0  # deviations that half of an action's bounds may be apart, or they say nothing


class Normaliser(BaseFeaturesExtractor):
    """Flattens an observation and shifts and scales it by statistics that are saved with the weights.

    Until `fit` is called it changes nothing.
    """

    mean: Tensor  # [O]
    scale: Tensor  # [O]

    def __init__(self, observation_space: spaces.Space[Any]) -> None:
        size = spaces.utils.flatdim(observation_space)
        super().__init__(observation_space, size)
        self.flatten = nn.Flatten()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    def fit(self, observations: np.ndarray, floor: float | None) -> None:
        """Take mean and deviation of `observations` [B, O].

        Args:
            observations: that are typical.
            floor: no deviation counts as less; None takes one of each number's own, so that nothing depends
                on its unit.
        """
        flat = observations.reshape(len(observations), -1)
        mean, deviation = flat.mean(0, dtype=np.float64), flat.std(0, dtype=np.float64)
        if floor is None:
            deviation = _guarded(flat, deviation, self._observation_space)
        else:
            deviation = np.maximum(deviation, floor)
        self.mean.copy_(torch.from_numpy(mean))
        self.scale.copy_(torch.from_numpy(1 / deviation))

    def forward(self, observations: Tensor) -> Tensor:
        """[B, O] -> [B, O]."""
        flat: Tensor = self.flatten(observations)
        return (flat - self.mean) * self.scale


def _guarded(flat: np.ndarray, deviation: np.ndarray, space: Any) -> np.ndarray:
    """Deviations that no number can leave by far: [B, O], [O] -> [O].

    A number that is nearly always the same would be blown up on the day it differs, so its deviation counts
    as a part of its range. One that never changed is measured by its bounds, or else by its own size.
    """
    low, high = flat.min(0).astype(np.float64), flat.max(0).astype(np.float64)
    size = np.maximum(np.abs(low), np.abs(high))
    half = np.full(len(size), np.inf)
    if isinstance(space, spaces.Box):
        with np.errstate(over="ignore"):
            half = (space.high.astype(np.float64) - space.low).reshape(-1) / 2
    unit = np.where(np.isfinite(half) & (half > 0), half, np.where(size > 0, size, 1.0))
    constant = high - low <= CONSTANT * size
    return np.where(constant, unit, np.maximum(deviation, (high - low) / SPREAD))


class ActionHead(nn.Module):
    """Means of continuous actions: what a layer gives, in the actions' own units.

    Args:
        linear: the layer, whose outputs are about 1.
        size: A, numbers of an action.
    """

    center: Tensor  # [A]
    unit: Tensor  # [A]

    def __init__(self, linear: nn.Module, size: int) -> None:
        super().__init__()
        self.linear = linear
        self.register_buffer("center", torch.zeros(size))
        self.register_buffer("unit", torch.ones(size))

    def forward(self, latent: Tensor) -> Tensor:
        """[B, H] -> [B, A]."""
        means: Tensor = self.linear(latent)
        return means * self.unit + self.center

    def fit(self, space: spaces.Box, actions: np.ndarray) -> None:
        """Take the units of a space: its bounds where they say something, else how people acted [S, ...]."""
        flat = actions.reshape(len(actions), -1)
        center, unit = flat.mean(0, dtype=np.float64), flat.std(0, dtype=np.float64)
        low, high = (bound.astype(np.float64).reshape(-1) for bound in (space.low, space.high))
        with np.errstate(over="ignore", invalid="ignore"):
            half, middle = (high - low) / 2, (high + low) / 2
        bounded = np.isfinite(half) & (half > 0) & ((half < MOST_STEPS * unit) | (unit == 0))
        unit = np.where(unit > CONSTANT * np.abs(center), unit, np.maximum(np.abs(center), 1.0))
        self.center.copy_(torch.from_numpy(np.where(bounded, middle, center)))
        self.unit.copy_(torch.from_numpy(np.where(bounded, half, unit)))


def spread_actions(policy: Any, noise: float) -> None:
    """Let a policy's continuous actions vary by so many of their units."""
    unit = policy.action_net.unit if isinstance(policy.action_net, ActionHead) else torch.ones(1)
    with torch.no_grad():
        policy.log_std.copy_((noise * unit).log())


def spread_at_least(policy: Any, noise: float) -> None:
    """Let a policy's continuous actions, where they have units, vary by so many of them or more."""
    if isinstance(policy.action_net, ActionHead):
        with torch.no_grad():
            policy.log_std.clamp_(min=(noise * policy.action_net.unit).log())


def fit_actions(policy: Any, actions: np.ndarray) -> None:
    """Fit the units of continuous actions to recorded ones [S, ...]; their noise begins at one unit."""
    if isinstance(policy.action_net, ActionHead):
        policy.action_net.fit(policy.action_space, actions)
        spread_actions(policy, 1.0)
