"""The balance is Gymnasium's CartPole-v1, to the last digit."""

import gymnasium
import numpy as np

from environments.catalog import make_world
from environments.simulation.batch import Batch

SEEDS, STEPS = 100, 1000


def test_100000_random_steps_are_those_of_cartpole():
    games = [gymnasium.make("CartPole-v1") for _ in range(SEEDS)]
    batch = Batch(make_world("gpo/Balance-v0"), SEEDS, restart=False)
    first = np.stack([game.reset(seed=seed)[0] for seed, game in enumerate(games)])
    assert np.array_equal(batch.reset(options=begins(games))[:, 0], first)
    actions = np.random.default_rng(0).integers(2, size=(STEPS, SEEDS))
    episodes = 0
    for chosen in actions:
        steps = [game.step(action) for game, action in zip(games, chosen, strict=True)]
        seen, reward, terminated, truncated, _ = map(np.array, zip(*steps, strict=True))
        batch.step(chosen[:, None])
        assert np.array_equal(batch.observation[:, 0], seen)
        assert np.array_equal(batch.reward[:, 0], reward)
        assert np.array_equal(batch.terminated, terminated)
        assert np.array_equal(batch.truncated, truncated)
        ended = batch.ended.copy()
        for b in np.flatnonzero(ended):
            games[b].reset()
        if ended.any():
            batch.reset(options=begins(games), chosen=ended)
        episodes += int(ended.sum())
    assert episodes > 3000  # of about 22 steps each


def begins(games):
    """The states that CartPole drew, as the options of our episodes."""
    return [{"state": game.unwrapped.state} for game in games]


def test_an_episode_that_is_balanced_to_its_end_is_truncated_like_cartpoles():
    theirs = gymnasium.make("CartPole-v1")
    ours = gymnasium.make("environments.catalog:gpo/Balance-v0")
    seen, _ = theirs.reset(seed=5)
    ours.reset(seed=5, options=begins([theirs])[0])
    for step in range(1, 501):
        action = int(seen @ np.array([0.1, 0.5, 3.0, 1.0]) > 0)
        seen, reward, terminated, truncated, _ = theirs.step(action)
        mine = ours.step(action)
        assert np.array_equal(mine[0], seen)
        assert mine[1:4] == (reward, terminated, truncated)
        assert (terminated, truncated) == (False, step == 500)


def test_spaces_are_cartpoles():
    ours, theirs = make_world("gpo/Balance-v0"), gymnasium.make("CartPole-v1")
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space


def test_without_the_option_an_episode_begins_at_random_near_the_middle():
    batch = Batch(make_world("gpo/Balance-v0"), 2000)
    begin = batch.observation[:, 0].copy()
    assert np.abs(begin).max() <= 0.05
    assert np.abs(begin.mean(axis=0)).max() < 0.005
    assert np.allclose(begin.std(axis=0), 0.1 / 12**0.5, rtol=0.05)
    assert not np.array_equal(begin, batch.reset()[:, 0])  # the next episode begins elsewhere


def test_being_far_from_the_middle_costs_and_no_longer_counts_as_centred():
    batch = Batch(make_world("gpo/Balance-v0"), 2, restart=False)
    batch.reset(options=[{"state": [1.3, 0, 0, 0]}, {"state": [0.0, 0, 0, 0]}])
    batch.step([[0], [0]])
    assert batch.costs[:, 0].tolist() == [[1.0], [0.0]]
    centred = batch.terms[:, 0, list(batch.world.terms).index("centred")]
    assert np.allclose(centred, [1 - 1.3 / 2.4, 1.0])
