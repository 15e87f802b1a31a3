"""What is said of a network's decision is what it decided by, and looking changes nothing."""

from typing import Any

import numpy as np
import pytest
import torch

from agents.players.introspection import IntrospectivePlayer, inspect_decision, make_introspective
from agents.players.player import NetworkPlayer, RandomPlayer
from agents.players.unstuck import Unstuck
from tests.agents.support.policies import ACTIONS, indifferent_policy, sights, small_policy


@pytest.mark.parametrize("actions", ACTIONS)
def test_a_player_that_is_looked_into_plays_the_same(actions):
    policy = small_policy(actions)
    plain, watched = NetworkPlayer(policy, 4), make_introspective(NetworkPlayer(policy, 4))
    watched.reseed(4)  # type: ignore[attr-defined]
    for seen in sights(20)[:, None]:
        expected, _ = plain.predict(seen)
        found, _ = watched.predict(seen)
        inspect_decision(watched, policy)
        assert np.array_equal(expected, found)


@pytest.mark.parametrize("actions", ACTIONS)
def test_chances_are_those_of_the_samples(actions):
    player = IntrospectivePlayer(small_policy(actions), 4)
    seen = sights(1)
    taken = np.array([player.predict(seen)[0][0] for _ in range(2000)]).reshape(2000, -1)
    insight = inspect_decision(player)
    assert insight is not None
    if actions == "box":
        assert insight.mean is not None
        assert insight.spread is not None
        wide = np.clip(taken, -1, 1)
        near = np.clip(
            np.random.default_rng(0).normal(insight.mean, insight.spread, (2000, 2)), -1, 1
        )
        assert np.allclose(wide.mean(0), near.mean(0), atol=0.1)
        return
    assert insight.mean is None
    for k, chances in enumerate(insight.chances):
        if actions == "multi-binary":
            assert taken[:, k].mean() == pytest.approx(float(chances[0]), abs=0.05)
        else:
            assert chances.sum() == pytest.approx(1.0)
            shares = np.bincount(taken[:, k].astype(int), minlength=len(chances)) / len(taken)
            assert np.allclose(shares, chances, atol=0.05)


def test_what_a_rule_forbids_has_no_chance():
    network = NetworkPlayer(indifferent_policy([0.0, 0.0, 9.0, 3.0]))
    player, memory = make_introspective(Unstuck(network, slice(0, 2), 1)), None
    still = np.ones((1, 5), np.float32)
    chances = []
    for _ in range(2):
        action, memory = player.predict(still, memory, deterministic=True)
        insight = inspect_decision(player)
        assert insight is not None
        chances.append(insight.chances[0])
    assert chances[0][2] > 0.9
    assert chances[1][2] == 0.0
    assert int(action[0]) == 3


@pytest.mark.parametrize("actions", ACTIONS)
def test_the_distance_is_nothing_to_itself_and_something_to_another(actions):
    policy, other = small_policy(actions, 0), small_policy(actions, 1)
    with torch.no_grad():
        other.action_net.bias.add_(torch.arange(len(other.action_net.bias)).float())
    player = IntrospectivePlayer(policy)
    player.predict(sights(1))
    same, apart = inspect_decision(player, policy), inspect_decision(player, other)
    assert same is not None
    assert apart is not None
    assert same.distance == pytest.approx(0.0, abs=1e-6)
    assert apart.distance is not None
    assert apart.distance > 0.01
    assert inspect_decision(player).distance is None  # type: ignore[union-attr]


def test_a_clone_that_acts_otherwise_is_not_compared():
    player = IntrospectivePlayer(small_policy("discrete"))
    player.predict(sights(1))
    insight = inspect_decision(player, small_policy("box"))
    assert insight is not None
    assert insight.distance is None


def test_values_are_told_in_units_of_the_reward_and_the_costs():
    policy: Any = small_policy(n_costs=2)
    policy.return_scale.copy_(torch.tensor([0.5, 2.0, 4.0]))
    player, seen = IntrospectivePlayer(policy), sights(1)
    player.predict(seen)
    insight = inspect_decision(player)
    assert insight is not None
    assert insight.values is not None
    with torch.no_grad():
        raw = policy.predict_all_values(torch.from_numpy(seen))[0].numpy()
    assert np.allclose(insight.values, raw / [0.5, 2.0, 4.0])


def test_values_that_were_fitted_to_nothing_are_not_told():
    policy: Any = small_policy(n_costs=2)
    policy.forget_values()
    player = IntrospectivePlayer(policy)
    player.predict(sights(1))
    insight = inspect_decision(player)
    assert insight is not None
    assert insight.values is None
    assert insight.chances


def test_there_is_nothing_to_see_in_what_is_no_network():
    assert inspect_decision(RandomPlayer(ACTIONS["discrete"])) is None
    assert inspect_decision(None) is None
    assert inspect_decision(IntrospectivePlayer(small_policy())) is None  # it has not decided yet
