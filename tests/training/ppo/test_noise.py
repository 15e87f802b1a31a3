"""The spread of continuous actions when refining begins."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.policy import build_policy
from environments.system.errors import UserError
from training.ppo.build import set_noise

SEEN = spaces.Box(-1.0, 1.0, (3,), np.float32)
NETWORK = {"net_arch": {"pi": [4], "vf": [4]}}


def test_it_is_a_share_of_half_the_range():
    low, high = np.array([-1.0, 0.0], np.float32), np.array([1.0, 10.0], np.float32)
    policy = build_policy(SEEN, spaces.Box(low, high), NETWORK)
    set_noise(policy, 0.3)
    assert policy.log_std.exp().tolist() == pytest.approx([0.3, 1.5])
    actions, _ = policy.predict(np.zeros((4000, 3), np.float32), deterministic=False)
    assert actions[:, 0].std() == pytest.approx(0.3, rel=0.1)


def test_actions_without_bounds_take_it_as_it_is():
    policy = build_policy(SEEN, spaces.Box(-np.inf, np.inf, (2,), np.float32), NETWORK)
    set_noise(policy, 0.3)
    assert torch.allclose(policy.log_std.exp(), torch.tensor(0.3))


def test_choices_have_none():
    with pytest.raises(UserError, match="continuous"):
        set_noise(build_policy(SEEN, spaces.Discrete(2), NETWORK), 0.3)
