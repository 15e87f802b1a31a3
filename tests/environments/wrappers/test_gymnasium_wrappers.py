"""What Gymnasium puts around environments takes our faces; what it says of their limit is true."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import (
    NormalizeObservation,
    NormalizeReward,
    RecordEpisodeStatistics,
    TimeLimit,
)
from gymnasium.wrappers import vector as of_vectors

from environments.catalog import WORLDS, make_world
from environments.system.errors import UserError
from environments.wrappers.gym_env import GymEnv
from environments.wrappers.gym_vector_env import GymVectorEnv
from tests.environments.support.short_games import HORIZON
from tests.support.sameness import same

GAMES, SHORT = 3, 5
make: Any = gymnasium.make
make_vec: Any = gymnasium.make_vec
each_world = pytest.mark.parametrize("world_id", WORLDS)
each_mode = pytest.mark.parametrize("mode", AutoresetMode)


def pair(world_id, mode, **keywords):
    """Our vector face, and Gymnasium's vector of our single one."""
    kept = {"autoreset_mode": mode}
    ours = make_vec(world_id, GAMES, autoreset_mode=mode, **keywords)
    return ours, make_vec(world_id, GAMES, "sync", vector_kwargs=kept, **keywords)


def leaves(value):
    """All arrays and numbers that an info holds."""
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    return [value]


# ------------------------------------------------------------------ wrappers


@each_world
def test_an_info_is_plain_numbers(world_id):
    face = make(world_id, horizon=HORIZON)
    infos = [face.reset(seed=0)[1], face.step(face.action_space.sample())[4]]
    assert all(type(leaf) is float for info in infos for leaf in leaves(info))
    for mode in AutoresetMode:
        vector = make_vec(world_id, GAMES, autoreset_mode=mode, horizon=2)
        infos = [vector.reset(seed=0)[1]]
        infos += [vector.step(vector.action_space.sample())[4] for _ in range(2)]
        assert ("final_info" in infos[-1]) == (mode is AutoresetMode.SAME_STEP)
        infos[-1].pop("final_obs", None)  # of objects in Gymnasium's own vectors, too
        assert {leaf.dtype.kind for info in infos for leaf in leaves(info)} == {"f", "b"}


@each_mode
@each_world
@pytest.mark.parametrize("kind", ["RecordEpisodeStatistics", "NormalizeReward"])
def test_a_wrapper_of_vectors_sees_what_it_sees_of_a_sync_vector_env(world_id, mode, kind):
    ours, theirs = (getattr(of_vectors, kind)(face) for face in pair(world_id, mode, horizon=9))
    assert same(ours.reset(seed=3), theirs.reset(seed=3))
    ours.action_space.seed(0)
    ended = 0
    for _ in range(30):
        action = ours.action_space.sample()
        told = [face.step(action) for face in (ours, theirs)]
        for step in told:
            step[4].get("episode", {}).pop("t", None)  # the time of day
        assert same(*told)
        over = told[0][2] | told[0][3]
        ended += int(over.sum())
        if mode is AutoresetMode.DISABLED and over.any():
            begun = [face.reset(options={"reset_mask": over.copy()}) for face in (ours, theirs)]
            assert same(*begun)
    assert ended >= 2 * GAMES
    if kind == "RecordEpisodeStatistics":
        assert len(ours.return_queue) == ended
        assert max(ours.length_queue) == 9


@each_world
def test_observations_are_normalised_as_those_of_a_sync_vector_env(world_id):
    faces = pair(world_id, AutoresetMode.NEXT_STEP, horizon=9)
    ours, theirs = (of_vectors.NormalizeObservation(face) for face in faces)
    assert same(ours.reset(seed=3), theirs.reset(seed=3))
    ours.action_space.seed(0)
    for _ in range(30):
        action = ours.action_space.sample()
        assert same(ours.step(action), theirs.step(action))
    assert same(ours.obs_rms.mean, theirs.obs_rms.mean)


@each_world
def test_single_wrappers_take_the_single_face(world_id):
    kept = RecordEpisodeStatistics(make(world_id, horizon=SHORT))
    face: Any = NormalizeReward(NormalizeObservation(kept))
    seen, _ = face.reset(seed=0)
    for step in range(SHORT):
        assert face.observation_space.contains(seen)
        seen, reward, terminated, truncated, info = face.step(face.action_space.sample())
        assert np.isfinite(reward)
        assert (terminated, truncated, "episode" in info) == (False, step == 4, step == 4)
    assert info["episode"]["l"] == SHORT


@each_mode
@each_world
def test_torch_gets_tensors(world_id, mode):
    pytest.importorskip("array_api_compat", reason="gymnasium's extra array-api is not installed")
    import torch

    face = gymnasium.wrappers.NumpyToTorch(make(world_id))
    seen, info = face.reset(seed=0)
    assert seen.dtype == torch.float32
    assert info["cost"] == 0.0
    seen, *_, info = face.step(torch.as_tensor(face.action_space.sample()))
    assert all(isinstance(leaf, torch.Tensor) for leaf in (seen, *leaves(info)))
    vector = of_vectors.NumpyToTorch(make_vec(world_id, GAMES, autoreset_mode=mode))
    seen, info = vector.reset(seed=0)
    *told, info = vector.step(torch.as_tensor(vector.action_space.sample()))
    assert all(isinstance(leaf, torch.Tensor) for leaf in (*told, *leaves(info)))
    assert told[1].shape == (GAMES,)


# ------------------------------------------------------------------ the limit of an episode


def limit(face):
    """After how many steps a face truncates, which it does once; 0 if it terminates before."""
    face.reset(seed=0)
    for step in range(1, 2000):
        *_, terminated, truncated, _ = face.step(face.action_space.sample())
        if np.ravel(terminated)[0]:
            assert not np.ravel(truncated)[0]
            return 0
        if np.ravel(truncated)[0]:
            return step
    raise AssertionError("it never ended")


@each_world
def test_a_spec_says_the_horizon_in_use(world_id):
    own = make_world(world_id).horizon
    single, vector = make(world_id), make_vec(world_id, 2)
    assert isinstance(single, GymEnv)  # no TimeLimit around it: it has a limit of its own
    assert isinstance(vector, GymVectorEnv)
    faces: list[Any] = [single, vector]
    for face in faces:
        assert face.spec.max_episode_steps == own
        assert limit(face) in (own, 0)
    short = (
        make(world_id, horizon=SHORT),
        make(world_id, max_episode_steps=SHORT),
        make(make(world_id, horizon=SHORT).spec),
        make_vec(world_id, 2, horizon=SHORT),
        make_vec(world_id, 2, max_episode_steps=SHORT),
        make_vec(world_id, 2, max_episode_steps=SHORT, horizon=SHORT + 1),
        make_vec(make_vec(world_id, 2, horizon=SHORT).spec),
        make_vec(world_id, 2, "sync", horizon=SHORT).envs[0],
        make_vec(world_id, 2, "sync", max_episode_steps=SHORT).envs[0],
    )
    for face in short:
        assert face.spec.max_episode_steps == SHORT
        assert limit(face) == SHORT


def test_a_longer_horizon_is_not_cut_off():
    for face in (
        make("gpo/Kitchen-v0", horizon=430),
        make("gpo/Kitchen-v0", horizon=430, max_episode_steps=-1),
        make_vec("gpo/Kitchen-v0", 2, horizon=430),
        make_vec("gpo/Kitchen-v0", 2, horizon=430, max_episode_steps=-1),
        make_vec("gpo/Kitchen-v0", 2, horizon=430, max_episode_steps=500),
    ):
        assert face.spec.max_episode_steps == 430
        assert limit(face) == 430


def test_a_limit_holds_for_every_episode_of_a_vector():
    face = make_vec("gpo/Kitchen-v0", 2, max_episode_steps=4)
    face.reset(seed=0)
    cut = [bool(face.step(np.zeros(2, int))[3].all()) for _ in range(12)]
    assert cut == [False, False, False, True] * 3
    with pytest.raises(UserError, match="horizon"):
        make_vec("gpo/Kitchen-v0", 2, max_episode_steps=0)


def test_a_spec_makes_the_same_environment_again():
    face = make("gpo/Kitchen-v0", layout="counter_circuit", horizon=SHORT)
    again = make(EnvSpec.from_json(face.spec.to_json()))
    assert isinstance(again, TimeLimit)  # Gymnasium's, of the same length
    assert again.get_wrapper_attr("world").fingerprint == face.world.fingerprint
    assert limit(again) == SHORT
    assert GymEnv("gpo/Kitchen-v0").spec is None
