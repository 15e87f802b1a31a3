"""Every face can be pickled and deep-copied in the middle of a game; the copy goes on from there."""

import copy
import pickle
import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
from pettingzoo.utils.conversions import parallel_to_aec

from agents.players.player import RandomPlayer
from environments.catalog import WORLDS, make_batch, make_world
from environments.external.games.global_state import ExternalGlobals
from environments.external.guard import Guard
from environments.external.world import in_processes
from environments.simulation.seating import Seating
from environments.system.errors import UserError
from environments.wrappers.frame_stack_vec_env import FrameStackVecEnv
from environments.wrappers.gym_env import GymEnv
from environments.wrappers.gym_vector_env import GymVectorEnv
from environments.wrappers.pettingzoo_env import parallel_env
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.short_games import HORIZON, short_batch
from tests.support.sameness import same

WAYS = {"pickled": lambda face: pickle.loads(pickle.dumps(face)), "copied": copy.deepcopy}
each_way = pytest.mark.parametrize("way", WAYS)
each_world = pytest.mark.parametrize("world_id", WORLDS)
MODULE = "tests.environments.support.uncopied"
CORRIDOR = "tests.environments.support.foreign_toys:Corridor"
DRAWER = "tests.environments.support.brusque:Drawer"


def play_gym(face, steps):
    told = []
    for _ in range(steps):
        told.append(face.step(face.action_space.sample()))
        if any(np.ravel(told[-1][2] | told[-1][3])) and isinstance(face, gymnasium.Env):
            told.append(face.reset())
    return told


def play_parallel(face, steps):
    told = []
    for _ in range(steps):
        told.append(face.step({name: face.action_space(name).sample() for name in face.agents}))
        if not face.agents:
            told.append(face.reset())
    return told


def play_turns(face, steps):
    told = []
    for _ in range(steps):
        told.append(face.last())
        over = told[-1][2] or told[-1][3]
        face.step(None if over else face.action_space(face.agent_selection).sample())
        if not face.agents:
            face.reset()
    return told


def play_sb3(face, steps):
    told = []
    for _ in range(steps):
        action = np.stack([face.action_space.sample() for _ in range(face.num_envs)])
        seen, reward, done, infos = face.step(action)
        for info in infos:
            info.get("episode", {}).pop("t", None)  # the time of day
        told.append((seen.copy(), reward.copy(), done.copy(), infos))
    return told


def vector(mode):
    return lambda world_id: GymVectorEnv(world_id, 3, horizon=HORIZON, autoreset_mode=mode)


def sb3(world_id):
    return Sb3VecEnv(Seating(short_batch(world_id, 3), "alternate"))


FACES = {
    "gymnasium": (lambda world_id: gymnasium.make(world_id, horizon=HORIZON), play_gym),
    "vector, next step": (vector("NextStep"), play_gym),
    "vector, same step": (vector("SameStep"), play_gym),
    "parallel": (lambda world_id: parallel_env(world_id, horizon=HORIZON), play_parallel),
    "turns": (lambda w: parallel_to_aec(parallel_env(w, horizon=HORIZON)), play_turns),
    "sb3": (sb3, play_sb3),
    "sb3, stacked": (lambda world_id: FrameStackVecEnv(sb3(world_id), 3), play_sb3),
}


def begin(face):
    """Seed a face and the actions that are drawn from its spaces."""
    if isinstance(face, Sb3VecEnv | FrameStackVecEnv):
        face.seed(4)
        face.reset()
    else:
        face.reset(seed=4)
    if callable(face.action_space):
        for agent in face.possible_agents:
            face.action_space(agent).seed(4)
    else:
        face.action_space.seed(4)


@each_way
@each_world
@pytest.mark.parametrize("kind", FACES)
def test_a_copy_goes_on_from_the_same_step(world_id, kind, way):
    make, play = FACES[kind]
    face = make(world_id)
    begin(face)
    # As many steps as end a game: in the next one a vector of the mode "next step" begins it anew.
    play(face, HORIZON * (len(make_world(world_id).agents) if kind == "turns" else 1))
    other = WAYS[way](face)
    ahead = play(other, 2 * HORIZON)  # first, so that it cannot follow what it was copied from
    assert same(play(face, 2 * HORIZON), ahead)
    assert same(play(WAYS[way](other), 5), play(face, 5))


@each_way
def test_a_shield_and_a_partner_go_on_too(way):
    shielded = GymVectorEnv("gpo/Courier-v0", 3, shield=True)
    begin(shielded)
    play_gym(shielded, 20)
    guarded = WAYS[way](shielded)
    assert same(play_gym(shielded, 30), play_gym(guarded, 30))
    batches: Any = shielded.seating.batch, guarded.seating.batch
    assert np.array_equal(*(batch.interventions for batch in batches))
    world = make_world("gpo/Kitchen-v0")
    face = GymEnv(world, partner=RandomPlayer(world.action_space, seed=3))
    begin(face)
    other = WAYS[way](face)
    assert same(play_gym(face, 30), play_gym(other, 30))


@each_way
def test_a_copy_of_a_potential_term_goes_on(way):
    batch = make_batch("gpo/Courier-v0", 2, seed=3, discount=0.9)
    assert batch.world.potentials
    moves = [np.full((2, 1, *batch.actions.shape[2:]), 0.5, np.float32) for _ in range(9)]
    batch.step(moves[0])
    other = WAYS[way](batch)
    for move in moves:
        other.step(move)
        batch.step(move)
        assert np.array_equal(batch.terms, other.terms)
        assert np.array_equal(batch.reward, other.reward)


def test_a_copied_world_is_the_same_and_a_pickled_one_has_its_fingerprint():
    world = make_world("gpo/Kitchen-v0", layout="counter_circuit")
    assert copy.deepcopy(world) is world
    assert world.kernels  # bound, which nothing can pickle
    assert pickle.loads(pickle.dumps(world)).describe() == world.describe()


def test_a_window_is_not_copied(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    for face in (GymEnv("gpo/Balance-v0", render_mode="human"), None):
        shown = face or parallel_env("gpo/Balance-v0", render_mode="human")
        shown.reset(seed=0)
        other = copy.deepcopy(shown)
        assert other._window is None
        assert shown._window is not None
        shown.close()


def test_what_was_pickled_goes_on_in_another_process():
    face = GymVectorEnv("gpo/Kitchen-v0", 3, horizon=HORIZON, autoreset_mode="NextStep")
    begin(face)
    play_gym(face, HORIZON)
    code = (
        "import pickle, sys; from tests.environments.wrappers.test_copies import play_gym\n"
        "face = pickle.load(sys.stdin.buffer); sys.stdout.buffer.write(pickle.dumps(play_gym(face, 30)))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(face), capture_output=True, check=True
    )
    assert same(pickle.loads(there.stdout), play_gym(face, 30))


# ------------------------------------------------------------------ other people's environments


@each_way
@pytest.mark.parametrize("world_id", ["CartPole-v1", "Pendulum-v1", CORRIDOR, DRAWER])
def test_a_strangers_game_goes_on_from_the_same_step(world_id, way):
    for make in (GymEnv, lambda world: GymVectorEnv(world, 2, autoreset_mode="NextStep")):
        face = make(make_world(world_id))
        begin(face)
        play_gym(face, 12)
        other = WAYS[way](face)
        ahead = play_gym(other, 30)
        assert same(play_gym(face, 30), ahead)


@each_way
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Locked", r"cannot be copied or pickled: .*TypeError.*lock"),
        ("Quitting", r"cannot be copied or pickled: .*SystemExit"),
        ("Forgetful", r"cannot be copied in the middle of a game: .*EzPickle"),
    ],
)
def test_one_that_cannot_be_copied_says_so_in_one_sentence(name, says, way):
    for kind in (GymEnv, Sb3VecEnv):
        world = make_world(f"{MODULE}:{name}")
        face = GymEnv(world) if kind is GymEnv else Sb3VecEnv(Seating(make_batch(world, 2)))
        face.reset()
        with pytest.raises(UserError, match=says) as caught:
            WAYS[way](face)
        assert f"'{MODULE}:{name}'" in str(caught.value)
        assert "\n" not in str(caught.value)
        face.step(face.action_space.sample() if kind is GymEnv else np.zeros((2, 2), int))


def test_a_wrapped_one_that_would_begin_anew_is_found():
    gymnasium.register("Forgetful-v0", f"{MODULE}:Forgetful", max_episode_steps=9)
    try:
        face = GymEnv("Forgetful-v0")
        with pytest.raises(UserError, match="EzPickle"):
            copy.deepcopy(face)
    finally:
        gymnasium.registry.pop("Forgetful-v0")


@pytest.mark.parametrize("world_id", ["LunarLander-v3", "classic/rps_v2"])
def test_published_ones_that_would_begin_anew_are_found(world_id):
    batch = make_batch(world_id, 2)
    for way in WAYS.values():
        with pytest.raises(UserError, match=f"'{world_id}' cannot be copied .*EzPickle"):
            way(batch)


def test_one_that_can_be_copied_but_not_pickled_is_copied():
    face = GymEnv(f"{MODULE}:Local")
    begin(face)
    other = copy.deepcopy(face)
    assert same(play_gym(face, 10), play_gym(other, 10))
    with pytest.raises(UserError, match="cannot be copied or pickled: it raised"):
        pickle.dumps(face)


@each_way
def test_games_in_processes_of_their_own_are_not_copied(way):
    face = GymEnv(in_processes(make_world("CartPole-v1"), 1))
    try:
        with pytest.raises(UserError, match="processes of their own"):
            WAYS[way](face)
    finally:
        face.close()


@each_way
def test_generators_of_strangers_are_copied(way):
    theirs = ExternalGlobals(3)
    with theirs:
        np.random.normal(size=3)  # noqa: NPY002  what is tested
    other = WAYS[way](theirs)
    with other:
        ahead = np.random.random(4)  # noqa: NPY002
    with theirs:
        assert np.array_equal(np.random.random(4), ahead)  # noqa: NPY002


def test_a_copied_guard_has_its_limits_and_no_listener():
    guard = Guard(3, 5.0)
    guard.listeners.append(lambda incident: None)
    other = copy.deepcopy(guard)
    assert (other.quota, other.refill, other.listeners) == (3, 5.0, [])
