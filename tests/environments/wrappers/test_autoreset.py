"""The vector face keeps Gymnasium's three ways of beginning an ended game anew, as `SyncVectorEnv` does."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from environments.catalog import WORLDS
from environments.system.errors import UserError
from environments.wrappers.gym_env import GymEnv
from environments.wrappers.gym_vector_env import GymVectorEnv
from tests.environments.support.short_games import HORIZON
from tests.support.sameness import same

GAMES = 3
CORRIDOR = "tests.environments.support.foreign_toys:Corridor"
FRAGILE = "tests.environments.support.foreign_toys:Fragile"
each_world = pytest.mark.parametrize("world_id", WORLDS)
each_mode = pytest.mark.parametrize("mode", AutoresetMode)


def pair(world_id, mode, kind="sync", **keywords):
    """Our vector face, and Gymnasium's vector of our single one."""
    ours = gymnasium.make_vec(world_id, GAMES, autoreset_mode=mode, **keywords)
    theirs = gymnasium.make_vec(
        world_id, GAMES, kind, vector_kwargs={"autoreset_mode": mode}, **keywords
    )
    return ours, theirs


def play_alike(ours, theirs, mode, steps):
    """Step both with the same actions; how many games ended."""
    ours.action_space.seed(0)
    ended = 0
    for _ in range(steps):
        action = ours.action_space.sample()
        one, other = ours.step(action), theirs.step(action)
        assert same(one, other)
        over = one[2] | one[3]
        ended += int(over.sum())
        if mode is AutoresetMode.DISABLED and over.any():
            begun = [face.reset(options={"reset_mask": over.copy()}) for face in (ours, theirs)]
            assert same(*begun)
    return ended


@each_mode
@each_world
def test_every_step_is_that_of_a_sync_vector_env(world_id, mode):
    ours, theirs = pair(world_id, mode, horizon=HORIZON)
    assert isinstance(ours, GymVectorEnv)
    assert isinstance(theirs, SyncVectorEnv)
    assert ours.metadata["autoreset_mode"] is theirs.metadata["autoreset_mode"] is mode
    assert same(ours.reset(seed=3), theirs.reset(seed=3))
    assert play_alike(ours, theirs, mode, 3 * HORIZON) >= 2 * GAMES
    assert same(ours.reset(), theirs.reset())  # goes on from what was seeded
    seeds = [5, None, 7]
    assert same(ours.reset(seed=seeds), theirs.reset(seed=seeds))
    play_alike(ours, theirs, mode, HORIZON)


@each_mode
def test_every_step_is_that_of_an_async_vector_env(mode):
    ours, theirs = pair("gpo/Balance-v0", mode, "async", horizon=HORIZON)
    assert ours.metadata["autoreset_mode"] is theirs.metadata["autoreset_mode"] is mode
    try:
        assert same(ours.reset(seed=3), theirs.reset(seed=3))
        assert play_alike(ours, theirs, mode, 2 * HORIZON) >= GAMES
    finally:
        theirs.close()


@each_mode
@each_world
def test_options_and_masks_hold_for_the_episodes_that_begin(world_id, mode):
    ours, theirs = pair(world_id, mode, horizon=HORIZON)
    masks = [[True, True, True], [False, True, False], [True, False, True]]
    for mask, steps in zip(masks, (4, 2, 9), strict=True):
        options = [{"horizon": 4, "reset_mask": np.array(mask)} for _ in range(2)]
        assert same(
            ours.reset(seed=8, options=options[0]), theirs.reset(seed=8, options=options[1])
        )
        assert "reset_mask" in options[0], "what the caller wrote was changed"
        play_alike(ours, theirs, mode, steps)
    assert ours.seating.batch.state["horizon"].tolist() == [HORIZON] * GAMES


@each_mode
def test_a_shield_and_a_seat_are_kept(mode):
    ours, theirs = pair("gpo/Courier-v0", mode, horizon=HORIZON, shield=True)
    assert same(ours.reset(seed=3), theirs.reset(seed=3))
    assert play_alike(ours, theirs, mode, 2 * HORIZON) >= GAMES
    ours, theirs = pair("gpo/Kitchen-v0", mode, horizon=HORIZON, seat=1)
    assert same(ours.reset(seed=3), theirs.reset(seed=3))
    assert play_alike(ours, theirs, mode, 2 * HORIZON) >= GAMES


@each_mode
@pytest.mark.parametrize("world_id", ["CartPole-v1", CORRIDOR, FRAGILE])
def test_a_strangers_environment_is_begun_anew_likewise(world_id, mode):
    ours = GymVectorEnv(world_id, GAMES, autoreset_mode=mode, horizon=HORIZON)
    theirs = SyncVectorEnv([lambda: GymEnv(world_id, horizon=HORIZON)] * GAMES, autoreset_mode=mode)
    assert same(ours.reset(seed=3), theirs.reset(seed=3))
    assert play_alike(ours, theirs, mode, 3 * HORIZON) >= GAMES
    batch: Any = ours.seating.batch
    assert not batch.incidents, "an ended game was played on"


class Recorder:
    """A partner that keeps which games were said to begin, and acts at random in none."""

    def __init__(self):
        self.starts = []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.starts.append(episode_start.copy())
        return np.zeros(len(observation), int), state


@each_mode
def test_a_partner_is_told_of_every_beginning(mode):
    partner = Recorder()
    face = GymVectorEnv("gpo/Kitchen-v0", 2, partner=partner, horizon=3, autoreset_mode=mode)
    face.reset(seed=0)
    beginnings = []
    for _ in range(12):
        beginnings.append(face.seating.batch.state["tick"] == 0)
        over = np.logical_or(*face.step(np.zeros(2, int))[2:4])
        if mode is AutoresetMode.DISABLED and over.any():
            face.reset(options={"reset_mask": over})
    told, began = np.array(partner.starts), np.array(beginnings)
    assert told[began].all(), "it went on with what it knew of the game before"
    assert began.sum() >= 6
    face.reset()
    face.step(np.zeros(2, int))
    face.reset(options={"reset_mask": np.array([False, True])})
    face.step(np.zeros(2, int))
    assert partner.starts[-1].tolist() == [False, True]


def test_the_action_of_a_game_that_begins_anew_is_not_taken():
    face = GymVectorEnv("gpo/Balance-v0", 2, horizon=2, autoreset_mode="NextStep")
    face.reset(seed=0)
    face.reset(options={"horizon": 1, "reset_mask": np.array([True, False])})
    assert face.step(np.array([1, 1]))[3].tolist() == [True, False]
    _, reward, _, truncated, infos = face.step(np.array([99, 1]))
    assert reward.tolist() == [0.0, 1.0]
    assert truncated.tolist() == [False, True]
    assert infos["terms"]["balanced"].tolist() == [0.0, 1.0]
    with pytest.raises(UserError, match="99"):
        face.step(np.array([99, 1]))  # game 1 is the one that begins anew now
    assert face.step(np.array([1, 99]))[1].tolist() == [1.0, 0.0]


def test_without_autoreset_an_ended_game_must_be_begun_anew_first():
    face = GymVectorEnv("gpo/Balance-v0", 2, horizon=3, autoreset_mode=AutoresetMode.DISABLED)
    face.reset(seed=0)
    face.reset(options={"reset_mask": np.array([True, False]), "horizon": 1})
    face.step(np.array([1, 1]))
    state = face.seating.batch.state.copy()
    with pytest.raises(UserError, match=r"Game 0 has ended: .*reset_mask"):
        face.step(np.array([1, 1]))
    assert (face.seating.batch.state == state).all()
    face.reset(options={"reset_mask": np.array([True, False])})
    face.step(np.array([1, 1]))


@pytest.mark.parametrize(
    "mask", [[True], [1, 0, 0], np.zeros(GAMES, bool), np.ones((GAMES, 1), bool), "all"]
)
def test_a_mask_that_is_none_is_refused(mask):
    face = GymVectorEnv("gpo/Balance-v0", GAMES)
    with pytest.raises(UserError, match=f"{GAMES} booleans"):
        face.reset(options={"reset_mask": mask})


def test_a_mode_that_there_is_not_is_refused():
    with pytest.raises(UserError, match="'next'; choose one of NextStep, SameStep, Disabled"):
        gymnasium.make_vec("gpo/Balance-v0", 2, autoreset_mode="next")
    face = gymnasium.make_vec("gpo/Balance-v0", 2, autoreset_mode="Disabled")
    assert face.metadata["autoreset_mode"] is AutoresetMode.DISABLED


def test_seeds_for_another_number_of_games_are_refused():
    with pytest.raises(UserError, match="seed"):
        GymVectorEnv("gpo/Balance-v0", GAMES).reset(seed=[1, None])
