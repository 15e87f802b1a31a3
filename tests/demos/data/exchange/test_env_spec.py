"""The environment of a minari dataset: written so that minari makes it, read as data."""

import json
from pathlib import Path
from typing import Any

import gymnasium
import minari
import pytest

from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.exchange.formats import export, import_from
from demos.data.exchange.minari.env_spec import read_env_spec
from environments.catalog import make_world
from environments.external.trial.trial import try_here
from environments.system.errors import UserError

HERE = "tests.environments.external.test_states"


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


def exported(tmp_path: Path, world_id: str, **params: Any) -> tuple[Store, Path]:
    store, world = Store(tmp_path / "d"), make_world(world_id, **params)
    player = RandomPlayer(world.action_space, 0)
    collect(store, "x", world, [player], 2, options={"horizon": 9})
    export(store, "x", "minari", tmp_path / "out")
    return store, tmp_path / "out"


def spec_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        json.loads((folder / "data" / "metadata.json").read_text())["env_spec"]
    )
    return found


def strangers(folder: Path, **spec: Any) -> Path:
    """The folder as others write it, without what only we note."""
    path = folder / "data" / "metadata.json"
    told = json.loads(path.read_text())
    del told["gpo"]
    told["env_spec"] = json.dumps({**json.loads(told["env_spec"]), **spec})
    path.write_text(json.dumps(told))
    for sums in (folder / "data").rglob("_checksum.json"):
        sums.unlink()
    return folder


@pytest.mark.parametrize(
    ("world", "params"),
    [
        ("CartPole-v1", {"max_episode_steps": 77, "sutton_barto_reward": True}),
        ("gymnasium:CartPole-v1", {}),
        (f"{HERE}:Point", {"shown": False}),
    ],
)
def test_minari_recovers_the_environment(tmp_path, world, params):
    _, folder = exported(tmp_path, world, **params)
    env: Any = minari.MinariDataset(folder / "data").recover_environment()
    assert env.reset(seed=0)[0].shape == make_world(world, **params).observation_space.shape
    if "max_episode_steps" in params:
        assert env.spec.max_episode_steps == 77
        assert env.unwrapped._sutton_barto_reward
    if "shown" in params:
        assert env.unwrapped.shown is False


def test_a_dataset_without_a_world_is_of_what_its_spec_names(tmp_path):
    store, folder = exported(tmp_path, "CartPole-v1", max_episode_steps=77)
    told = import_from(store, "minari", strangers(folder), "again")
    assert "of CartPole-v1 imported" in told
    assert make_world("CartPole-v1", max_episode_steps=77).horizon == 77
    assert store.open("again").facts["world_description"]["params"] == {"max_episode_steps": "77"}


def test_wrappers_are_told_and_not_made(tmp_path):
    wrapper = {"name": "Evil", "entry_point": "os:system", "kwargs": {}}
    store, folder = exported(tmp_path, "CartPole-v1")
    told = import_from(store, "minari", strangers(folder, additional_wrappers=[wrapper]), "again")
    assert "the wrappers 'Evil' of the environment, which are not made" in told


@pytest.mark.battery("files: imports (LeRobot, robomimic, zarr)")
@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"id": "Mine-v0", "entry_point": "os:getcwd"}, "no installed package registers"),
        ({"id": "os:getcwd"}, "the code of 'os' would be run"),
        ({"id": 3}, "names no id"),
        ({"kwargs": {"no_such": 1}}, "has no parameter 'no_such'"),
        ({"kwargs": {"sutton_barto_reward": {"a": {"b": [1] * 9000}}}}, "parameter"),
    ],
)
def test_what_a_spec_names_is_not_run(tmp_path, spec, sentence):
    store, folder = exported(tmp_path, "CartPole-v1")
    with pytest.raises(UserError, match=sentence):
        import_from(store, "minari", strangers(folder, **spec), "again")
    assert store.names() == ["x"]


def test_a_spec_that_is_none_is_refused():
    assert read_env_spec({}) == ({}, [])
    for text in (3, "x" * 2**21, "[]", "{"):
        with pytest.raises(ValueError, match=r"."):
            read_env_spec({"env_spec": text})


def test_the_limit_is_taken_only_where_it_is_another_one():
    spec = json.loads(gymnasium.spec("CartPole-v1").to_json())
    assert read_env_spec({"env_spec": json.dumps(spec)})[0]["params"] == {}
    spec["max_episode_steps"] = 20
    found, _ = read_env_spec({"env_spec": json.dumps(spec)})
    assert found == {"id": "CartPole-v1", "params": {"max_episode_steps": 20}}
