"""States of environments of others: set in the middle of a reset, and read again."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.wrappers import FrameStackObservation, RescaleAction, TimeAwareObservation

from environments.catalog import make_batch, make_world
from environments.external.batch import external_batch
from environments.external.states.registry import put, reset_to, state_access, state_of
from environments.external.states.state_access import START, InvalidState, numbers, plain
from environments.external.trial.trial import try_here
from environments.system.errors import UserError

HERE = "tests.environments.external.test_states"


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


class Point(gymnasium.Env):
    """A point that drifts; it offers its state."""

    observation_space = spaces.Box(-9, 9, (2,), np.float32)
    action_space = spaces.Box(-1, 1, (2,), np.float32)

    def __init__(self, shown: bool = True):
        self.shown = shown

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = self.np_random.uniform(-1, 1, 2)
        self.asked = options
        return self._get_obs(), {}

    def step(self, action):
        self.at = np.clip(self.at + 0.1 * np.asarray(action), -9, 9)
        return self._get_obs(), 0.0, False, False, {}

    def _get_obs(self):
        return self.at.astype(np.float32)

    def get_state(self):
        return {"at": self.at, "note": ("x", 1)}

    def set_state(self, state):
        self.at = numbers(state, "at", (2,)).copy()
        return self._get_obs() if self.shown else None


class Closed(Point):
    """One whose state nobody can set."""

    get_state = set_state = None  # type: ignore[assignment]


def open_env(kind: str) -> Any:
    if kind == "Point":
        return gymnasium.wrappers.TimeLimit(Point(), 50)
    return gymnasium.make(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "Point",
        "CartPole-v1",
        "MountainCar-v0",
        "MountainCarContinuous-v0",
        "Pendulum-v1",
        "Acrobot-v1",
    ],
)
def test_a_game_goes_on_from_its_state(kind):
    first, second = open_env(kind), open_env(kind)
    first.reset(seed=3)
    first.action_space.seed(0)
    actions = [first.action_space.sample() for _ in range(9)]
    for action in actions[:5]:
        seen = first.step(action)[0]
    shown, _ = reset_to(second, state_of(first, kind), 4, None)
    np.testing.assert_array_equal(shown, seen)
    assert shown.dtype == seen.dtype
    for action in actions[5:]:
        ours, theirs = second.step(action), first.step(action)
        np.testing.assert_array_equal(ours[0], theirs[0])
        assert ours[1:4] == theirs[1:4]


def test_wrappers_begin_with_the_state():
    env: Any = FrameStackObservation(
        TimeAwareObservation(RescaleAction(open_env("Point"), np.float32(0), np.float32(1))), 3
    )
    seen, _ = reset_to(env, {"at": [0.5, -0.5]}, 0, {"level": 2})
    np.testing.assert_array_equal(seen[-1, :2], np.array([0.5, -0.5], np.float32))
    assert env.unwrapped.asked == {"level": 2}
    again, _ = env.reset(seed=0)  # the next reset is the environment's own
    assert not np.array_equal(again[-1, :2], [0.5, -0.5])


@pytest.mark.parametrize("shown", [True, False])
def test_a_batch_begins_and_reads_states(shown):
    batch: Any = make_batch(make_world(f"{HERE}:Point", shown=shown), 2, restart=False)
    batch.reset(seed=1, options=[{START: {"at": [1.0, 2.0]}}, {}])
    np.testing.assert_array_equal(batch.observation[0, 0], [1, 2])
    assert np.abs(batch.observation[1, 0]).max() <= 1
    assert batch.read_state(0) == {"at": [1.0, 2.0], "note": ["x", 1]}


class Always:
    """Starts that a test can tell."""

    def draw(self, seed, episode):
        return {"at": [float(seed), float(episode)]}


def test_the_episodes_of_a_batch_begin_where_its_starts_say():
    batch: Any = make_batch(make_world(f"{HERE}:Point"), 2, options={"horizon": 2})
    batch.starts = Always()
    batch.reset(seed=3)
    np.testing.assert_array_equal(batch.observation[:, 0], [[3, 0], [4, 0]])
    for _ in range(2):
        batch.step(np.zeros((2, 1, 2), np.float32))
    np.testing.assert_array_equal(batch.observation[:, 0], [[3, 1], [4, 1]])


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({}, "the state has no at"),
        ({"at": [1.0]}, r"have the shape \[1\], and need \[2\]"),
        ({"at": ["x", "y"]}, "are no numbers"),
        ({"at": [1.0, float("inf")]}, "are not finite"),
        ([1.0, 2.0], "it is no table"),
    ],
)
def test_what_is_no_state_is_refused_at_once(state, why):
    batch: Any = make_batch(make_world(f"{HERE}:Point"), 1)
    with pytest.raises(UserError, match=f"cannot begin in a recorded state: .*{why}"):
        batch.reset(seed=0, options=[{START: state}])
    assert not batch.incidents


def test_an_environment_without_states_says_what_it_would_have_to_offer():
    world = make_world(f"{HERE}:Closed")
    with pytest.raises(UserError, match=r"it offers no get_state\(\) and set_state\(state\)"):
        make_batch(world, 1).reset(seed=0, options=[{START: {"at": [0.0, 0.0]}}])
    with pytest.raises(UserError, match="cannot be read"):
        external_batch(f"{HERE}:Closed").read_state()
    with pytest.raises(InvalidState):
        state_access(Closed())


def test_states_are_plain_values():
    assert plain({"a": np.float32(2), "b": (np.arange(2), None)}) == {"a": 2.0, "b": [[0, 1], None]}
    with pytest.raises(InvalidState, match="holds a object"):
        plain({"a": object()})


class Arm:
    """As Gymnasium's MuJoCo environments look."""

    class Data:
        qpos, qvel = np.zeros(3), np.zeros(2)

    def __init__(self):
        self.data = self.Data()

    def reset(self, *, seed=None, options=None):
        return np.zeros(5), {}

    def set_state(self, qpos, qvel):
        self.data.qpos, self.data.qvel = qpos, qvel

    def _get_obs(self):
        return np.concatenate([self.data.qpos, self.data.qvel])


def test_positions_and_velocities_of_mujoco_come_apart_or_flattened():
    env = Arm()
    seen, _ = reset_to(env, {"qpos": [1, 2, 3], "qvel": [4, 5]}, 0, None)
    np.testing.assert_array_equal(seen, [1, 2, 3, 4, 5])
    assert state_of(env, "Arm") == {"qpos": [1, 2, 3], "qvel": [4, 5]}
    seen, _ = reset_to(env, {"flattened": [0.3, 3, 2, 1, 5, 4]}, 0, None)  # with the time before
    np.testing.assert_array_equal(seen, [3, 2, 1, 5, 4])
    with pytest.raises(InvalidState, match="holds 4 numbers, and the environment has 3 positions"):
        reset_to(env, {"flattened": [1, 2, 3, 4]}, 0, None)


class Hand(Arm):
    """As Adroit's hands look."""

    def __init__(self):
        super().__init__()
        self.door = np.ones(1)

    def get_env_state(self):
        return {"qpos": self.data.qpos, "qvel": self.data.qvel, "door": self.door}

    def set_env_state(self, state):
        self.data.qpos, self.data.qvel, self.door = (state[n] for n in ("qpos", "qvel", "door"))


def test_what_a_state_of_adroit_leaves_out_is_as_the_reset_made_it():
    env = Hand()
    reset_to(env, {"qpos": [1, 2, 3], "qvel": [4, 5]}, 0, None)
    assert state_of(env, "Hand") == {"qpos": [1, 2, 3], "qvel": [4, 5], "door": [1]}
    reset_to(env, {"qpos": [1, 2, 3], "qvel": [4, 5], "door": [7], "stranger": [1]}, 0, None)
    assert state_of(env, "Hand")["door"] == [7]
    with pytest.raises(InvalidState, match="no qpos and qvel"):
        reset_to(env, {"door": [7]}, 0, None)


class Robosuite:
    """As robosuite's GymWrapper looks."""

    class Sim:
        row = np.zeros(4)

        def get_state(self):
            return self

        def flatten(self):
            return self.row

        def set_state_from_flattened(self, row):
            self.row = row

        def forward(self):
            self.moved = True

    class Controller:
        joint_pos, goal = np.ones(2), None

        def update(self, force=False):
            self.updated = force

        def update_initial_joints(self, joints):
            self.rest = joints

        def reset_goal(self):
            self.goal = "here"

    def __init__(self):
        self.sim, self.env, self.controller = self.Sim(), self, self.Controller()
        self.robots = [self]

    def reset(self, *, seed=None, options=None):
        return self.sim.row, {}

    def _get_observations(self, force_update=False):
        return {"row": self.sim.row}

    def _flatten_obs(self, seen):
        return seen["row"] if self.sim.moved else None


def test_states_of_robosuite_are_flattened():
    env = Robosuite()
    seen, _ = reset_to(env, {"flattened": [0, 1, 2, 3]}, 0, None)
    np.testing.assert_array_equal(seen, [0, 1, 2, 3])
    assert state_of(env, "Lift") == {"flattened": [0, 1, 2, 3]}
    assert env.controller.updated
    assert env.controller.goal == "here"  # not what was wanted before the state was set
    with pytest.raises(InvalidState, match=r"have the shape \[2\], and need \[4\]"):
        reset_to(env, {"flattened": [0, 1]}, 0, None)


def test_a_state_is_shown_without_a_reset_unless_a_wrapper_would_change_it():
    env: Any = open_env("Point")
    env.reset(seed=0, options={"level": 1})
    np.testing.assert_array_equal(put(env, {"at": [2, 3]}), [2, 3])
    assert env.unwrapped.asked == {"level": 1}
    wrapped: Any = TimeAwareObservation(env)
    wrapped.reset(seed=0)
    np.testing.assert_array_equal(put(wrapped, {"at": [2, 3]})[:2], [2, 3])


def test_states_of_games_in_processes_are_refused():
    world: Any = make_world(f"{HERE}:Point")
    batch: Any = make_batch(world.with_workers(1), 1)
    try:
        for ask in (batch.read_state, lambda: batch.show_state({"at": [0, 0]})):
            with pytest.raises(UserError, match="leave out `workers`"):
                ask()
    finally:
        batch.close()
