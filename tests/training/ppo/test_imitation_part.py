"""Demonstrations in the loss, limits of costs that are kept, and a budget of distance from the clone."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.env_util import make_vec_env

from agents.networks.policy import AgentPolicy
from environments.catalog import make_batch, make_world
from tests.training.support.refiners import refiner_of
from tests.training.support.toys import careless_clone
from training.gate.best_agent import BestAgentKeeper
from training.gate.confirmation import conclude
from training.gate.judge import Judge
from training.gate.manner import Manner
from training.gate.selection import GateSettings
from training.pipeline.refine_loop import RefineInputs, RewardSchedule, refine
from training.ppo.controllers.lagrange import CostSettings
from training.ppo.settings import RefineSettings

GAMES, STEPS = 8, 20
COMMON = {"n_steps": STEPS, "batch_size": GAMES * STEPS, "seed": 0, "device": "cpu"}


class Temptation(gymnasium.Env):
    """Ten steps, in each of which taking pays 1 and harms 1; leaving does neither."""

    LENGTH = 10
    observation_space = spaces.Box(0, 1, (2,), np.float32)
    action_space = spaces.Discrete(2)
    render_mode = None

    def __init__(self, pays=True):
        self.pays = pays

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return self._seen(), {}

    def step(self, action):
        self.count += 1
        taken = float(action)
        over = self.count == self.LENGTH
        return self._seen(), taken * self.pays, over, False, {"costs": {"harm": taken}}

    def _seen(self):
        return np.array([self.count / self.LENGTH, 1.0], np.float32)


def tempted(updates, pays=True, **keywords):
    """A Refiner after some updates of Temptation."""
    worlds = make_vec_env(lambda: Temptation(pays), GAMES)
    network = {"net_arch": {"pi": [16], "vf": [16]}, "n_costs": 1}
    settings = {**COMMON, "n_epochs": 4, "learning_rate": 0.01, "policy_kwargs": network}
    return refiner_of(AgentPolicy, worlds, **{**settings, **keywords}).learn(
        updates * GAMES * STEPS
    )


# ------------------------------------------------------------------ demonstrations in the loss


@pytest.fixture(scope="module")
def shown():
    """Demonstrations: taking early, leaving late."""
    late = torch.linspace(0, 1, 64)
    return torch.stack([late, torch.ones(64)], dim=1), (late < 0.5).long()


def likelihood(agent, shown):
    """Mean log-likelihood of the demonstrations, in nats."""
    with torch.inference_mode():
        return float(agent.policy.get_distribution(shown[0]).log_prob(shown[1]).mean())


def test_demonstrations_without_weight_change_nothing(shown):
    without = tempted(3)
    weightless = tempted(3, demonstrations=shown, weights={"imitation": 0.0})
    for name, value in without.policy.state_dict().items():
        assert torch.equal(value, weightless.policy.state_dict()[name]), f"{name} differs"
    for agent in (without, weightless):
        assert agent.logger.name_to_value["loss/imitation"] == 0
    logged = without.logger.name_to_value["train/loss"]
    assert logged == weightless.logger.name_to_value["train/loss"]


def test_a_weight_without_demonstrations_changes_nothing():
    without, weighed = tempted(2), tempted(2, weights={"imitation": 5.0})
    assert weighed.loss_weights()["imitation"] == 0
    for name, value in without.policy.state_dict().items():
        assert torch.equal(value, weighed.policy.state_dict()[name]), f"{name} differs"


def test_with_useless_rewards_the_policy_learns_what_was_shown(shown):
    before = likelihood(tempted(0, pays=False), shown)
    ignored = likelihood(tempted(10, pays=False, demonstrations=shown), shown)
    heeded = likelihood(
        tempted(10, pays=False, demonstrations=shown, weights={"imitation": 5.0}), shown
    )
    assert heeded > before + 0.2, f"{heeded:.2f} after {before:.2f}"
    assert heeded > ignored + 0.2, f"{heeded:.2f} against {ignored:.2f}"


def test_the_part_is_minus_the_log_likelihood(shown):
    one = (shown[0][:1], shown[1][:1])
    agent = tempted(0, demonstrations=one, weights={"imitation": 2.0}, learning_rate=0.0)
    expected = -likelihood(agent, one)
    agent.learn(GAMES * STEPS)
    assert agent.logger.name_to_value["loss/imitation"] == pytest.approx(expected)


# ------------------------------------------------------------------ a cost with a limit


def harm(agent):
    """What the agent's episodes harm, on the average."""
    with torch.inference_mode():
        seen = torch.from_numpy(np.stack([Temptation._seen(_at(k)) for k in range(10)]))
        return float(agent.policy.get_distribution(seen).distribution.probs[:, 1].sum())


def _at(count):
    world = Temptation()
    world.count = count
    return world


def test_a_limit_holds_back_what_pays():
    limit, steps = 4.0, {"learning_rate": lambda remaining: 0.003 * remaining}
    free = harm(tempted(60, **steps))
    held = harm(tempted(60, costs={"harm": CostSettings(limit=limit)}, **steps))
    assert free > 9, f"it is not tempted: {free:.1f}"
    assert held < limit, f"{held:.1f} with a limit of {limit}"
    assert held > 0.5, "it gave up what it may have"


@pytest.fixture(scope="module")
def world():
    """A cart that harms as soon as it moves: balancing longer costs more."""
    return make_world("gpo/Balance-v0", aside=0.02)


@pytest.fixture(scope="module")
def cloned(world):
    return careless_clone(world)


IDLE = {"proportional": 0.0, "integral": 0.0, "derivative": 0.0}  # a limit that training ignores


def guarded(world, cloned, folder, limit=None, controller=None, **changes):
    """The floor after a short refining with a limit, with a budget, or with neither."""
    settings = RefineSettings.model_validate(
        {
            "games": 8,
            "rollout": 50,
            "batch_size": 100,
            "warm_up": 1,
            "judge_every": 4,
            "judge_games": 16,
            "learning_rate": 3e-3,
            "half_life": 1.0,
            "entropy": (0.0, 0.0),
            "steps": 8 * 50 * 16,
            **changes,
        }
    )
    options = {"horizon": 100}
    judge = Judge(
        lambda games, seed: make_batch(world, games, seed=seed, options=options), None, 16, 1
    )
    given = {"limit": limit, **(controller or {})}
    costs = {} if limit is None else {"off_centre": CostSettings.model_validate(given)}
    floor = BestAgentKeeper(
        judge,
        cloned,
        Manner(),
        GateSettings(
            world.north_star,
            4,
            limits={name: cost.limit for name, cost in costs.items()},
            budget=settings.kl.budget,
        ),
    )
    paid = RewardSchedule({"balanced": 1.0}, (), 1.0)
    inputs = RefineInputs(world, cloned, paid, folder, 0, costs=costs, options=options)
    return floor, refine(inputs, settings, floor).conclusion.policy


def same(left, right):
    ours, theirs = left.tensors(), right.tensors()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_an_agent_that_may_cost_more_than_its_limit_is_refused(world, cloned, tmp_path):
    floor, policy = guarded(world, cloned, tmp_path / "limit", limit=1.0, controller=IDLE)
    found = conclude(floor).verdict
    assert found.handed_on == "nothing", "the clone breaks it, too"
    assert "No agent was shown to keep every limit; the nearest is" in found.sentence
    assert "more than its limit of 1." in floor.refused
    floor, policy = guarded(world, cloned, tmp_path / "wide", limit=1000.0, controller=IDLE)
    assert not same(policy, cloned), f"refused for another reason: {conclude(floor).verdict}"
    assert "limit" not in conclude(floor).verdict.sentence


def test_an_agent_further_from_the_clone_than_its_budget_is_refused(world, cloned, tmp_path):
    floor, policy = guarded(world, cloned, tmp_path / "near", kl={"budget": 1e-6})
    assert same(policy, cloned)
    assert "nats away, its budget 1e-06." in conclude(floor).verdict.sentence
    floor, policy = guarded(world, cloned, tmp_path / "far", kl={"budget": 1000.0})
    assert not same(policy, cloned), f"refused for another reason: {conclude(floor).verdict}"


@pytest.mark.parametrize("cause", ["limit", "budget"])
def test_why_an_agent_was_refused_is_still_known_after_resuming(world, cloned, tmp_path, cause):
    causes: dict[str, dict[str, Any]] = {
        "limit": {"limit": 1.0, "controller": IDLE},
        "budget": {"kl": {"budget": 1e-6}},
    }
    why = causes[cause]
    first, _ = guarded(world, cloned, tmp_path, **why)
    again, _ = guarded(world, cloned, tmp_path, **why)  # as if killed before the agent was written
    assert conclude(again).verdict == conclude(first).verdict
