"""The policy: SB3's in every respect, and small additions that do what they say."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

from agents.networks.policy import AgentPolicy, build_policy
from tests.agents.support.policies import ACTIONS, SIGHT, sights, small_policy

each_space = pytest.mark.parametrize("actions", ACTIONS)


@pytest.fixture
def cartpoles():
    worlds = make_vec_env("CartPole-v1", 2, seed=0)
    yield worlds
    worlds.close()


def cloned_for(worlds):
    return build_policy(
        worlds.observation_space, worlds.action_space, {"net_arch": [8], "n_costs": 2}
    )


def test_ppo_takes_its_parameters(cartpoles):
    clone = cloned_for(cartpoles)
    agent = PPO(AgentPolicy, cartpoles, policy_kwargs={"net_arch": [8], "n_costs": 2}, device="cpu")
    agent.set_parameters({"policy": clone.state_dict()}, exact_match=False)
    for name, value in clone.state_dict().items():
        assert torch.equal(agent.policy.state_dict()[name], value), f"{name} was not taken"


def test_ppo_trains_it_and_its_costs_are_with_the_optimiser(cartpoles):
    agent: Any = PPO(
        AgentPolicy,
        cartpoles,
        n_steps=16,
        batch_size=16,
        policy_kwargs={"n_costs": 2},
        device="cpu",
    )
    agent.learn(32)
    held = {id(p) for group in agent.policy.optimizer.param_groups for p in group["params"]}
    assert {id(p) for p in agent.policy.cost_net.parameters()} <= held


def test_sb3_evaluates_it(cartpoles):
    mean: Any
    mean, _ = evaluate_policy(cloned_for(cartpoles), cartpoles, n_eval_episodes=4)
    assert mean >= 8  # the shortest that a pole takes to fall


@each_space
def test_its_settings_and_tensors_make_it_again(actions):
    policy = small_policy(actions, seed=1, n_costs=2, dropout=0.1, activation="Tanh")
    policy.features_extractor.fit(3 * sights(40) + 1, floor=0.25)
    again = build_policy(SIGHT, ACTIONS[actions], policy.settings())
    again.load_tensors(policy.tensors())
    for one in (policy, again):
        one.set_training_mode(False)
    seen = torch.from_numpy(sights(7))
    assert torch.equal(policy.logits(seen), again.logits(seen))
    assert torch.equal(policy.predict_all_values(seen), again.predict_all_values(seen))
    assert again.settings() == policy.settings()


@each_space
@pytest.mark.parametrize("costs", [0, 2])
def test_what_is_scaled_beforehand_gives_the_same(actions, costs):
    policy = small_policy(actions, n_costs=costs)
    policy.features_extractor.fit(3 * sights(40) + 1, floor=0.25)
    seen = torch.from_numpy(sights(7))
    scaled = policy.scaled(seen)
    assert policy.scales_only
    assert not torch.equal(scaled, seen)
    assert torch.equal(policy.logits_of(scaled), policy.logits(seen))
    assert torch.equal(policy.values_of(scaled), policy.predict_all_values(seen))
    assert torch.equal(policy.values_of(scaled, costs=False), policy.predict_values(seen))


def test_an_extractor_that_learns_scales_not_only():
    camera = spaces.Box(0, 255, (16, 16, 3), np.uint8)
    assert not build_policy(camera, ACTIONS["discrete"], {"sight": {}}).scales_only
    apart: Any = {"share_features_extractor": False}
    assert not AgentPolicy(SIGHT, ACTIONS["discrete"], lambda _: 1e-3, **apart).scales_only


def test_each_tensor_is_listed_once():
    tensors = small_policy().tensors()
    assert sum(name.endswith("mean") for name in tensors) == 1
    assert all(not t.requires_grad and t.is_contiguous() for t in tensors.values())


def test_tensors_of_another_network_are_refused():
    with pytest.raises(RuntimeError, match="size mismatch"):
        small_policy().load_tensors(small_policy(net_arch=[16]).tensors())


def test_its_logits_are_those_of_sb3s_distribution():
    policy, seen = small_policy(), torch.from_numpy(sights(7))
    expected = policy.get_distribution(seen).distribution.logits
    assert torch.allclose(torch.log_softmax(policy.logits(seen), dim=1), expected, atol=1e-6)


def test_the_first_of_all_values_is_the_rewards():
    policy, seen = small_policy(n_costs=3), torch.from_numpy(sights(7))
    values = policy.predict_all_values(seen)
    assert values.shape == (7, 4)
    assert torch.equal(values[:, :1], policy.predict_values(seen))


def test_the_normaliser_centres_and_scales_but_never_blows_up_what_hardly_varies():
    policy = small_policy()
    seen = sights(500) * np.array([1, 10, 0.001, 1, 0], np.float32) + 5
    assert torch.equal(policy.features_extractor(torch.from_numpy(seen)), torch.from_numpy(seen))
    policy.features_extractor.fit(seen, floor=0.25)
    scaled = policy.features_extractor(torch.from_numpy(seen)).numpy()
    assert np.abs(scaled.mean(0)).max() < 1e-3
    assert scaled.std(0) == pytest.approx([1, 1, 0.004, 1, 0], rel=0.1, abs=1e-6)


def test_dropout_concerns_the_policy_and_not_the_values():
    policy, seen = small_policy(dropout=0.5), torch.from_numpy(sights(30))
    policy.set_training_mode(True)
    assert not torch.equal(policy.logits(seen), policy.logits(seen))
    assert torch.equal(policy.predict_values(seen), policy.predict_values(seen))


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="'Relu'"):
        small_policy(activation="Relu")
