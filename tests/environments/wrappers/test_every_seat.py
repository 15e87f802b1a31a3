"""The learner in every seat: one a seat, each with what its own seat sees, earns and spends."""

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.simulation.seating import EverySeat, Seating
from environments.wrappers.frame_stack_vec_env import FrameStackVecEnv
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.party import FAR

PAIR, PARTY = "tests.training.support.seats:Pair", "tests.environments.support.party:Party"


def right(batch):
    """The right answers in every seat: [B, N]."""
    return (batch.observation[..., 0] > 0).astype(np.int64)


def test_every_seat_has_a_learner():
    batch = make_batch(PAIR, 3, seed=5, together=False)
    env = Sb3VecEnv(EverySeat(batch))
    assert env.num_envs == 6
    env.seed(7)
    seen = np.asarray(env.reset())
    assert np.array_equal(seen, batch.observation.reshape(6, 2))
    actions = right(batch)
    actions[:, 1] = 1 - actions[:, 1]  # the left is right, the right is wrong
    after, rewards, dones, _ = env.step(actions.reshape(6))
    assert rewards.tolist() == [1.0, -1.0] * 3
    assert not dones.any()
    assert np.array_equal(np.asarray(after), batch.observation.reshape(6, 2))


def test_the_games_are_those_of_one_learner():
    alone, every = (make_batch(PAIR, 2, seed=3) for _ in range(2))
    env = Sb3VecEnv(EverySeat(every))
    env.reset()
    alone.reset()
    for _ in range(20):
        actions = right(alone)
        alone.step(actions)
        env.step(actions.reshape(4))
        assert np.array_equal(alone.observation, every.observation)


def test_an_ended_game_tells_every_learner():
    env = Sb3VecEnv(EverySeat(make_batch(PAIR, 2, seed=1)))
    env.reset()
    for step in range(8):
        last = env.seating.batch.observation.copy()
        _, _, dones, infos = env.step(right(env.seating.batch).reshape(4))
        assert dones.all() == (step == 7)
    assert [info["episode"]["r"] for info in infos] == [16.0] * 4
    assert [info["episode"]["l"] for info in infos] == [8] * 4
    ends = np.stack([info["terminal_observation"] for info in infos])
    assert np.array_equal(ends, env.seating.batch.final_observation.reshape(4, 2))
    assert not np.array_equal(ends, last.reshape(4, 2))
    assert not any(info["TimeLimit.truncated"] for info in infos)
    assert [game.seat for game in env._games] == [0, 1, 0, 1]
    assert env.get_attr("state")[1] == env.get_attr("state")[0] != env.get_attr("state")[2]


def test_who_leaves_the_others_waits_for_the_next_game():
    batch = make_batch(PARTY, 1)  # the first leaves at step 3, the second ends the game at 8
    env = Sb3VecEnv(EverySeat(batch))
    env.reset()
    acted: list[list[bool]] = []
    lengths: list[list[int]] = [[], []]
    for _ in range(16):
        seen, _, dones, infos = env.step(np.zeros(2, np.int64))
        acted.append(env.acted.tolist())
        for k in np.flatnonzero(dones):
            assert np.asarray(seen)[k, 0] > FAR / 2 or k == 0
            if "episode" in infos[k]:
                lengths[k].append(infos[k]["episode"]["l"])
    assert acted == ([[True, True]] * 3 + [[False, True]] * 5) * 2
    assert lengths == [[3, 3], [8, 8]]


def test_a_spent_budget_ends_the_game_and_cuts_the_others_off():
    world = make_world(PARTY, stays=((0, 8), (2, 8)))  # the second comes later and has spent less
    env = Sb3VecEnv(EverySeat(make_batch(world, 1)), budgets={"cost": 3.5})
    env.reset()
    for step in range(4):
        _, _, dones, infos = env.step(np.zeros(2, np.int64))
        assert bool(dones[0]) == (step == 3)
    assert dones.all()
    assert [info["episode"]["l"] for info in infos] == [4, 2]
    assert [info["TimeLimit.truncated"] for info in infos] == [False, True]


@pytest.mark.parametrize("games", [1, 3])
def test_a_window_is_each_learners_own(games):
    env = FrameStackVecEnv(Sb3VecEnv(EverySeat(make_batch(PAIR, games, seed=2))), 3)
    assert np.asarray(env.reset()).shape[0] == 2 * games
    seen, *_ = env.step(np.zeros(2 * games, np.int64))
    assert len(np.unique(np.asarray(seen), axis=0)) == 2 * games


def test_alone_it_is_a_seating_of_one():
    one, every = (
        Sb3VecEnv(kind(make_batch("gpo/Balance-v0", 4)))
        for kind in (lambda batch: Seating(batch, "alternate"), EverySeat)
    )
    for env in (one, every):
        env.seed(3)
    assert np.array_equal(np.asarray(one.reset()), np.asarray(every.reset()))
    for t in range(60):
        actions = np.full(4, t % 2)
        for mine, theirs in zip(one.step(actions)[:3], every.step(actions)[:3], strict=True):
            assert np.array_equal(np.asarray(mine), np.asarray(theirs))
