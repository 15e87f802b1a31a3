"""What every face keeps, over every world of the catalog: each only translates."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test
from pettingzoo.utils.conversions import parallel_to_aec
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecMonitor

from environments.catalog import WORLDS, make_world
from environments.simulation.batch import Batch
from environments.simulation.seating import Seating
from environments.wrappers.gym_env import GymEnv
from environments.wrappers.gym_vector_env import GymVectorEnv
from environments.wrappers.pettingzoo_env import parallel_env
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.short_games import HORIZON, short_batch, some_actions

each_world = pytest.mark.parametrize("world_id", WORLDS)


@pytest.fixture(autouse=True)
def _no_display(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@each_world
def test_gymnasiums_checker_finds_nothing(world_id):
    check_env(gymnasium.make(world_id, horizon=HORIZON).unwrapped)


@each_world
def test_gymnasiums_checker_finds_nothing_in_any_seat(world_id):
    for seat in range(len(make_world(world_id).agents)):
        check_env(gymnasium.make(world_id, seat=seat, render_mode="rgb_array").unwrapped)


@each_world
def test_sb3s_checker_finds_nothing(world_id):
    sb3_check_env(GymEnv(world_id))
    sb3_check_env(Monitor(gymnasium.make(world_id, render_mode="rgb_array")))


@each_world
@pytest.mark.filterwarnings("error:.*agent.*")
def test_pettingzoos_checkers_find_nothing(world_id):
    parallel_api_test(parallel_env(world_id, horizon=HORIZON), num_cycles=100)
    parallel_seed_test(lambda: parallel_env(world_id), num_cycles=100)


@each_world
@pytest.mark.filterwarnings("error:.*agent.*", "ignore:(We recom|Action space|Agent's m)")
def test_pettingzoos_checkers_find_nothing_where_agents_take_turns(world_id):
    api_test(parallel_to_aec(parallel_env(world_id, horizon=HORIZON)), num_cycles=100)
    seed_test(lambda: parallel_to_aec(parallel_env(world_id)), num_cycles=100)


@each_world
def test_a_vector_face_resets_only_the_games_that_its_mask_names(world_id):
    face = GymVectorEnv(world_id, num_envs=3)
    face.reset(seed=1)
    face.step(face.action_space.sample())
    before = face.seating.batch.state.copy()
    _, infos = face.reset(options={"reset_mask": np.array([False, True, False])})
    assert infos["_cost"].tolist() == [False, True, False]
    after = face.seating.batch.state
    assert (after == before).tolist() == [True, False, True]
    assert after["tick"][1] == 0


@each_world
def test_the_parallel_face_is_a_batch_of_one(world_id):
    face, batch = parallel_env(world_id), Batch(make_world(world_id), restart=False)
    face.reset(seed=5)
    batch.reset(seed=5)
    for action in some_actions(batch, 20)[:, 0]:
        seen, rewards, *_ = face.step(dict(zip(face.agents, action, strict=True)))
        batch.step(action[None])
        assert np.array_equal(np.stack(list(seen.values())), batch.observation[0])
        assert list(rewards.values()) == batch.reward[0].tolist()
        if batch.ended[0]:
            break


@each_world
@pytest.mark.filterwarnings("ignore:The environment is already wrapped")
def test_the_sb3_face_reports_every_episode_as_monitor_does(world_id):
    face = Sb3VecEnv(Seating(short_batch(world_id, 6), "alternate"))
    beside = VecMonitor(Sb3VecEnv(Seating(short_batch(world_id, 6), "alternate")))
    for env in (face, beside):
        env.seed(2)
    assert data_equivalence(face.reset(), beside.reset())
    terms, weights = face.seating.batch.world.terms, face.seating.batch.weights
    ended = 0
    for action in some_actions(face.seating.batch, 3 * HORIZON)[:, :, 0]:
        seen, _, done, infos = face.step(action)
        monitored = beside.step(action)[3]
        for b in np.flatnonzero(done).tolist():
            episode, theirs = infos[b]["episode"], monitored[b]["episode"]
            assert episode["l"] == theirs["l"]
            assert episode["r"] == pytest.approx(theirs["r"], abs=1e-4)
            parts = [weights[k] * episode["terms"][name] for k, name in enumerate(terms)]
            assert sum(parts) == pytest.approx(episode["r"], abs=1e-4)
            assert not np.array_equal(infos[b]["terminal_observation"], np.asarray(seen)[b])
            if episode["l"] < HORIZON:
                assert not infos[b]["TimeLimit.truncated"]
        ended += int(done.sum())
        assert all(not infos[b] for b in np.flatnonzero(~done))
    assert ended >= 12


@each_world
def test_the_sb3_face_answers_for_single_games(world_id):
    face = Sb3VecEnv(Seating(short_batch(world_id, 4), "alternate"), render_mode="rgb_array")
    agents = len(face.seating.batch.world.agents)
    assert face.get_attr("seat") == [b % agents for b in range(4)]
    face.set_attr("note", "here", indices=[1])
    assert face.get_attr("note", indices=1) == ["here"]
    assert not face.has_attr("note")
    assert face.env_is_wrapped(Monitor) == [True] * 4
    assert face.env_is_wrapped(gymnasium.Wrapper, indices=[0]) == [False]
    assert face.env_method("render", indices=[2])[0].shape == (480, 640, 3)


@each_world
def test_a_face_draws_without_a_window_and_says_whats_what(world_id):
    face = gymnasium.make(f"environments.catalog:{world_id}", render_mode="rgb_array")
    _, info = face.reset(seed=0)
    world = make_world(world_id)
    assert set(info["terms"]) == set(world.terms)
    assert face.get_wrapper_attr("agents") == world.agents
    first = np.asarray(face.render())
    assert first.dtype == np.uint8
    assert first.std() > 1
    info = face.step(face.action_space.sample())[4]
    assert info["cost"] == sum(info["costs"].values())


@each_world
def test_a_window_opens_and_closes(world_id):
    face = gymnasium.make(world_id, render_mode="human")
    face.reset(seed=0)
    face.step(face.action_space.sample())
    face.close()
