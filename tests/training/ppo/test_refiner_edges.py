"""An update equals Stable-Baselines3's also where the clip bites: several epochs, and both were clipped."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from agents.networks.policy import AgentPolicy
from tests.training.ppo.test_refiner import (
    GAMES,
    STEPS,
    assert_same_weights,
    learn,
    made,
    twins,
    unflatten,
    weights_of,
)
from training.ppo.update import of_the_policy

pytestmark = pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")
COLUMNS = ("observations", "actions", "values", "log_probs", "advantages", "returns")


def updated(clip: float, epochs: int, **settings: Any) -> tuple[Any, Any, dict[str, float]]:
    """SB3's PPO and a Refiner after an update each, from the same weights over the same rollout.

    Every minibatch is the whole rollout, so that its order is of no account. Also what each logged.
    """
    worlds = make_vec_env("CartPole-v1", GAMES, seed=0)
    plain, ours = twins(worlds, clip_range=clip, n_epochs=epochs, **settings)
    learn(plain, STEPS * GAMES)
    for agent in (plain, ours):
        agent.policy.load_state_dict(made(PPO, worlds).policy.state_dict())
        agent.policy.optimizer = type(agent.policy.optimizer)(
            agent.policy.parameters(), lr=3e-3, eps=1e-5
        )
        agent._logger = copy.copy(plain.logger)
        agent._logger.name_to_value = type(plain.logger.name_to_value)(float)
        agent._current_progress_remaining = 1.0
    ours.rollout_buffer = copy.deepcopy(plain.rollout_buffer)
    ours.rollout_buffer.generator_ready = False
    for name in COLUMNS:
        setattr(ours.rollout_buffer, name, unflatten(getattr(plain.rollout_buffer, name)))
    logged = {}
    for name, agent in (("plain", plain), ("ours", ours)):
        agent.train()
        logged[name] = float(agent.logger.name_to_value["train/clip_fraction"])
    return plain, ours, logged


@pytest.mark.parametrize("entropy", [0.0, 0.05])
def test_a_clipped_update_is_ppos(entropy):
    plain, ours, clipped = updated(clip=0.004, epochs=8, ent_coef=entropy)
    assert clipped["plain"] > 0.05, "PPO was not clipped: this proves nothing"
    assert clipped["ours"] == pytest.approx(clipped["plain"], abs=2e-3)
    assert_same_weights(weights_of(plain), weights_of(ours), 1e-5)


def test_the_clip_is_felt():
    """As above without a clip: other weights, or the test above would prove nothing of it."""
    _, clipped, _ = updated(clip=0.004, epochs=8)
    _, free, fraction = updated(clip=1e6, epochs=8)
    assert fraction == {"plain": 0.0, "ours": 0.0}
    ours, theirs = weights_of(clipped), weights_of(free)
    assert max(float((ours[k] - theirs[k]).abs().max()) for k in ours) > 1e-4


def progress_of(steps: int) -> list[float]:
    """The progress that remains in each update of so many steps."""
    _, ours = twins(make_vec_env("CartPole-v1", GAMES, seed=0))
    seen: list[float] = []
    plainly = ours.train
    ours.train = lambda: (seen.append(ours._current_progress_remaining), plainly())[1]  # type: ignore[func-returns-value]
    learn(ours, steps)
    return seen


@pytest.mark.parametrize("beyond", [0, 1, STEPS * GAMES - 1])
def test_progress_is_taken_where_a_rollout_begins(beyond):
    """So the last one, which may go beyond the steps, is learned from at some rate, never at 0 or below."""
    rollouts = 4 + bool(beyond)
    remain = progress_of(STEPS * GAMES * 4 + beyond)
    assert len(remain) == rollouts
    assert remain[0] == 1.0
    done = STEPS * GAMES * (rollouts - 1) / (STEPS * GAMES * 4 + beyond)
    assert remain[-1] == pytest.approx(1 - done)
    assert remain[-1] > 0


def test_large_errors_of_the_values_leave_the_policy_its_gradient():
    """One norm for both would scale the policy's down to nothing."""
    moved = {}
    for apart in (False, True):
        _, ours = twins(make_vec_env("CartPole-v1", GAMES, seed=0), max_grad_norm=0.5)
        learn(ours, STEPS * GAMES)
        ours.inputs = dataclasses.replace(ours.inputs, clip_apart=apart)
        ours.policy = AgentPolicy(
            ours.observation_space,
            ours.action_space,
            lambda _: 1e-3,
            optimizer_class=torch.optim.SGD,
        )
        ours.rollout_buffer.returns[:] *= 1e4
        before = [p.detach().clone() for p in of_the_policy(ours.policy)]
        ours.train()
        after = of_the_policy(ours.policy)
        moved[apart] = sum(
            float((a - b).detach().abs().sum()) for a, b in zip(after, before, strict=True)
        )
    assert moved[False] < 0.01 * moved[True]
