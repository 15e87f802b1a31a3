"""Where a step moves the policy too far it is shortened; values learn on as they did."""

from typing import Any

import pytest
import torch
from stable_baselines3.common.env_util import make_vec_env

from agents.networks.policy import AgentPolicy
from training.ppo.controllers.step_size import BRAKE, FACTOR, SHORTEST, WITHIN, StepSize
from training.ppo.plan import STEP_KL, plan_of
from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs, RefineSettings
from training.ppo.update import of_the_policy

TARGET = 0.01


def log_ratio(kl: float) -> torch.Tensor:
    """Of a policy that is about so far away: r - 1 - log r = x^2 / 2 for small x."""
    return torch.full((8,), (2 * kl) ** 0.5)


def begun() -> StepSize:
    """One that lets a step be as long as it is."""
    steps = StepSize(TARGET)
    steps.factor = 1.0
    return steps


def stepped(steps: StepSize, kl: float) -> float:
    """How far a parameter came of a way of 1."""
    parameter = torch.zeros(1)
    with steps.shortening([parameter], log_ratio(kl)):
        parameter += 1.0
    return float(parameter)


@pytest.mark.parametrize(
    ("kl", "length"),
    [(TARGET * WITHIN * 1.5, 1.5**-0.5), (1.0, BRAKE), (TARGET * WITHIN * 0.8, 1.0)],
)
def test_a_step_is_shortened_once_the_policy_is_too_far(kl, length):
    assert stepped(begun(), kl) == pytest.approx(length, rel=0.05)


def test_steps_grow_again_where_it_is_near_and_stay_between():
    steps = StepSize(TARGET)
    for _ in range(100):
        stepped(steps, 1.0)
    assert stepped(steps, TARGET) == pytest.approx(SHORTEST)
    for _ in range(10):
        stepped(steps, 0.0)
    assert steps.factor == pytest.approx(SHORTEST * FACTOR**10)
    for _ in range(100):
        stepped(steps, 0.0)
    assert steps.factor == 1.0


def test_without_a_target_steps_are_the_optimisers():
    assert stepped(StepSize(None), 5.0) == 1.0


def test_the_factor_is_kept():
    steps, again = StepSize(TARGET), StepSize(TARGET)
    stepped(steps, 1.0)
    again.restore(steps.facts())
    assert again.factor == steps.factor < 1.0


def updated(step_kl: float | None) -> tuple[float, list[torch.Tensor], Refiner]:
    """The largest KL of three updates of a steady hand, its weights before, and who learned."""
    model = Refiner(
        AgentPolicy,
        make_vec_env("Pendulum-v1", 2, seed=0),
        RefinerInputs(step_kl=step_kl),
        n_steps=64,
        batch_size=16,
        learning_rate=3e-3,
        seed=0,
    )
    policy: Any = model.policy
    policy.log_std.data.fill_(-4.0)
    before = [parameter.detach().clone() for parameter in policy.parameters()]
    moved = []
    for update in range(3):
        model.learn(128, reset_num_timesteps=update == 0)
        moved.append(float(model.logger.name_to_value["train/approx_kl"]))
    return max(moved), before, model


def test_a_steady_hand_is_not_thrown_far_by_an_update():
    free, _, _ = updated(None)
    held, before, model = updated(TARGET)
    assert free > 1000 * TARGET
    assert held < 20 * TARGET
    acting = {id(parameter) for parameter in of_the_policy(model.policy)}
    moved = {
        side: max(
            float((now - then).abs().max())
            for now, then in zip(model.policy.parameters(), before, strict=True)
            if (id(now) in acting) is side
        )
        for side in (True, False)
    }
    assert moved[True] < moved[False] / 2, "the values' steps are not shortened"


@pytest.mark.parametrize(
    ("said", "planned"),
    [
        ({}, STEP_KL),
        ({"learning_rate": 1e-3}, None),
        ({"learning_rate": 1e-3, "step_kl": 0.1}, 0.1),
    ],
)
def test_who_says_a_learning_rate_gets_it(said, planned):
    assert plan_of(RefineSettings(**said)).step_kl == planned
