"""Training with a further reward source: its column is logged and learned from, and nothing else changes."""

import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import Logger

from agents.networks.policy import AgentPolicy
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.toy_sources import MovedDistance
from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs

GAMES, STEPS = 4, 32


class KeptLogger(Logger):
    """Keeps what was recorded last under each name."""

    def record(self, key, value, exclude=None):
        self.kept = {**getattr(self, "kept", {}), key: value}
        super().record(key, value, exclude)


def trained(sources, updates=1, **keywords):
    """A tiny training: the agent after it, with what it logged and the rewards of its last rollout."""
    env = Sb3VecEnv(Seating(Batch(make_world("gpo/Balance-v0"), GAMES, options={"horizon": 9})))
    common = {"n_steps": STEPS, "batch_size": 64, "n_epochs": 2, "seed": 0, "device": "cpu"}
    scale = keywords.pop("reward_scale", 1.0)
    inputs = RefinerInputs(reward_sources=sources, reward_scale=scale)
    agent = Refiner(AgentPolicy, env, inputs, **{**common, **keywords})
    logger = KeptLogger(None, [])
    agent.set_logger(logger)
    agent.learn(updates * GAMES * STEPS)
    return agent, logger.kept


def weights_of(agent):
    return b"".join(value.numpy().tobytes() for value in agent.policy.state_dict().values())


def test_the_column_is_logged_and_changes_the_reward_exactly():
    source = MovedDistance(weight=0.5)
    plain, logged_before = trained(())
    agent, logged = trained([source])
    rewards = plain.rollout_buffer.rewards.copy()
    rewards += 0.5 * source.given[:, :, 0]
    assert agent.rollout_buffer.rewards.tobytes() == rewards.tobytes()
    assert logged["reward/moved"] == pytest.approx(float(source.given.mean()))
    assert logged.keys() - logged_before.keys() == {"reward/moved"}
    assert source.last.actions.shape == (STEPS, GAMES)
    assert weights_of(agent) != weights_of(plain)


def test_an_empty_list_and_a_weight_of_nothing_leave_every_bit():
    plain = weights_of(trained((), updates=3)[0])
    assert weights_of(trained([], updates=3)[0]) == plain
    source = MovedDistance(weight=0.0)
    assert weights_of(trained([source], updates=3)[0]) == plain
    assert source.asked == 3


def test_the_column_is_scaled_as_the_reward_is():
    source = MovedDistance(weight=1.0)
    plain, _ = trained((), reward_scale=0.25)
    agent, _ = trained([source], reward_scale=0.25)
    rewards = plain.rollout_buffer.rewards.copy()
    rewards += 0.25 * source.given[:, :, 0]
    assert agent.rollout_buffer.rewards.tobytes() == rewards.tobytes()
    assert np.isfinite(agent.rollout_buffer.advantages).all()
    assert torch.isfinite(torch.from_numpy(agent.rollout_buffer.returns)).all()
