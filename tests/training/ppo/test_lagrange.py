"""Costs with limits: multipliers, what they weigh, how costs are read, and that limits are kept."""

import numpy as np
import pytest

from agents.players.player import StillPlayer
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.ppo.controllers.lagrange import CostSettings, Multiplier, surrogate_weights
from training.ppo.rollouts.buffer import CostMeter, EpisodeEnds


def multiplier(**changes):
    return Multiplier(CostSettings.model_validate({"limit": 10.0, **changes}))


def test_a_cost_within_its_aim_has_no_multiplier():
    found = multiplier()
    assert [found.update(5.0) for _ in range(20)] == [0.0] * 20


def test_a_cost_above_its_aim_is_weighed_more_and_more():
    found = multiplier()
    values = [found.update(20.0) for _ in range(20)]
    assert values == sorted(values)
    assert values[-1] > values[0] > 0


def test_a_multiplier_lets_go_once_the_cost_is_low():
    found = multiplier()
    for _ in range(20):
        high = found.update(20.0)
    for _ in range(60):
        low = found.update(1.0)
    assert high > 0
    assert low == 0


def test_a_rising_cost_is_braked_before_it_is_above_its_aim():
    braked, blind = multiplier(derivative=5.0), multiplier(derivative=0.0)
    for cost in (2.0, 4.0, 6.0, 8.0):
        early, late = braked.update(cost), blind.update(cost)
    assert early > late == 0


def test_a_cost_that_is_no_number_changes_nothing():
    found, other = multiplier(), multiplier()
    for cost in (20.0, float("nan"), 20.0):
        value = found.update(cost)
    for cost in (20.0, 20.0):
        expected = other.update(cost)
    assert value == expected > 0


def test_a_multiplier_is_bounded():
    found = multiplier(most=3.0)
    for _ in range(200):
        found.update(1000.0)
    assert found.value == 3.0


def test_training_aims_below_the_limit():
    assert multiplier(tighten=0.8).aim == 8.0


def test_a_restored_multiplier_goes_on_as_if_nothing_had_happened():
    whole, stopped = multiplier(), multiplier()
    for cost in (20.0, 15.0, 12.0):
        whole.update(cost)
        stopped.update(cost)
    resumed = multiplier()
    resumed.restore(stopped.facts())
    assert resumed.update(11.0) == whole.update(11.0)


def test_the_weights_of_all_surrogates_add_up_to_one():
    multipliers = {"a": multiplier(), "b": multiplier()}
    multipliers["a"].value, multipliers["b"].value = 3.0, 1.0
    found = surrogate_weights(multipliers)
    assert found == {"surrogate": 0.2, "cost/a": 0.6, "cost/b": 0.2}
    assert surrogate_weights({}) == {"surrogate": 1.0}


def test_what_follows_a_terminated_step_is_worth_nothing_and_a_truncated_one_goes_on():
    tape = EpisodeEnds(3, 2, 1)
    nobody: list[dict] = [{}, {}]
    tape.write(0, np.array([True, False]), [{"TimeLimit.truncated": False}, {}], np.zeros((2, 1)))
    seen = np.array([7.0], np.float32)
    cut = [{}, {"TimeLimit.truncated": True, "terminal_observation": seen}]
    tape.write(1, np.array([False, True]), cut, np.zeros((2, 1)))
    tape.write(2, np.array([False, False]), nobody, np.zeros((2, 1)))
    values = np.arange(6.0).reshape(3, 2, 1)
    last, final = np.array([[10.0], [11.0]]), np.array([[99.0]])
    found = tape.following(values, last, final)[:, :, 0]
    assert found.tolist() == [[0.0, 3.0], [4.0, 99.0], [10.0, 11.0]]


@pytest.fixture
def face():
    """A cart that is always pushed to the right, and soon is off the middle."""
    batch = Batch(make_world("gpo/Balance-v0", aside=0.01, fall=3.0), 2)
    return Sb3VecEnv(Seating(batch), budgets={"off_centre": 5.0})


def test_an_episode_that_has_spent_its_budget_is_terminated_and_begins_anew(face):
    face.reset()
    push = StillPlayer(face.action_space, 1)
    meter = CostMeter(["off_centre"], 2)
    for _ in range(200):
        seen, _, dones, infos = face.step(push.predict(np.zeros(2))[0])
        meter.read(face, infos, dones)
        if dones.any():
            break
    game = int(np.flatnonzero(dones)[0])
    assert infos[game]["TimeLimit.truncated"] is False
    assert infos[game]["episode"]["costs"]["off_centre"] == 6.0
    assert abs(infos[game]["terminal_observation"][0]) > abs(seen[game][0]), "it did not begin anew"
    assert meter.finished[0].tolist() == [6.0]
    assert meter.running[game].tolist() == [0.0]
