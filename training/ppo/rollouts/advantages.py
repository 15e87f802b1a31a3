"""Advantages that know an episode that ended from one that was cut off.

T steps of a rollout, B games, C streams (the reward, or each cost).
"""

from __future__ import annotations

import numpy as np
from numba import njit


def generalised_advantages(
    rewards: np.ndarray,
    values: np.ndarray,
    following: np.ndarray,
    dones: np.ndarray,
    gamma: float,
    gae_lambda: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Generalised advantage estimation (Schulman et al. 2016, eq. 16) of any number of streams.

    Args:
        rewards: what each step earned, [T, B, C].
        values: of the observation each action was chosen on, [T, B, C].
        following: value of what each step led to: 0 where the episode terminated, the value of its last
            observation where it was truncated, else the next step's value, [T, B, C].
        dones: whether the episode ended, either way, in that step, [T, B].
        gamma: discount per step.
        gae_lambda: 0 trusts the values, 1 the rewards.

    Returns:
        Advantages and returns (advantage + value), [T, B, C] float32 each.
    """
    advantages = np.empty(rewards.shape, np.float32)
    _scan(rewards, values, following, dones, gamma, gae_lambda, advantages)
    return advantages, advantages + values.astype(np.float32)


@njit(cache=True)
def _scan(rewards, values, following, dones, gamma, gae_lambda, advantages):  # type: ignore[no-untyped-def]
    steps, games, streams = rewards.shape
    for b in range(games):
        for c in range(streams):
            later = 0.0
            for t in range(steps - 1, -1, -1):
                if dones[t, b]:
                    later = 0.0
                surprise = rewards[t, b, c] + gamma * following[t, b, c] - values[t, b, c]
                later = surprise + gamma * gae_lambda * later
                advantages[t, b, c] = later
