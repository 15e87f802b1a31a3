"""The running scale of returns: their deviation, whatever their unit; values keep saying the same."""

import json

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.policy import build_policy
from training.ppo.rollouts.return_scale import ReturnScale, rescale_values

GAMMA = 0.9
ALL = np.ones((50, 3), bool)


def rewards(seed=0, streams=1):
    return np.random.default_rng(seed).normal(1.0, 2.0, (50, 3, streams))


def ends(every=10):
    return np.tile((np.arange(1, 51) % every == 0)[:, None], (1, 3))


def sums(streams, dones):
    """Discounted sums of what was earned so far in an episode, the long way."""
    found = []
    for b in range(streams.shape[1]):
        now = 0.0
        for t in range(len(streams)):
            now = GAMMA * now + streams[t, b, 0]
            found.append(now)
            now = 0.0 if dones[t, b] else now
    return np.array(found)


def test_it_is_one_over_the_deviation_of_discounted_sums():
    given, dones = rewards(), ends()
    scale = ReturnScale(3, 1, GAMMA).update(given, dones, ALL)
    assert scale[0] == pytest.approx(1 / sums(given, dones).std())


def test_rollouts_add_up_as_if_they_were_one():
    given, dones = rewards(), ends()
    parts = ReturnScale(3, 1, GAMMA)
    for part in (slice(0, 20), slice(20, 50)):
        found = parts.update(given[part], dones[part], ALL[part])
    assert found == pytest.approx(ReturnScale(3, 1, GAMMA).update(given, dones, ALL))


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e4, 1e9])
def test_the_unit_of_rewards_does_not_matter(unit):
    plain = ReturnScale(3, 1, GAMMA).update(rewards(), ends(), ALL)
    other = ReturnScale(3, 1, GAMMA).update(rewards() * unit, ends(), ALL)
    assert other * unit == pytest.approx(plain)


@pytest.mark.parametrize(("always", "scale"), [(0.0, 1.0), (2.0, 0.5), (-4.0, 0.25)])
def test_what_never_varies_is_measured_by_its_size(always, scale):
    given = np.full((50, 3, 1), always)
    assert ReturnScale(3, 1, 0.0).update(given, ends(), ALL)[0] == pytest.approx(scale)


def test_steps_in_which_the_learner_was_not_there_count_for_nothing():
    given, acted = rewards(), ALL.copy()
    acted[:, 2] = False
    here = ReturnScale(3, 1, GAMMA).update(given, ends(), acted)
    alone = ReturnScale(2, 1, GAMMA).update(given[:, :2], ends()[:, :2], ALL[:, :2])
    assert here == pytest.approx(alone)
    assert ReturnScale(3, 1, GAMMA).update(given, ends(), ~ALL) == pytest.approx([1.0])


def test_a_checkpoint_brings_it_back():
    first = ReturnScale(3, 2, GAMMA)
    first.update(rewards(streams=2), ends(), ALL)
    again = ReturnScale(3, 2, GAMMA)
    again.restore(json.loads(json.dumps(first.facts())))
    first.restart()
    more = rewards(1, streams=2)
    assert np.array_equal(first.update(more, ends(), ALL), again.update(more, ends(), ALL))


def test_values_say_the_same_in_the_new_unit_and_adam_remembers_the_same():
    seen = torch.randn(6, 4)
    space = spaces.Box(-9, 9, (4,), np.float32)
    policy = build_policy(space, spaces.Discrete(2), {"n_costs": 2})
    loss = policy.predict_all_values(seen).square().sum()
    loss.backward()
    policy.optimizer.step()
    before = (policy.predict_all_values(seen) / policy.return_scale).detach()
    state = policy.optimizer.state[policy.cost_net.weight]
    first, second = state["exp_avg"].clone(), state["exp_avg_sq"].clone()
    rescale_values(policy, [0, 2], np.array([10.0, 0.5]))
    assert policy.return_scale.tolist() == [10.0, 1.0, 0.5]
    after = policy.predict_all_values(seen) / policy.return_scale
    assert torch.allclose(before, after, rtol=1e-4)
    assert torch.allclose(state["exp_avg"][1], 0.5 * first[1])
    assert torch.allclose(state["exp_avg_sq"][1], 0.25 * second[1])
    assert torch.equal(state["exp_avg"][0], first[0]), "which has no limit"
