"""While warming up the values learn and the policy rests, and it ends when they learn no more."""

import json

import pytest
import torch

from agents.networks.policy import AgentPolicy, build_policy
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.training.support.refiners import refiner_of
from training.ppo.controllers.kl_anchor import AnchorSettings
from training.ppo.update import FIT_GAIN

GAMES, STEPS = 4, 32
UPDATE = GAMES * STEPS


def refiner(**keywords):
    face = Sb3VecEnv(Seating(Batch(make_world("gpo/Balance-v0"), GAMES)))
    common = {"n_steps": STEPS, "batch_size": 64, "n_epochs": 2, "seed": 0, "device": "cpu"}
    return refiner_of(AgentPolicy, face, **{**common, **keywords})


@pytest.fixture
def fits(monkeypatch):
    """The explained variance of the first rollout, the second, and so on, as the test wishes."""
    wished: list[float] = []
    monkeypatch.setattr("training.ppo.refiner.explained_variance", lambda *_: wished[0])
    return wished


def learn(agent, updates):
    return agent.learn(updates * UPDATE, reset_num_timesteps=False)


def updates_of_rest(agent, fits, expected):
    """How many updates the policy rested, with explained variances as `expected`."""
    rested = 0
    for fit in expected:
        fits[:] = [fit]
        rested += agent.warm_up.active
        learn(agent, 1)
    return rested


def policy_bytes(agent):
    """What acts, without the values."""
    return {
        name: value.numpy().tobytes()
        for name, value in agent.policy.state_dict().items()
        if "value_net" not in name
    }


SLOWLY = FIT_GAIN / 2


@pytest.mark.parametrize(
    ("expected", "rested"),
    [
        ([0.1, 0.3, 0.5, 0.7, 0.8, 0.9], 4),  # always better: at the latest after `warm_up`
        ([0.1, 0.3, 0.3 + SLOWLY, 0.9, 0.9], 3),
        ([0.1, 0.3, 0.2, 0.9, 0.9], 3),
        ([0.1, 0.1, 0.9, 0.9], 2),
        ([0.1, float("nan"), 0.9], 2),
        ([-5.0, -3.0, -1.0, 0.0, 0.5], 4),
    ],
)
def test_it_ends_when_the_values_fit_no_better(fits, expected, rested):
    assert updates_of_rest(refiner(warm_up=4), fits, expected) == rested


def test_without_warming_up_the_policy_never_rests(fits):
    assert updates_of_rest(refiner(), fits, [0.1, 0.9]) == 0


def test_the_policy_rests_to_the_byte_while_its_moments_fill(fits):
    agent = refiner(warm_up=3)
    before = policy_bytes(agent)
    assert updates_of_rest(agent, fits, [0.1, 0.3, 0.5]) == 3
    assert policy_bytes(agent) == before
    state = agent.policy.optimizer.state
    for name, parameter in agent.policy.named_parameters():
        assert state[parameter]["exp_avg"].any(), f"{name} has no moment"
        assert state[parameter]["exp_avg_sq"].any(), f"{name} has no second moment"
    learn(agent, 1)
    assert policy_bytes(agent) != before, "it rests for ever"


def test_a_restored_warming_up_ends_where_it_would_have_ended(fits):
    expected = [0.1, 0.3, 0.3 + SLOWLY, 0.9]
    stopped, resumed = refiner(warm_up=9), refiner(warm_up=9)
    begun = updates_of_rest(stopped, fits, expected[:2])
    resumed.restore(json.loads(json.dumps(stopped.facts())))
    assert resumed.warm_up.active
    assert begun + updates_of_rest(resumed, fits, expected[2:]) == 3
    again = refiner(warm_up=9)
    again.restore(json.loads(json.dumps(resumed.facts())))
    assert not again.warm_up.active


def test_a_warming_up_restored_before_it_began_is_whole(fits):
    resumed = refiner(warm_up=2)
    resumed.restore(json.loads(json.dumps(refiner(warm_up=2).facts())))
    assert updates_of_rest(resumed, fits, [-9.0, -8.0, -7.0]) == 2


def test_the_anchor_lets_nothing_go_while_the_policy_rests(fits):
    torch.manual_seed(0)
    face = refiner().get_env()
    clone = build_policy(face.observation_space, face.action_space, {})
    agent = refiner(
        warm_up=3, clone=clone, weights={"kl_clone": 0.5}, anchor=AnchorSettings(target=0.1)
    )
    agent.policy.load_state_dict(clone.state_dict())
    updates_of_rest(agent, fits, [0.1, 0.3, 0.5])
    assert agent.anchor.coefficient == 0.5, "it takes rest for obedience"
