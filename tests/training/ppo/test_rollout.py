"""A rollout is a function of weights, rules, games and seed, and needs no PPO around it."""

import copy

import numpy as np
import pytest
import torch

from agents.networks.policy import AgentPolicy, build_policy
from environments.catalog import make_batch, make_world
from environments.simulation.reward_source import RolloutRewards
from environments.simulation.seating import Seating
from environments.system.errors import UserError
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.party import FAR, Signs
from tests.training.support.refiners import refiner_of
from training.compute.second_core import SecondCore
from training.compute.timers import StageTimer
from training.ppo.network_outputs import ForwardPasses
from training.ppo.rollouts.buffer import CostMeter, ReusedBuffer
from training.ppo.rollouts.rollout import Games, Rollout, flat_rollout, play_rollout
from training.ppo.rollouts.rules import RolloutRules

GAMES, STEPS, COSTS = 4, 25, ["off_centre"]
WORLD = make_world("gpo/Balance-v0", aside=0.02)


def policy_of(seed):
    torch.manual_seed(seed)
    network = {"net_arch": {"pi": [8], "vf": [8]}, "n_costs": 1}
    policy = build_policy(WORLD.observation_space, WORLD.action_space, network)
    policy.set_training_mode(False)
    return policy


def games_of(horizon=10):
    env = Sb3VecEnv(Seating(make_batch(WORLD, GAMES, options={"horizon": horizon})))
    meter, further = CostMeter(COSTS, GAMES), RolloutRewards(())
    return Games(env, meter, further, env.reset(), np.ones(GAMES, bool))


def played(policy, games=None, seed: int | None = 3, cores=1, after_step=lambda step: True):
    games = games_of() if games is None else games
    forward = ForwardPasses(policy, None, (0, 1), False, torch.device("cpu"))
    rules = RolloutRules(STEPS, 0.9, 0.8, np.array([2.0, 0.5]), seed)
    spaces = (WORLD.observation_space, WORLD.action_space)
    buffer = ReusedBuffer(STEPS, *spaces, "cpu", n_envs=GAMES)
    return play_rollout(forward, games, rules, buffer, after_step, SecondCore(cores), StageTimer())


def same(one: Rollout, other: Rollout):
    arrays = [name for name in one._fields if name != "outputs"]
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


@pytest.mark.parametrize("cores", [1, 2])
def test_the_same_weights_games_and_seed_give_the_same_rollout(cores):
    policy = policy_of(0)
    before = copy.deepcopy(policy.state_dict())
    first, second = played(policy), played(policy, cores=cores)
    assert first is not None
    assert second is not None
    assert same(first, second)
    assert all(torch.equal(value, before[name]) for name, value in policy.state_dict().items())
    others = played(policy, seed=4), played(policy_of(1))
    assert not any(same(first, other) for other in others if other is not None)


def test_its_fields_have_the_shapes_that_they_say():
    found = played(policy_of(0))
    assert found is not None
    assert found.observations.shape == (STEPS, GAMES, 4)
    for name in ("log_probs", "episode_starts", "dones", "rewards"):
        assert getattr(found, name).shape == (STEPS, GAMES), name
    for name in ("values", "following", "advantages", "returns"):
        assert getattr(found, name).shape == (STEPS, GAMES, 2), name
    assert found.costs.shape == (STEPS, GAMES, 1)
    assert found.actions.shape[:2] == (STEPS, GAMES)
    assert all(len(column) == STEPS * GAMES for column in found.outputs.values())
    assert "values" not in found.outputs


def test_rewards_are_scaled_in_it_and_costs_are_not_but_what_they_are_learned_as():
    found = played(policy_of(0))
    assert found is not None
    assert set(np.unique(found.rewards)) == {2.0}  # 1 a step
    assert set(np.unique(found.costs)) <= {0.0, 1.0}
    assert found.costs.any()
    last = found.returns - found.advantages - found.values
    assert np.abs(last).max() < 1e-5
    t, b = np.argwhere(found.dones)[0]
    surprise = 0.5 * found.costs[t, b, 0] + 0.9 * found.following[t, b, 1] - found.values[t, b, 1]
    assert found.advantages[t, b, 1] == pytest.approx(surprise, abs=1e-6)


def test_without_a_seed_the_next_goes_on_where_it_ended():
    games, policy = games_of(horizon=1000), policy_of(0)
    first = played(policy, games)
    left = np.array(games.observations)
    second = played(policy, games, seed=None)
    assert first is not None
    assert second is not None
    assert np.array_equal(second.observations[0], left)
    assert second.episode_starts[0].tolist() == games_starts(first)


def games_starts(rollout):
    return rollout.dones[-1].astype(float).tolist()


def test_it_ends_when_it_is_told_to():
    steps = []

    def third(step):
        steps.append(step["t"])
        return len(steps) < 3

    assert played(policy_of(0), after_step=third) is None
    assert steps == [0, 1, 2]


def test_what_the_refiner_learns_from_is_such_a_rollout():
    env = Sb3VecEnv(Seating(make_batch(WORLD, GAMES, options={"horizon": 10})))
    common = {"n_steps": STEPS, "batch_size": 50, "n_epochs": 1, "device": "cpu"}
    agent = refiner_of(AgentPolicy, env, **common, policy_kwargs={"n_costs": 1})
    agent.learn(GAMES * STEPS)
    found, buffer = agent.last_rollout, agent.rollout_buffer
    assert found is not None
    assert np.array_equal(found.advantages[:, :, 0], buffer.advantages)
    assert np.array_equal(found.returns[:, :, 0], buffer.returns)
    assert np.array_equal(found.values[:, :, 0].astype(np.float32), buffer.values)


def test_a_rollout_is_not_saved_with_its_refiner(tmp_path):
    env = Sb3VecEnv(Seating(make_batch(WORLD, GAMES)))
    agent = refiner_of(AgentPolicy, env, n_steps=STEPS, batch_size=50, device="cpu")
    agent.learn(GAMES * STEPS)
    assert agent.last_rollout is not None
    agent.save(tmp_path / "agent.zip")
    assert "last_rollout" in agent._excluded_save_params()


def party_rollout(stays, steps=20):
    """A rollout with a learner who is not always there, and what is learned from it."""
    world = make_world("tests.environments.support.party:Party", stays=stays)
    torch.manual_seed(0)
    spaces = world.observation_space, world.action_space
    policy = build_policy(*spaces, {"net_arch": {"pi": [8], "vf": [8]}, "n_costs": 1})
    env = Sb3VecEnv(Seating(make_batch(world, 2), 1, Signs()))
    games = Games(env, CostMeter(["cost"], 2), RolloutRewards(()), env.reset(), np.ones(2, bool))
    forward = ForwardPasses(policy, None, (0, 1), False, torch.device("cpu"))
    buffer = ReusedBuffer(steps, *spaces, "cpu", n_envs=2)
    rules = RolloutRules(steps, 0.9, 0.8, np.ones(2))
    found = play_rollout(
        forward, games, rules, buffer, lambda step: True, SecondCore(1), StageTimer()
    )
    assert found is not None
    for name in ("advantages", "returns"):
        getattr(buffer, name)[:] = getattr(found, name)[:, :, 0]
    return found, flat_rollout(buffer, found, forward), games


def test_steps_of_an_absent_learner_are_not_learned_from():
    found, data, games = party_rollout(((0, 4), (2, 5)))
    there = [
        False,
        False,
        True,
        True,
        True,
    ] * 4  # comes at 2, leaves at 5, and the game begins anew
    assert found.acted[:, 0].tolist() == there
    assert {len(column) for column in data.values()} == {2 * sum(there)}
    assert (data["inputs"] > FAR / 2).all() or "inputs" in found.outputs
    rows = np.flatnonzero(found.acted)
    assert np.array_equal(data["advantages"].numpy(), found.advantages[:, :, 0].reshape(-1)[rows])
    assert games.meter.per_episode() == {"cost": 3.0}, "of the episodes that it was in"


def test_values_before_and_after_a_stay_do_not_flow_into_it():
    found, _, _ = party_rollout(((0, 4), (2, 5)))
    last = found.rewards[4] - found.values[4, :, 0]
    assert found.advantages[4, :, 0] == pytest.approx(last), "it terminated: nothing follows"
    assert not found.following[4].any()
    assert found.episode_starts[2].all(), "what it sees first begins an episode"


def test_a_rollout_without_its_learner_says_so():
    with pytest.raises(UserError, match="seat was empty"):
        party_rollout(((0, 4), (9, 9)))
