"""What every world keeps; a new world is tested here by standing in the catalog."""

import gymnasium
import numpy as np
import pytest

from environments.catalog import WORLDS, make_batch, make_world
from environments.simulation.batch import Batch
from environments.system.errors import UserError
from environments.wrappers.gym_env import GymEnv
from environments.wrappers.pettingzoo_env import parallel_env
from tests.environments.support.short_games import HORIZON, short_batch, some_actions

each_world = pytest.mark.parametrize("world_id", WORLDS)


def everything(batch):
    """All that a step of each game wrote: one array of bytes a game."""
    parts = (batch.observation, batch.reward, batch.terms, batch.costs, batch.state)
    flags = np.stack([batch.terminated, batch.truncated], axis=1)
    return [b"".join(part[b].tobytes() for part in (*parts, flags)) for b in range(batch.size)]


@each_world
def test_a_game_does_not_depend_on_the_batch_around_it(world_id):
    many = short_batch(world_id, 64, seed=7)
    alone = {b: short_batch(world_id, 1, seed=7 + b) for b in (0, 1, 30, 63)}
    for actions in some_actions(many, 4 * HORIZON):
        many.step(actions)
        seen = everything(many)
        for b, batch in alone.items():
            batch.step(actions[b : b + 1])
            assert everything(batch) == [seen[b]]
    assert many.state["episode"].min() >= 3


@each_world
def test_the_same_seed_begins_the_same_episodes_again(world_id):
    batch = short_batch(world_id, 5)
    actions = some_actions(batch, 2 * HORIZON)
    played = []
    for _ in range(2):
        batch.reset(seed=11)
        played.append([everything(batch) for action in actions if batch.step(action) is not None])
    assert played[0] == played[1]


@each_world
def test_a_state_alone_replays(world_id):
    batch, other = short_batch(world_id, 6, seed=1), short_batch(world_id, 6, seed=99)
    actions = some_actions(batch, 3 * HORIZON)
    for action in actions[:10]:
        batch.step(action)
    other.state[:] = np.frombuffer(batch.state.tobytes(), batch.state.dtype)
    assert np.array_equal(other.observe(), batch.observation)
    for action in actions[10:]:
        batch.step(action)
        other.step(action)
        assert everything(batch) == everything(other)


@each_world
def test_the_final_observation_is_kept_and_the_next_episode_begins_in_the_same_step(world_id):
    going_on, stopping = short_batch(world_id, 8), short_batch(world_id, 8, restart=False)
    for action in some_actions(going_on, HORIZON):
        going_on.step(action)
        stopping.step(action)
        for b in np.flatnonzero(going_on.ended & (going_on.state["episode"] == 1)):
            assert np.array_equal(going_on.final_observation[b], stopping.observation[b])
            assert going_on.state["tick"][b] == 0
    assert (going_on.state["episode"] >= 1).all()


@each_world
def test_the_time_limit_truncates_and_does_not_terminate(world_id):
    batch = Batch(make_world(world_id), 4, options={"horizon": 3})
    for step, action in enumerate(some_actions(batch, 3)):
        batch.step(action)
        assert not batch.terminated.any()
        assert batch.truncated.all() == (step == 2)


@each_world
def test_terms_times_weights_are_the_reward_exactly_and_costs_are_never_negative(world_id):
    world = make_world(world_id)
    random = np.random.default_rng(0)
    weights = {name: float(random.normal()) for name in world.terms}
    batch = Batch(world, 32, weights=weights, options={"horizon": HORIZON})
    for action in some_actions(batch, 10 * HORIZON):
        batch.step(action)
        total = np.zeros(batch.reward.shape)
        for k, name in enumerate(world.terms):
            total += weights[name] * batch.terms[:, :, k].astype(np.float64)
        assert np.array_equal(batch.reward, total.astype(np.float32))
        assert (batch.costs >= 0).all()
    assert np.isfinite(batch.reward).all()


@each_world
def test_observations_lie_in_their_space(world_id):
    batch = short_batch(world_id, 16)
    for action in some_actions(batch, 5 * HORIZON):
        seen = batch.step(action)
        assert all(
            batch.world.observation_space.contains(one) for one in seen.reshape(-1, *seen.shape[2:])
        )


@each_world
def test_a_world_says_what_its_names_mean_and_which_of_them_it_is_judged_by(world_id):
    world = make_world(world_id)
    assert world.north_star in world.terms
    assert set(world.weights) <= set(world.terms)
    assert all({**world.terms, **world.costs, **world.options}.values())
    assert world.fingerprint == make_world(world_id).fingerprint


# ------------------------------------------------------------------ mistakes

MISTAKES = {
    "world": lambda world_id: make_world(world_id[:-4]),
    "parameter": lambda world_id: make_world(world_id, wrong=1),
    "term": lambda world_id: make_batch(world_id, weights={"wrong": 1.0}),
    "weight": lambda world_id: make_batch(world_id, weights={first_term(world_id): np.nan}),
    "option": lambda world_id: GymEnv(world_id).reset(options={"horizn": 9}),
    "horizon": lambda world_id: gymnasium.make(world_id, horizon=-1),
    "fractional horizon": lambda world_id: gymnasium.make_vec(world_id, horizon=1.5),
    "size": lambda world_id: make_batch(world_id, 0),
    "seed": lambda world_id: make_batch(world_id, seed=-1),
    "seat": lambda world_id: GymEnv(world_id, seat=7),
    "render mode": lambda world_id: GymEnv(world_id, render_mode="paper"),
    "shape": lambda world_id: make_batch(world_id, 2).step(np.zeros((2, 9), int)),
    "type": lambda world_id: GymEnv(world_id).step(0.5),
    "type in a batch": lambda world_id: make_batch(world_id, 2).step(np.zeros((2, 1))),
    "high action": lambda world_id: GymEnv(world_id).step(99),
    "low action": lambda world_id: gymnasium.make_vec(world_id, 2).step(np.array([0, -1])),
    "missing action": lambda world_id: started(parallel_env(world_id)).step({}),
}


def first_term(world_id):
    return next(iter(make_world(world_id).terms))


def started(face):
    face.reset(seed=0)
    return face


@each_world
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_sentence(world_id, mistake):
    with pytest.raises(UserError) as caught:
        MISTAKES[mistake](world_id)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence[-1] in ".?"


@each_world
def test_an_unknown_option_is_answered_with_the_nearest(world_id):
    with pytest.raises(UserError, match="'horizon'"):
        GymEnv(world_id).reset(options={"horizn": 9})
