"""The Refiner does what PPO does with whatever PPO takes: the kinds of SB3's own tests, in small.

`tests.studies.sb3_tests` runs those tests themselves.
"""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    VecNormalize,
    VecTransposeImage,
    is_vecenv_wrapped,
)
from torch import nn

from agents.networks.policy import AgentPolicy
from training.ppo.refiner import Refiner

STEPS, GAMES = 12, 2
NUMBERS = spaces.Box(-1, 1, (3,), np.float32)
PICTURE = spaces.Box(0, 255, (36, 36, 1), np.uint8)
SMALL = {"net_arch": [8]}
KINDS: dict[str, Any] = {  # the policy, what is observed, what is done, and the network
    "an extractor with weights": ("MlpPolicy", NUMBERS, spaces.Discrete(3), {}),
    "parts": (
        "MultiInputPolicy",
        spaces.Dict({"numbers": NUMBERS, "room": spaces.Discrete(4), "shown": PICTURE}),
        spaces.Discrete(3),
        {"features_extractor_kwargs": {"cnn_output_dim": 8}},
    ),
    "pictures": (
        "CnnPolicy",
        PICTURE,
        spaces.Discrete(3),
        {"features_extractor_kwargs": {"features_dim": 8}},
    ),
    "a number of a few": ("MlpPolicy", spaces.Discrete(4), spaces.MultiBinary(2), {}),
    "boxes of two dimensions": (
        "MlpPolicy",
        spaces.Box(-1, 1, (2, 2), np.float64),
        spaces.Box(-1, 1, (2, 2), np.float32),
        {},
    ),
}


class Normalised(BaseFeaturesExtractor):
    """Layers with weights and with batch norm, which policy and values share."""

    def __init__(self, observation_space):
        super().__init__(observation_space, 4)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh())

    def forward(self, observations):
        return self.layers(observations)


KINDS["an extractor with weights"][3]["features_extractor_class"] = Normalised


class Drawn(gymnasium.Env):
    """Shows whatever its space draws, for five steps, then is cut off; pays by the step."""

    render_mode = None

    def __init__(self, shown, done):
        self.observation_space, self.action_space = shown, done
        self.observation_space.seed(0)

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.t += 1
        return self.observation_space.sample(), float(self.t), False, self.t == 5, {}


def games_of(kind):
    _, shown, done, _ = KINDS[kind]
    return DummyVecEnv([lambda: Drawn(shown, done) for _ in range(GAMES)])


def learned(algorithm, kind, rollouts=1, games=None, **keywords):
    """After so many rollouts, from the same weights, games and noise."""
    policy, _, _, network = KINDS[kind]
    settings: dict[str, Any] = {
        "n_steps": STEPS,
        "batch_size": STEPS * GAMES,
        "n_epochs": 2,
        "learning_rate": 1e-2,
    }
    settings |= {
        "seed": 0,
        "device": "cpu",
        "ent_coef": 0.01,
        "policy_kwargs": {**SMALL, **network},
    }
    model = algorithm(policy, games or games_of(kind), **{**settings, **keywords})
    return model.learn(rollouts * STEPS * GAMES)


def assert_same(ours, theirs):
    """The same weights, and the same running means of batch norm."""
    for name, value in theirs.policy.state_dict().items():
        found = ours.policy.state_dict()[name]
        assert torch.allclose(value, found, rtol=0, atol=1e-4), name


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_what_ppo_learns(kind):
    ours, theirs = learned(Refiner, kind), learned(PPO, kind)
    assert_same(ours, theirs)
    untouched = learned(PPO, kind, rollouts=0).policy.state_dict()
    assert any((untouched[name] != v).any() for name, v in ours.policy.state_dict().items())


@pytest.mark.parametrize("apart", [True, False])
def test_policy_and_values_may_have_an_extractor_each(apart):
    network = {
        **SMALL,
        "features_extractor_class": Normalised,
        "share_features_extractor": not apart,
    }
    kind = "an extractor with weights"
    assert_same(*(learned(a, kind, policy_kwargs=network) for a in (Refiner, PPO)))


def test_a_rollout_moves_no_running_mean_of_an_extractor():
    model = learned(Refiner, "an extractor with weights", n_epochs=0)
    assert not model.policy.state_dict()["features_extractor.layers.2.running_mean"].any()


@pytest.mark.parametrize(("target", "epochs"), [(None, 20), (1e9, 20), (1e-4, 2)])
def test_an_update_ends_where_the_policy_is_beyond_the_target(target, epochs):
    ours, theirs = (
        learned(a, "a number of a few", n_epochs=20, target_kl=target) for a in (Refiner, PPO)
    )
    assert ours._n_updates == theirs._n_updates == epochs
    assert_same(ours, theirs)


def test_parts_may_be_normalised_by_sb3():
    def normalised():
        return VecNormalize(games_of("parts"), norm_obs_keys=["numbers"])

    ours, theirs = (learned(a, "parts", 1, normalised()) for a in (Refiner, PPO))
    assert_same(ours, theirs)


@pytest.mark.parametrize("kind", ["parts", "pictures"])
def test_it_is_saved_and_loaded_with_its_games(kind, tmp_path):
    model, games = learned(Refiner, kind), games_of(kind)
    model.save(tmp_path / "model.zip")
    again = Refiner.load(tmp_path / "model.zip", env=games, device="cpu")
    seen = model.get_env().reset()
    assert (
        again.predict(seen, deterministic=True)[0] == model.predict(seen, deterministic=True)[0]
    ).all()
    again.set_env(games_of(kind))
    again.learn(STEPS * GAMES)
    again.set_parameters(model.get_parameters())
    assert_same(again, model)


def test_pictures_are_turned_for_sb3s_networks_and_not_for_ours(tmp_path):
    assert is_vecenv_wrapped(learned(Refiner, "pictures").get_env(), VecTransposeImage)
    games = games_of("pictures")
    ours = Refiner(AgentPolicy, games, n_steps=STEPS, batch_size=STEPS, n_epochs=1, device="cpu")
    assert ours.env is games
    ours.save(tmp_path / "model.zip")
    with (tmp_path / "model.zip").open("rb") as stream:
        again = Refiner.load(stream, games, device="cpu")
    assert again.env is games
    again.set_env(games)
    assert again.env is games
    assert again.observation_space == PICTURE


def test_an_environment_may_be_given_by_its_name():
    assert Refiner("MlpPolicy", "CartPole-v1", device="cpu").n_envs == 1
    assert Refiner(AgentPolicy, "CartPole-v1", device="cpu").n_envs == 1
    assert Refiner(AgentPolicy, make_vec_env("CartPole-v1", 2), device="cpu").n_envs == 2
