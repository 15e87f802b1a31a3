"""How long a decision takes in a loop that controls something: by our player, by torch, by onnxruntime."""

import time
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer
from tests.agents.support.policies import SIGHT, sights

DECISIONS, WARM_UP = 20_000, 500
ACTIONS = {"discrete": spaces.Discrete(6), "continuous": spaces.Box(-1.0, 1.0, (4,), np.float32)}
QUICKER = {"discrete": 1.5, "continuous": 3.0}  # times, at the median, whatever else runs


def percentiles(decide) -> np.ndarray:
    """Median, p99 and p99.9 of a decision, ms."""
    took = []
    for count in range(DECISIONS + WARM_UP):
        began = time.perf_counter()
        decide()
        if count >= WARM_UP:
            took.append((time.perf_counter() - began) * 1000)
    return np.percentile(took, [50, 99, 99.9])


def nothing() -> None:
    """As long as a decision, and none of ours: what it is off by is the machine's doing."""
    until = time.perf_counter() + 3e-5
    while time.perf_counter() < until:
        pass


@pytest.mark.bench
@pytest.mark.parametrize("kind", ACTIONS)
def test_a_decision_of_a_network_of_2x256(kind):
    torch.manual_seed(0)
    settings = {"net_arch": {"pi": [256, 256], "vf": [256, 256]}, "own_units": True}
    policy = build_policy(SIGHT, ACTIONS[kind], settings)
    quick, slow = NetworkPlayer(policy), NetworkPlayer(policy)
    apart: Any = slow._single
    apart.logits = apart.continuous = lambda *_: None
    seen = sights(1)
    ours, by_torch, machine = (
        percentiles(decide)
        for decide in (partial(quick.predict, seen), partial(slow.predict, seen), nothing)
    )
    for name, found in (("ours", ours), ("torch", by_torch), ("a loop that waits 0.03", machine)):
        told = f"{found[0]:.3f} ms at the median, {found[1]:.3f} at p99, {found[2]:.3f} at p99.9"
        print(f"\n{kind}, {name}: {told}", end="")
    assert by_torch[0] > QUICKER[kind] * ours[0]
    assert ours[2] < 2.0 + machine[2]
