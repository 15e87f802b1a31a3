"""HDF5 files of robomimic and robosuite, as others write them and as we do."""

import json
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import numpy as np
import pytest
from gymnasium import spaces

from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.exchange.formats import export, import_from
from demos.data.inspection.replay_score import replay_score
from environments.catalog import make_world
from environments.external.states.state_access import FLATTENED, START, numbers
from environments.external.trial.trial import try_here
from environments.system.errors import UserError

HERE = "tests.demos.data.exchange.test_robomimic"
STEPS = 7


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


class Block(gymnasium.Env):
    """A block that is pushed, in a simulator of time, position and velocity."""

    observation_space = spaces.Dict(
        {"object": spaces.Box(-99, 99, (1,)), "robot0_eef_pos": spaces.Box(-99, 99, (1,))}
    )
    action_space = spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.row = np.array([0, *self.np_random.uniform(-1, 1, 2)])
        return self._get_obs(), {}

    def step(self, action):
        time, at, speed = self.row
        speed += float(np.asarray(action)[0])
        self.row = np.array([time + 0.1, at + 0.1 * speed, speed])
        return self._get_obs(), -abs(at), False, False, {}

    def _get_obs(self):
        return {"object": np.float32(self.row[1:2]), "robot0_eef_pos": np.float32(self.row[2:])}

    def get_state(self):
        return {FLATTENED: self.row}

    def set_state(self, state):
        self.row = numbers(state, FLATTENED, (3,))


class Sealed(Block):
    """The same, whose state nobody can set."""

    get_state = set_state = None  # type: ignore[assignment]


def demonstrations(path: Path, *, seen: bool = True, after: bool = True, episodes: int = 2) -> Path:
    """A file as robomimic's collectors write it; without `seen` as robosuite's own, states alone."""
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps({"env_name": "PushBlock", "type": 1, "env_kwargs": {}})
        for k in range(episodes):
            group, env = data.create_group(f"demo_{k + 1}"), Block()
            rows, states = [env.reset(seed=k)[0]], [env.row.copy()]
            actions = np.random.default_rng(k).uniform(-1, 1, (STEPS, 1))
            rewards = []
            for action in actions.astype(np.float32):
                shown, reward, *_ = env.step(action)
                rows.append(shown)
                states.append(env.row.copy())
                rewards.append(reward)
            group["actions"], group["states"] = actions, np.stack(states[:-1])
            group.attrs["model_file"] = "<mujoco/>"
            if not seen:
                continue
            group["rewards"] = np.array(rewards)
            group["dones"] = np.eye(1, STEPS, STEPS - 1, dtype=int)[0]
            for name in rows[0]:
                group[f"obs/{name}"] = np.stack([row[name] for row in rows[:-1]])
                if after:
                    group[f"next_obs/{name}"] = np.stack([row[name] for row in rows[1:]])
            group["obs/camera_image"] = np.zeros((STEPS, 4, 4, 3), np.uint8)
            if after:
                group["next_obs/camera_image"] = np.zeros((STEPS, 4, 4, 3), np.uint8)
    return path


def test_a_file_of_robomimic_is_read_with_its_states(tmp_path):
    store, path = Store(tmp_path / "d"), demonstrations(tmp_path / "low_dim.hdf5")
    told = import_from(store, "robomimic", path, "push", world=f"{HERE}:Block")
    assert "2 episodes" in told
    assert "seeds; the XML of the model, which is not loaded; the observation camera_image" in told
    assert "last action" not in told
    dataset = store.open("push")
    first = dataset.load(0)
    assert len(first) == STEPS
    assert first.terminated
    with h5py.File(path) as file:
        state = file["data/demo_1/states"][0].tolist()
        np.testing.assert_array_equal(
            first.observations[:-1, 1], file["data/demo_1/obs/robot0_eef_pos"][:, 0]
        )
    assert first.options == {START: {FLATTENED: state}}
    score = replay_score(dataset)
    assert [one.worst < 1e-4 for one in score.episodes] == [True, True]


def test_without_next_obs_the_last_action_is_left_out(tmp_path):
    store, path = Store(tmp_path / "d"), demonstrations(tmp_path / "raw.hdf5", after=False)
    told = import_from(store, "robomimic", path, "push", world=f"{HERE}:Block")
    assert "the last action of each episode" in told
    assert len(store.open("push").load(1)) == STEPS - 1
    assert store.open("push").load(1).truncated


def test_what_was_seen_is_had_from_states_alone(tmp_path):
    store, path = Store(tmp_path / "d"), demonstrations(tmp_path / "demo.hdf5", seen=False)
    whole = demonstrations(tmp_path / "low_dim.hdf5")
    told = import_from(store, "robomimic", path, "push", world=f"{HERE}:Block", zeros=True)
    assert "rewards" in told
    with h5py.File(whole) as file:
        np.testing.assert_array_equal(
            store.open("push").load(0).observations[:, 0], file["data/demo_1/obs/object"][:, 0]
        )
    assert all(one.worst < 1e-4 for one in replay_score(store.open("push")).episodes)


@pytest.mark.parametrize(
    ("world", "why"),
    [
        (f"{HERE}:Sealed", r"Episode 0 of demo.hdf5 holds no observations, .* offers no get_state"),
        ("MountainCar-v0", "the state has no state"),
        ("gpo/Balance-v0", "holds states of a simulator, which gpo/Balance-v0 is none of"),
        (None, "says only that it was recorded in 'PushBlock': say it with --world"),
    ],
)
def test_states_that_cannot_be_set_are_refused_in_a_sentence(tmp_path, world, why):
    store, path = Store(tmp_path / "d"), demonstrations(tmp_path / "demo.hdf5", seen=False)
    with pytest.raises(UserError, match=why):
        import_from(store, "robomimic", path, "push", world=world, zeros=True)
    assert store.names() == []


def test_what_goes_out_is_as_robomimic_has_it(tmp_path):
    store = Store(tmp_path / "d")
    world = make_world(f"{HERE}:Block")
    collect(
        store, "push", world, [RandomPlayer(world.action_space, 0)], 2, options={"horizon": STEPS}
    )
    export(store, "push", "robomimic", tmp_path / "out.hdf5")
    with h5py.File(tmp_path / "out.hdf5") as file:
        data, one = file["data"], store.open("push").load(1)
        assert data.attrs["total"] == 2 * STEPS
        assert json.loads(data.attrs["env_args"])["env_name"] == f"{HERE}:Block"
        group = data["demo_1"]
        assert group.attrs["num_samples"] == STEPS
        np.testing.assert_array_equal(group["actions"], one.actions)
        np.testing.assert_array_equal(group["obs/object"][:, 0], one.observations[:-1, 0])
        np.testing.assert_array_equal(group["next_obs/object"][:, 0], one.observations[1:, 0])
        assert group["dones"][()].tolist() == [0] * STEPS


def linked(file: Any, path: Path) -> None:
    other = path.with_name("other.hdf5")
    with h5py.File(other, "w") as there:
        there["secret"] = np.zeros((STEPS, 1))
    file["data/demo_1/obs/stolen"] = h5py.ExternalLink(str(other), "secret")


def soft(file: Any, path: Path) -> None:
    file["data/demo_1/obs/stolen"] = h5py.SoftLink("/data/demo_2/actions")


def outside(file: Any, path: Path) -> None:
    path.with_name("raw.bin").write_bytes(bytes(8 * STEPS))
    there = [(str(path.with_name("raw.bin")), 0, 8 * STEPS)]
    file["data/demo_1"].create_dataset("obs/stolen", (STEPS,), "f8", external=there)


def huge(file: Any, path: Path) -> None:
    file["data/demo_1"].create_dataset("obs/huge", (10**12,), "f8", chunks=(1000,))


def objects(file: Any, path: Path) -> None:
    file["data/demo_1"].create_dataset("obs/refs", (3,), h5py.ref_dtype)


def short(file: Any, path: Path) -> None:
    del file["data/demo_1/rewards"]
    file["data/demo_1/rewards"] = np.zeros(3)


def empty(file: Any, path: Path) -> None:
    for name in list(file["data"]):
        del file["data"][name]


@pytest.mark.battery("files: imports (LeRobot, robomimic, zarr)")
@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (linked, "is an external link, and links are not followed"),
        (soft, "is a soft link"),
        (outside, "keeps its numbers in another file"),
        (huge, "has 0 bytes|goes beyond|cannot hold"),
        (objects, "holds references"),
        (short, "demo_1 has 3 rewards for 7 actions"),
        (empty, "holds no episodes"),
    ],
)
def test_a_file_that_leads_elsewhere_or_lies_is_refused(tmp_path, damage, sentence):
    store, path = Store(tmp_path / "d"), demonstrations(tmp_path / "low_dim.hdf5")
    with h5py.File(path, "r+") as file:
        damage(file, path)
    with pytest.raises(UserError, match=sentence):
        import_from(store, "robomimic", path, "push", world=f"{HERE}:Block")
    assert store.names() == []


def test_what_is_no_hdf5_is_refused(tmp_path):
    (tmp_path / "demo.hdf5").write_bytes(b"no such file")
    with pytest.raises(UserError, match="cannot be read as an HDF5 file of robomimic"):
        import_from(Store(tmp_path / "d"), "robomimic", tmp_path / "demo.hdf5", "push")
