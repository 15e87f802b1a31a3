"""The rules of a rollout: how long, how its rewards are scaled, and whether games start afresh before it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class RolloutRules:
    """The settings of a rollout."""

    steps: int  # T
    gamma: float  # discount per step
    gae_lambda: float
    scales: (
        np.ndarray
    )  # [1 + C], of the reward and of each cost, unless the games' `returns` say them
    seed: int | None = None  # with which games and generators start afresh; None goes on


def rules_of(model: Any, steps: int) -> RolloutRules:
    """The rules of a `Refiner`'s next rollout."""
    inputs, scales = model.inputs, model.forward_passes.return_scales
    if isinstance(inputs.reward_scale, float):
        scales[0] = inputs.reward_scale
    done, every = model.num_timesteps // (model.n_steps * model.n_envs), inputs.reseed_every
    afresh = bool(every) and done % every == 0
    seed = fresh_seed(model.seed or 0, done) if afresh else None
    return RolloutRules(steps, model.gamma, model.gae_lambda, scales, seed)


def fresh_seed(seed: int, update: int) -> int:
    """With which games and generators start afresh before an update: from SHA-256 of both."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{update}".encode()).digest()[:4])
