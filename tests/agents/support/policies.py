"""Small policies whose scores are known, for the tests of whatever acts."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from agents.networks.policy import build_policy

SIGHT = spaces.Box(-9.0, 9.0, (5,), np.float32)
ACTIONS = {
    "discrete": spaces.Discrete(4),
    "box": spaces.Box(-1.0, 1.0, (2,), np.float32),
    "multi-discrete": spaces.MultiDiscrete([3, 2]),
    "multi-binary": spaces.MultiBinary(3),
}


def small_policy(actions: str = "discrete", seed: int = 0, **settings: Any) -> Any:
    """A random policy of 8 hidden units a tower."""
    torch.manual_seed(seed)
    settings = {"net_arch": {"pi": [8], "vf": [8]}, **settings}
    return build_policy(SIGHT, ACTIONS[actions], settings)


def indifferent_policy(logits: list[float]) -> Any:
    """A policy that has these logits whatever it sees."""
    policy: Any = build_policy(
        SIGHT, spaces.Discrete(len(logits)), {"net_arch": {"pi": [8], "vf": [8]}}
    )
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.zero_()
        policy.action_net.bias.copy_(torch.tensor(logits))
    return policy


def sights(count: int, seed: int = 0) -> np.ndarray:
    """Random observations [B, 5]."""
    return np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)
