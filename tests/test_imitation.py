"""Every part of imitation that we use, run on releases it was not made for: a break shows at once.

Never its saving functions (whole pickled objects), and always a `custom_logger` (its own writes to a
folder of its own choosing).
"""

import warnings

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.wrappers import TimeLimit
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv

HORIZON = 20  # [steps] of an episode; imitation wants all of one length


class Endless(gymnasium.Wrapper):
    """CartPole that goes on after the pole has fallen, so that all episodes are equally long."""

    def step(self, action):
        observation, reward, _, truncated, info = self.env.step(action)
        return observation, reward, False, truncated, info


@pytest.fixture(autouse=True)
def quiet(tmp_path, monkeypatch):
    """In an empty folder (nothing may be written there), with imitation's old habits unheard."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    assert not any(tmp_path.iterdir()), "imitation wrote into the current folder"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def worlds():
    """Two CartPoles, in the wrapper that keeps whole episodes for imitation."""
    from imitation.data.wrappers import RolloutInfoWrapper

    def make():
        plain = gymnasium.make("CartPole-v1").unwrapped
        return RolloutInfoWrapper(TimeLimit(Endless(plain), HORIZON))

    return DummyVecEnv([make, make])


@pytest.fixture
def logger(tmp_path_factory):
    """The `custom_logger` that every part is given."""
    from imitation.util.logger import HierarchicalLogger
    from stable_baselines3.common.logger import Logger

    folder = str(tmp_path_factory.mktemp("log"))  # it insists on one
    return HierarchicalLogger(Logger(folder=folder, output_formats=[]))


def learner(worlds):
    return PPO("MlpPolicy", worlds, n_steps=32, batch_size=32, n_epochs=1, seed=0, device="cpu")


def lean(observations, *_):
    """A fair hand at CartPole: push to where the pole falls."""
    return (observations[:, 2] + observations[:, 3] > 0).astype(np.int64)


@pytest.fixture
def played(worlds, rng):
    """Episodes of the fair hand."""
    from imitation.data import rollout

    def policy(observations, states, starts):
        return lean(observations), states

    enough = rollout.make_sample_until(min_timesteps=None, min_episodes=8)
    return rollout.rollout(policy, worlds, enough, rng=rng)


def test_behaviour_cloning(played, worlds, rng, logger):
    from imitation.algorithms.bc import BC
    from imitation.data.rollout import flatten_trajectories

    seen = flatten_trajectories(played)
    trainer = BC(
        observation_space=worlds.observation_space,
        action_space=worlds.action_space,
        demonstrations=seen,
        rng=rng,
        device="cpu",
        custom_logger=logger,
    )
    trainer.train(n_epochs=60, progress_bar=False, log_interval=1000)
    actions, _ = trainer.policy.predict(seen.obs, deterministic=True)
    assert (actions == seen.acts).mean() > 0.9


@pytest.mark.parametrize("kind", ["gail", "airl"])
def test_adversarial(kind, played, worlds, logger):
    from imitation.algorithms.adversarial.airl import AIRL
    from imitation.algorithms.adversarial.gail import GAIL
    from imitation.rewards.reward_nets import BasicRewardNet, BasicShapedRewardNet

    net = {"gail": BasicRewardNet, "airl": BasicShapedRewardNet}[kind]
    reward = net(worlds.observation_space, worlds.action_space)
    before = [p.detach().clone() for p in reward.parameters()]
    trainer = {"gail": GAIL, "airl": AIRL}[kind](
        demonstrations=played,
        demo_batch_size=32,
        venv=worlds,
        gen_algo=learner(worlds),
        reward_net=reward,
        custom_logger=logger,
    )
    trainer.train(256)
    assert any((a != b).any() for a, b in zip(before, reward.parameters(), strict=True))


@pytest.mark.parametrize("active", [False, True], ids=["one net", "ensemble, active selection"])
def test_preference_comparisons(active, worlds, rng, logger):
    from imitation.algorithms import preference_comparisons as pc
    from imitation.rewards.reward_nets import AddSTDRewardWrapper, BasicRewardNet, RewardEnsemble

    spaces = (worlds.observation_space, worlds.action_space)
    members = [BasicRewardNet(*spaces) for _ in range(2)]
    reward = RewardEnsemble(*spaces, members) if active else members[0]
    preference = pc.PreferenceModel(reward)
    fragmenter = pc.RandomFragmenter(rng=rng, warning_threshold=0)
    loss = pc.CrossEntropyRewardLoss()
    if active:
        fragmenter = pc.ActiveSelectionFragmenter(preference, fragmenter, 2.0)
        trainer = pc.EnsembleTrainer(preference, loss, rng=rng, epochs=1)
    else:
        trainer = pc.BasicRewardTrainer(preference, loss, rng=rng, epochs=1)
    # Under an ensemble the agent is paid the members' mean less their doubt.
    paid = AddSTDRewardWrapper(reward, default_alpha=-0.1) if active else reward
    agent = pc.AgentTrainer(learner(worlds), paid, worlds, rng, custom_logger=logger)
    study = pc.PreferenceComparisons(
        agent,
        reward,
        num_iterations=2,
        fragmenter=fragmenter,
        preference_gatherer=pc.SyntheticGatherer(rng=rng),
        reward_trainer=trainer,
        fragment_length=5,
        initial_epoch_multiplier=1.0,
        custom_logger=logger,
    )
    result = study.train(total_timesteps=128, total_comparisons=20)
    assert np.isfinite(result["reward_loss"])


def test_dagger_collects_the_experts_actions(worlds, rng, monkeypatch):
    pytest.importorskip(
        "datasets", reason="imitation's DAgger wants it: pip install -e '.[imitation]'"
    )
    pytest.importorskip("jsonpickle", reason="as above")
    from imitation.algorithms import dagger

    kept = []  # instead of in imitation's own files
    monkeypatch.setattr(dagger, "_save_dagger_demo", lambda episode, *_: kept.append(episode))
    robot = learner(worlds)
    collector = dagger.InteractiveTrajectoryCollector(
        worlds, lambda seen: robot.predict(seen)[0], beta=0.5, save_dir="nowhere", rng=rng
    )
    observations = collector.reset()
    for _ in range(HORIZON):
        observations, *_ = collector.step(lean(observations))
    assert len(kept) == worlds.num_envs
    for episode in kept:  # the expert's actions, whoever acted
        assert (episode.acts == lean(episode.obs[:-1])).all()


def test_density(played, worlds, rng, logger):
    pytest.importorskip(
        "sklearn", reason="imitation's density wants it: pip install -e '.[imitation]'"
    )
    from imitation.algorithms.density import DensityAlgorithm

    trainer = DensityAlgorithm(
        demonstrations=played,
        venv=worlds,
        rng=rng,
        rl_algo=learner(worlds),
        custom_logger=logger,
    )
    trainer.train()
    trainer.train_policy(n_timesteps=128)
    one = played[0]
    assert np.isfinite(trainer(one.obs[:1], one.acts[:1], one.obs[1:2], np.array([False]))).all()
