"""The Refiner is SB3's PPO where nothing else is asked for, and stays near its clone where it is."""

import copy
import dataclasses
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import (
    BaseCallback,
    CheckpointCallback,
    EvalCallback,
    StopTrainingOnMaxEpisodes,
)
from stable_baselines3.common.distributions import (
    BernoulliDistribution,
    CategoricalDistribution,
    DiagGaussianDistribution,
    MultiCategoricalDistribution,
)
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
from torch.distributions import kl_divergence

from agents.networks.policy import AgentPolicy, build_policy
from tests.training.support.refiners import refiner_of
from training.ppo import losses
from training.ppo.gradient_step import clip_gradients
from training.ppo.refiner import Refiner

pytestmark = pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")
NETWORK = {"net_arch": {"pi": [16], "vf": [16]}}
GAMES, STEPS = 4, 32
COMMON = {
    "n_steps": STEPS,
    "batch_size": GAMES * STEPS,
    "n_epochs": 1,
    "learning_rate": 3e-3,
    "seed": 0,
    "device": "cpu",
    "policy_kwargs": NETWORK,
}


class Counter(gymnasium.Env):
    """Counts to five and ends, in a state of its own or by a limit of time; pays what it has counted."""

    render_mode = None

    def __init__(self, terminates, action_space=None):
        self.observation_space = spaces.Box(0, 9, (1,), np.float32)
        self.action_space = action_space or spaces.Discrete(3)
        self.terminates = terminates

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.count += 1
        over = self.count == 5
        seen = np.array([self.count], np.float32)
        return seen, float(self.count), over and self.terminates, over and not self.terminates, {}


def counters(terminates, action_space=None):
    return make_vec_env(lambda: Counter(terminates, action_space), GAMES)


@pytest.fixture
def cartpoles():
    return make_vec_env("CartPole-v1", GAMES, seed=0)


def made(kind, worlds, **keywords):
    kind = refiner_of if kind is Refiner else kind
    return kind(AgentPolicy, worlds, **{**COMMON, **keywords})


def twins(worlds, **keywords):
    """SB3's PPO and a Refiner with the same weights."""
    plain, ours = made(PPO, worlds, **keywords), made(Refiner, worlds, **keywords)
    ours.policy.load_state_dict(plain.policy.state_dict())
    return plain, ours


def weights_of(agent):
    return {name: value.clone() for name, value in agent.policy.state_dict().items()}


def assert_same_weights(left, right, within):
    for name, value in left.items():
        assert torch.allclose(value, right[name], rtol=0, atol=within), f"{name} differs"


def learn(agent, steps, *callbacks):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return agent.learn(steps, list(callbacks) or None)


# ------------------------------------------------------------------ the same as SB3's PPO


@pytest.mark.parametrize(
    ("changes", "clipped", "held"),
    [
        ({}, False, False),  # one step from a ratio of 1: nothing is clipped
        ({"ent_coef": 0.05}, False, False),
        ({"n_epochs": 8, "clip_range": 0.02}, True, False),
        ({"n_epochs": 8, "max_grad_norm": 0.01}, False, True),
        ({"n_epochs": 8, "clip_range": 0.02, "max_grad_norm": 0.01, "vf_coef": 0.7}, None, True),
        ({"normalize_advantage": False, "n_epochs": 4, "clip_range": 0.02}, True, None),
    ],
)
def test_an_update_without_an_anchor_is_ppos(cartpoles, changes, clipped, held):
    """And it says, on both sides, whether it entered the branch that it is about."""
    changes = {"max_grad_norm": 1e3, **changes}
    plain, ours = twins(cartpoles, **changes)
    learn(plain, STEPS * GAMES)  # one rollout and one update
    for agent in (plain, ours):  # from the same weights once more, with that rollout
        agent.policy.load_state_dict(made(PPO, cartpoles).policy.state_dict())
        agent.policy.optimizer = type(agent.policy.optimizer)(
            agent.policy.parameters(), lr=3e-3, eps=1e-5
        )
        agent._logger = plain.logger
        agent._current_progress_remaining = 1.0
    before = weights_of(plain)
    ours.rollout_buffer = copy.deepcopy(plain.rollout_buffer)
    ours.rollout_buffer.generator_ready = False
    for name in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
        array = getattr(plain.rollout_buffer, name)  # SB3 has flattened its own, game after game
        setattr(ours.rollout_buffer, name, unflatten(array))
    plain.train()
    shares = [plain.logger.name_to_value["train/clip_fraction"]]
    ours.train()
    shares.append(plain.logger.name_to_value["train/clip_fraction"])
    assert shares[0] == pytest.approx(shares[1], abs=1e-6)
    if clipped is not None:
        assert (shares[0] > 0) == (shares[1] > 0) == clipped
    if held is not None:
        norm = plain.logger.name_to_value["train/gradient_norm"]
        assert (norm > changes["max_grad_norm"]) == held
    assert any((before[k] != v).any() for k, v in weights_of(plain).items())
    assert_same_weights(weights_of(plain), weights_of(ours), 1e-6)


def unflatten(array):
    """What SB3's `swap_and_flatten` flattened: [B x T, ...] -> [T, B, ...]."""
    apart = array.reshape(GAMES, STEPS, *array.shape[1:]).swapaxes(0, 1)
    return (apart[..., 0] if array.shape[1:] == (1,) else apart).copy()


@pytest.mark.parametrize("terminates", [True, False], ids=["terminated", "truncated"])
@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_advantages_and_returns_are_ppos_on_the_same_actions(terminates, scale, monkeypatch):
    plain, ours = twins(counters(terminates), gamma=0.9, gae_lambda=0.8)
    ours.inputs = dataclasses.replace(ours.inputs, reward_scale=scale)
    monkeypatch.setattr(ours, "train", lambda: None)
    monkeypatch.setattr(plain, "train", lambda: None)
    learn(ours, STEPS * GAMES)
    taken = iter(ours.rollout_buffer.actions.astype(np.int64))

    def same_actions(observations, deterministic=False):
        actions = torch.from_numpy(next(taken).flatten())
        values, log_prob, _ = plain.policy.evaluate_actions(observations, actions)
        return actions, values, log_prob

    monkeypatch.setattr(plain.policy, "forward", same_actions)
    plain.get_env().env_method("reset")
    scaled = Scaled(plain.get_env(), scale)
    plain.set_env(scaled)
    learn(plain, STEPS * GAMES)
    for name in ("observations", "actions", "episode_starts", "log_probs", "values"):
        expected, found = (getattr(agent.rollout_buffer, name) for agent in (plain, ours))
        assert np.allclose(expected, found, atol=1e-5), f"{name} differ"
    for name in ("advantages", "returns"):
        expected, found = (getattr(agent.rollout_buffer, name) for agent in (plain, ours))
        assert np.allclose(expected, found, atol=1e-4), f"{name} differ"


class Scaled(DummyVecEnv):
    """Hands on another's steps with scaled rewards."""

    def __init__(self, worlds, scale):
        self.worlds, self.scale = worlds, scale
        VecEnv.__init__(self, worlds.num_envs, worlds.observation_space, worlds.action_space)
        self.metadata = {}

    def reset(self):
        return self.worlds.reset()

    def step_async(self, actions):
        self.worlds.step_async(actions)

    def step_wait(self):
        seen, rewards, dones, infos = self.worlds.step_wait()
        return seen, rewards * np.float32(self.scale), dones, infos

    def seed(self, seed=None):
        return self.worlds.seed(seed)

    def get_attr(self, attr_name, indices=None):
        return [None] * self.num_envs

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [True] * self.num_envs


def last_returns(terminates):
    """What the episodes' last steps are said to return, and the value of what they led to."""
    agent = made(Refiner, counters(terminates), gamma=0.9)
    agent.train = lambda: None
    learn(agent, STEPS * GAMES)
    ends = agent.rollout_buffer.returns[4::5]
    with torch.inference_mode():
        value = agent.policy.predict_values(torch.tensor([[5.0]])).item()
    return ends, value


def test_an_episode_that_was_cut_off_goes_on_in_its_value():
    ends, value = last_returns(terminates=False)
    assert abs(value) > 1e-3
    assert np.allclose(ends, 5 + 0.9 * value, atol=1e-5)


def test_an_episode_that_ended_is_worth_nothing_more():
    ends, _ = last_returns(terminates=True)
    assert np.allclose(ends, 5, atol=1e-5)


# ------------------------------------------------------------------ at home among SB3's tools


@pytest.mark.parametrize(
    "world", ["CartPole-v1", "Pendulum-v1", spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(3)]
)
@pytest.mark.parametrize("anchored", [False, True])
def test_it_learns_on_sb3s_own_environments(world, anchored):
    worlds = make_vec_env(world, GAMES, seed=0) if isinstance(world, str) else counters(True, world)
    clone = build_policy(worlds.observation_space, worlds.action_space, NETWORK)
    anchor = (
        {"clone": clone, "weights": {"kl_clone": 0.1, "kl_clone_reverse": 0.1}} if anchored else {}
    )
    agent = made(Refiner, worlds, batch_size=50, n_epochs=2, **anchor)
    before = weights_of(agent)
    learn(agent, 2 * GAMES * STEPS)
    assert agent.num_timesteps == 2 * GAMES * STEPS
    after = weights_of(agent)
    assert all(torch.isfinite(value).all() for value in after.values())
    moved = [name for name in before if (before[name] != after[name]).any()]
    assert any("action_net" in name for name in moved)
    assert any("value_net" in name for name in moved)


def test_sb3s_callbacks_work(cartpoles, tmp_path):
    heard = []

    class Listener(BaseCallback):
        def _on_rollout_start(self):
            heard.append("rollout")

        def _on_step(self):
            assert len(self.locals["infos"]) == len(self.locals["dones"]) == GAMES
            return True

        def _on_rollout_end(self):
            heard.append("end")

    evaluation = EvalCallback(
        make_vec_env("CartPole-v1", 1), n_eval_episodes=2, eval_freq=STEPS, verbose=0
    )
    saving = CheckpointCallback(save_freq=STEPS, save_path=str(tmp_path))
    agent = learn(made(Refiner, cartpoles), 2 * GAMES * STEPS, Listener(), evaluation, saving)
    assert heard == ["rollout", "end"] * 2
    assert evaluation.best_mean_reward > 0
    assert len(list(tmp_path.glob("*.zip"))) == 2
    other = made(Refiner, cartpoles, seed=5)
    other.set_parameters(max(tmp_path.glob("*.zip")), device="cpu")
    assert agent.num_timesteps == 2 * GAMES * STEPS


def test_sb3s_callbacks_can_stop_it(cartpoles):
    agent = learn(made(Refiner, cartpoles), 10_000, StopTrainingOnMaxEpisodes(3))
    assert agent.num_timesteps < 1000


def test_it_keeps_the_statistics_of_episodes(cartpoles):
    agent = learn(made(Refiner, cartpoles), 4 * GAMES * STEPS)
    assert len(agent.ep_info_buffer) > 3
    assert all(8 <= episode["l"] <= 500 for episode in agent.ep_info_buffer)


@pytest.mark.filterwarnings("ignore")
def test_imitations_adversarial_trainer_takes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from imitation.algorithms.adversarial.gail import GAIL
    from imitation.data import rollout
    from imitation.data.wrappers import RolloutInfoWrapper
    from imitation.rewards.reward_nets import BasicRewardNet
    from imitation.util.logger import HierarchicalLogger
    from stable_baselines3.common.logger import Logger

    worlds = DummyVecEnv([lambda: RolloutInfoWrapper(gymnasium.make("CartPole-v1"))] * 2)
    played = rollout.rollout(
        None,
        worlds,
        rollout.make_sample_until(min_timesteps=None, min_episodes=4),
        rng=np.random.default_rng(0),
    )
    agent = made(Refiner, worlds, batch_size=32)
    before = weights_of(agent)
    trainer = GAIL(
        demonstrations=played,
        demo_batch_size=32,
        venv=worlds,
        gen_algo=agent,
        reward_net=BasicRewardNet(worlds.observation_space, worlds.action_space),
        custom_logger=HierarchicalLogger(Logger(folder=str(tmp_path), output_formats=[])),
        allow_variable_horizon=True,
    )
    trainer.train(4 * 2 * STEPS)
    assert any((before[name] != value).any() for name, value in weights_of(agent).items())


@pytest.mark.parametrize("setting", [{"clip_range_vf": 0.2}, {"use_sde": True}])
def test_a_setting_of_ppo_that_it_does_not_have_is_refused(cartpoles, setting):
    with pytest.raises(ValueError, match=f"PPO's {next(iter(setting))}"):
        made(Refiner, cartpoles, **setting)


# ------------------------------------------------------------------ what keeps the clone whole


def test_while_warming_up_only_the_values_learn(cartpoles):
    agent = made(Refiner, cartpoles, warm_up=2, n_epochs=3, batch_size=50)
    before = weights_of(agent)
    learn(agent, 2 * GAMES * STEPS)
    for name, value in weights_of(agent).items():
        values = "value_net" in name
        changed = value.numpy().tobytes() != before[name].numpy().tobytes()
        assert changed == values, f"{name} {'changed' if changed else 'did not learn'}"


def test_after_warming_up_the_policy_learns_too(cartpoles):
    agent = made(Refiner, cartpoles, warm_up=2)
    before = weights_of(agent)
    learn(agent, 3 * GAMES * STEPS)
    assert (weights_of(agent)["action_net.weight"] != before["action_net.weight"]).any()


def away_from_the_clone(worlds, **weights):
    """KL of the refined policy from its clone, on what the clone sees."""
    torch.manual_seed(0)
    clone = build_policy(worlds.observation_space, worlds.action_space, NETWORK)
    agent = made(
        Refiner,
        worlds,
        clone=clone,
        batch_size=64,
        n_epochs=4,
        learning_rate=0.01,
        weights=weights,
    )
    agent.policy.load_state_dict(clone.state_dict())
    learn(agent, 8 * GAMES * STEPS)
    seen = torch.from_numpy(agent.rollout_buffer.observations.reshape(-1, 4))
    with torch.inference_mode():
        ours, theirs = agent.policy.get_distribution(seen), clone.get_distribution(seen)
        return float(losses.divergence(ours, theirs).mean())


@pytest.mark.parametrize("anchor", ["kl_clone", "kl_clone_reverse"])
def test_the_anchor_keeps_the_policy_near_its_clone(anchor):
    free = away_from_the_clone(make_vec_env("CartPole-v1", GAMES, seed=0))
    held = away_from_the_clone(make_vec_env("CartPole-v1", GAMES, seed=0), **{anchor: 3.0})
    assert held < free / 4, f"{held:.4f} with the anchor, {free:.4f} without"


def test_a_clone_in_training_does_not_blur_the_anchor(cartpoles):
    settings = {**NETWORK, "dropout": 0.5}
    clone = build_policy(cartpoles.observation_space, cartpoles.action_space, settings)
    clone.set_training_mode(True)
    made(Refiner, cartpoles, clone=clone, weights={"kl_clone": 1.0})
    assert not clone.training


def test_an_update_without_any_number_in_it_is_left_out(cartpoles):
    agent = learn(made(Refiner, cartpoles), GAMES * STEPS)
    before = weights_of(agent)
    agent.rollout_buffer.advantages[:] = np.nan
    agent.train()
    assert_same_weights(before, weights_of(agent), 0)


# ------------------------------------------------------------------ reseeding


def test_a_rollout_begins_afresh_from_the_seed_and_the_update_alone():
    def second_rollout(first_steps):
        agent = made(Refiner, make_vec_env("CartPole-v1", GAMES), reseed_every=1)
        agent.train = lambda: None
        torch.manual_seed(first_steps)
        agent.num_timesteps = first_steps
        agent.learn(GAMES * STEPS, reset_num_timesteps=False)
        return agent.rollout_buffer.observations, agent.rollout_buffer.actions

    once, again = (second_rollout(GAMES * STEPS) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[0], second_rollout(2 * GAMES * STEPS)[0])


# ------------------------------------------------------------------ the loss


def normal(mean, spread):
    return DiagGaussianDistribution(2).proba_distribution(mean, spread.log())


def distributions(kind, seed):
    """A distribution of five states as SB3 has it, and its parts as torch has them."""
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, 6, generator=draw)
    ours: Any
    if kind == "categorical":
        ours = CategoricalDistribution(6).proba_distribution(logits)
        return ours, [torch.distributions.Categorical(logits=logits)]
    if kind == "multi-categorical":
        ours = MultiCategoricalDistribution([2, 4]).proba_distribution(logits)
        parts = torch.split(logits, [2, 4], dim=1)
        return ours, [torch.distributions.Categorical(logits=part) for part in parts]
    if kind == "bernoulli":
        ours = BernoulliDistribution(6).proba_distribution(logits)
        return ours, [torch.distributions.Bernoulli(logits=logits[:, k]) for k in range(6)]
    mean, spread = logits[:, :2], logits[:, 2:4].exp()
    ours = normal(mean, spread)
    return ours, [torch.distributions.Normal(mean[:, k], spread[:, k]) for k in range(2)]


@pytest.mark.parametrize("kind", ["categorical", "multi-categorical", "bernoulli", "gaussian"])
def test_the_divergence_is_torchs(kind):
    (p, here), (q, there) = distributions(kind, 0), distributions(kind, 1)
    expected = torch.stack([kl_divergence(a, b) for a, b in zip(here, there, strict=True)]).sum(0)
    assert torch.allclose(losses.divergence(p, q), expected, atol=1e-6)
    assert torch.allclose(losses.divergence(p, p), torch.zeros(5), atol=1e-6)


def test_the_loss_is_the_weighted_sum_of_its_parts():
    parts = {"a": torch.tensor(2.0), "b": torch.tensor(3.0)}
    assert losses.total(parts, {"a": 0.5, "b": -1.0}) == -2


@pytest.mark.parametrize("weights", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {}])
def test_every_part_has_a_weight_and_every_weight_a_part(weights):
    with pytest.raises(ValueError, match="differ"):
        losses.total({"a": torch.zeros(()), "b": torch.zeros(())}, weights)


@pytest.mark.parametrize("most", [0.1, 1e6, float("inf")])
def test_gradients_are_clipped_as_torch_clips_them(most):
    layers = [torch.nn.Linear(5, 7), torch.nn.Linear(7, 2), torch.nn.Linear(3, 3)]
    layers[1](layers[0](torch.randn(9, 5))).square().sum().backward()  # the third has no gradients
    learned = [parameter for layer in layers for parameter in layer.parameters()]
    theirs = copy.deepcopy(learned)
    for copied, parameter in zip(theirs, learned, strict=True):
        copied.grad = copy.deepcopy(parameter.grad)
    norm = clip_gradients(learned, most)
    assert torch.equal(norm, torch.nn.utils.clip_grad_norm_(theirs, most))
    for copied, parameter in zip(theirs, learned, strict=True):
        if parameter.grad is not None and copied.grad is not None:
            assert torch.equal(parameter.grad, copied.grad)
        else:
            assert parameter.grad is copied.grad is None


def test_every_part_of_the_loss_is_logged(cartpoles):
    agent = learn(made(Refiner, cartpoles), GAMES * STEPS)
    logged = agent.logger.name_to_value
    for part in ("surrogate", "value", "entropy", "kl_clone", "kl_clone_reverse"):
        assert {f"loss/{part}", f"weight/{part}"} <= logged.keys()
    total = sum(logged[f"loss/{part}"] * logged[f"weight/{part}"] for part in agent.loss_weights())
    assert total == pytest.approx(logged["train/loss"], rel=1e-5)


def test_a_new_part_of_the_loss_is_a_line_of_the_table(cartpoles, monkeypatch):
    plain = learn(made(Refiner, cartpoles), GAMES * STEPS)
    part = losses.LossPart(lambda found: found.log_prob.square().mean())
    monkeypatch.setitem(losses.POLICY_PARTS, "certainty", part)
    worlds = make_vec_env("CartPole-v1", GAMES, seed=0)
    unweighted = learn(made(Refiner, worlds), GAMES * STEPS)
    worlds = make_vec_env("CartPole-v1", GAMES, seed=0)
    weighted = learn(made(Refiner, worlds, weights={"certainty": lambda _: 0.5}), GAMES * STEPS)
    assert_same_weights(weights_of(plain), weights_of(unweighted), 0)
    assert any((weights_of(plain)[k] != v).any() for k, v in weights_of(weighted).items())
    for agent, weight in ((unweighted, 0.0), (weighted, 0.5)):
        assert agent.logger.name_to_value["loss/certainty"] > 0
        assert agent.logger.name_to_value["weight/certainty"] == weight
