"""Advantages by hand: the discount, the trace, and where an episode ends."""

import numpy as np
import pytest

from training.ppo.rollouts.advantages import generalised_advantages

GAMMA, LAMBDA = 0.5, 0.25


def advantages(rewards, values, following, dones, gamma=GAMMA, gae_lambda=LAMBDA):
    """Of one game and one stream."""
    r, v, f = (np.array(c, np.float64)[:, None, None] for c in (rewards, values, following))
    return generalised_advantages(r, v, f, np.array(dones)[:, None], gamma, gae_lambda)


def test_three_steps_by_hand():
    found, returns = advantages([1, 2, 4], [3, 5, 7], [5, 7, 8], [False] * 3)
    surprises = [1 + 2.5 - 3, 2 + 3.5 - 5, 4 + 4 - 7]
    third = surprises[2]
    second = surprises[1] + GAMMA * LAMBDA * third
    first = surprises[0] + GAMMA * LAMBDA * second
    assert found.ravel().tolist() == pytest.approx([first, second, third])
    assert returns.ravel().tolist() == pytest.approx([first + 3, second + 5, third + 7])
    assert found.dtype == returns.dtype == np.float32


@pytest.mark.parametrize("last_value", [0.0, 8.0])
def test_nothing_crosses_the_end_of_an_episode(last_value):
    """Terminated (0) or truncated (8): what follows is in `following` alone."""
    found, _ = advantages([1, 2, 4], [3, 5, 7], [5, last_value, 9], [False, True, False])
    second = 2 + GAMMA * last_value - 5
    assert found.ravel()[1] == pytest.approx(second)
    assert found.ravel()[0] == pytest.approx(1 + 2.5 - 3 + GAMMA * LAMBDA * second)
    assert found.ravel()[2] == pytest.approx(4 + 4.5 - 7)


@pytest.mark.parametrize(("gae_lambda", "first"), [(0.0, 1 + 1.0 - 3), (1.0, 1 + 0.5 * 4 - 3)])
def test_lambda_0_trusts_the_values_and_1_the_rewards(gae_lambda, first):
    found, _ = advantages([1, 4], [3, 2], [2, 0], [False, True], gae_lambda=gae_lambda)
    assert found.ravel()[0] == pytest.approx(first)


def test_games_and_streams_do_not_mix():
    random = np.random.default_rng(0)
    shape = (6, 3, 2)
    rewards, values, following = (random.normal(size=shape) for _ in range(3))
    dones = random.random((6, 3)) < 0.3
    found, returns = generalised_advantages(rewards, values, following, dones, 0.9, 0.8)
    for b in range(3):
        for c in range(2):
            alone = advantages(
                rewards[:, b, c], values[:, b, c], following[:, b, c], dones[:, b], 0.9, 0.8
            )
            assert found[:, b, c].tolist() == alone[0].ravel().tolist()
            assert returns[:, b, c].tolist() == alone[1].ravel().tolist()


def test_a_single_step_is_its_surprise():
    found, _ = advantages([1], [3], [5], [False])
    assert found.ravel().tolist() == [1 + 2.5 - 3]
