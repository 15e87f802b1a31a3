"""Observations of several parts on their way out and in: dicts, cameras, masks, nested dicts."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import minari
import numpy as np
import pytest
from gymnasium import spaces
from minari.data_collector import EpisodeBuffer

from agents.players.player import RandomPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.exchange.formats import export, import_from
from demos.data.exchange.named_parts import (
    nested_from_parts,
    parts_from_nested,
    parts_from_rows,
    rows_from_parts,
)
from demos.data.exchange.registry import KINDS
from environments.catalog import make_world
from environments.external.trial.trial import try_here
from environments.simulation.observation_parts import Part, parts_of_space
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import assert_same, everything_below
from tests.environments.support.sense_toys import SENSES, Senses

HERE = "tests.demos.data.exchange.test_named_parts"
CAMERA = spaces.Box(0, 255, (4, 6, 3), np.uint8)
SPACES: dict[str, spaces.Space[Any]] = {
    "box": spaces.Box(-1, 1, (2, 3), np.float32),
    "box64": spaces.Box(-1, 1, (3,), np.float64),
    "picture": CAMERA,
    "discrete": spaces.Discrete(5, start=2),
    "multi-discrete": spaces.MultiDiscrete([2, 4]),
    "dict": spaces.Dict({"camera": CAMERA, "gauge": spaces.Box(-1, 1, (2,))}),
    "vectors": spaces.Dict({"speed": spaces.Box(-1, 1, (2,)), "gear": spaces.Discrete(3)}),
    "nested": spaces.Dict(
        {
            "arm": spaces.Dict({"camera": CAMERA, "joints": spaces.Box(-1, 1, (2, 2), np.float64)}),
            "goal": spaces.Tuple((spaces.Discrete(3, start=1), spaces.MultiBinary(2))),
        }
    ),
}
ACTIONS: dict[str, spaces.Space[Any]] = {
    "discrete": spaces.Discrete(3, start=1),
    "multi-discrete": spaces.MultiDiscrete([2, 3], start=[1, 0]),
    "multi-binary": spaces.MultiBinary(3),
    "box": spaces.Box(-1, 1, (2,), np.float32),
    "dict": spaces.Dict({"steer": spaces.Discrete(3)}),
}


@pytest.fixture(autouse=True)
def _tried_in_this_process(monkeypatch):
    """A process of its own for each look at the room would take most of the time of these tests."""
    monkeypatch.setattr("environments.external.description.try_once", try_here)


class Room(gymnasium.Env):
    """Shows what its observation space samples, whatever is done; an episode has four steps."""

    def __init__(self, seen: str = "dict", actions: str = "discrete", mask: bool = False):
        self.observation_space = copy.deepcopy(SPACES[seen])  # each game samples by itself
        self.action_space = ACTIONS[actions]
        self.masked = mask

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.steps = 0
        return self.observation_space.sample(), self._info()

    def step(self, action):
        self.steps += 1
        seen = self.observation_space.sample()
        return seen, float(self.steps), self.steps == 4, False, self._info()

    def _info(self):
        return {"action_mask": np.array([1, 1, self.np_random.integers(2)])} if self.masked else {}


def recorded(tmp_path: Path, **params: Any) -> Store:
    store = Store(tmp_path / "datasets")
    world = make_world(f"{HERE}:Room", **params)
    collect(store, "room", world, [RandomPlayer(world.action_space, 0)], 2)
    return store


def by_hand(space: Any, seed: int) -> list[Any]:
    """What the room showed in the game of a seed."""
    space = copy.deepcopy(space)
    space.seed(seed)
    return [space.sample() for _ in range(5)]


def same(left: Any, right: Any) -> bool:
    """Whether two nested observations are equal, to the type."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    a, b = np.asarray(left), np.asarray(right)
    kept = np.float32 if b.dtype == np.float64 else b.dtype  # what a dataset has room for
    return (
        a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a.astype(kept), b.astype(kept))
    )


def row(seen: Any, k: int) -> Any:
    if isinstance(seen, dict):
        return {name: row(part, k) for name, part in seen.items()}
    return tuple(row(part, k) for part in seen) if isinstance(seen, tuple) else seen[k]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seen", SPACES)
def test_every_kind_of_observation_comes_back_as_it_was(tmp_path, kind, seen):
    store = recorded(tmp_path, seen=seen)
    export(store, "room", kind, tmp_path / "out")
    import_from(store, kind, tmp_path / "out", "again")
    before, after = store.open("room"), store.open("again")
    assert before.facts["observation_space"] == after.facts["observation_space"]
    for old, new in zip(before.load_all(), after.load_all(), strict=True):
        assert_same(new, old)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("actions", [name for name in ACTIONS if name != "dict"])
def test_every_kind_of_action_comes_back_as_it_was(tmp_path, kind, actions):
    store = recorded(tmp_path, seen="nested", actions=actions)
    export(store, "room", kind, tmp_path / "out")
    import_from(store, kind, tmp_path / "out", "again")
    for old, new in zip(store.open("room").load_all(), store.open("again").load_all(), strict=True):
        assert_same(new, old)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seen", ["box", "dict"])
def test_an_action_mask_comes_back_as_it_was(tmp_path, kind, seen):
    store = recorded(tmp_path, seen=seen, mask=True)
    assert any((e.observations[:, -1] == 0).any() for e in store.open("room").load_all())
    export(store, "room", kind, tmp_path / "out")
    import_from(store, kind, tmp_path / "out", "again")
    for old, new in zip(store.open("room").load_all(), store.open("again").load_all(), strict=True):
        assert_same(new, old)


@pytest.mark.parametrize("seen", ["discrete", "dict", "vectors", "nested"])
def test_minari_sees_what_the_environment_showed(tmp_path, seen):
    store = recorded(tmp_path, seen=seen)
    export(store, "room", "minari", tmp_path / "out")
    opened = minari.MinariDataset(tmp_path / "out" / "data")
    assert opened.observation_space == SPACES[seen]
    assert (opened.total_episodes, opened.total_steps) == (2, 8)
    for seed, episode in enumerate(opened):
        for k, wanted in enumerate(by_hand(SPACES[seen], seed)):
            assert same(row(episode.observations, k), wanted)


def test_an_npz_holds_the_parts_by_name(tmp_path):
    store = recorded(tmp_path, seen="dict", mask=True)
    export(store, "room", "npz", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        assert file["observations/camera"].shape == (8, 4, 6, 3)
        assert file["observations/camera"].dtype == np.uint8
        assert file["final_observations/gauge"].shape == (2, 2)
        assert file["observations/action_mask"].shape == (8, 3)
        wanted = by_hand(SPACES["dict"], 1)[0]
        np.testing.assert_array_equal(file["observations/camera"][4], wanted["camera"])


@pytest.mark.parametrize("data_format", ["hdf5", "parquet", "arrow"])
def test_a_minari_dataset_of_dicts_is_read_by_the_names_of_its_parts(
    tmp_path, monkeypatch, data_format
):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    shown = by_hand(SPACES["dict"], 3)
    buffer = EpisodeBuffer(
        seed=3,
        observations={
            name: np.stack([seen[name] for seen in shown]) for name in ("gauge", "camera")
        },
        actions=np.array([1, 2, 3, 1]),
        rewards=np.ones(4),
        terminations=np.array([False, False, False, True]),
        truncations=np.zeros(4, bool),
        infos={},
    )
    with pytest.warns(UserWarning, match="eval_env|will be set|nor"):
        minari.create_dataset_from_buffers(
            "room/hand-v0",
            [buffer],
            observation_space=SPACES["dict"],
            action_space=ACTIONS["discrete"],
            data_format=data_format,
            description="none",
        )
    # In the files of minari pictures are JPEG, which loses a little: what it reads itself is compared.
    folder = tmp_path / "minari" / "room" / "hand-v0"
    (theirs,) = minari.MinariDataset(folder / "data")
    store = Store(tmp_path / "datasets")
    world = f"{HERE}:Room"
    import_from(store, "minari", folder, "room", world=world)
    (episode,) = store.open("room").load_all()
    rows = parts_from_rows(episode.observations, make_world(world).parts)
    np.testing.assert_array_equal(rows["camera"], theirs.observations["camera"])
    np.testing.assert_array_equal(rows["gauge"], [seen["gauge"] for seen in shown])
    assert episode.actions.tolist() == [0, 1, 2, 0], "ours count from 0"


def hand_made(**changes: Any) -> dict[str, Any]:
    """An npz of another program for the room of dicts."""
    shown = by_hand(SPACES["dict"], 3)
    content: dict[str, Any] = {
        "actions": np.array([0, 1, 2, 0]),
        "rewards": np.ones(4),
        "starts": np.array([0, 4]),
        "terminated": np.array([True]),
        "truncated": np.array([False]),
    }
    for name in ("gauge", "camera"):
        values = np.stack([seen[name] for seen in shown])
        content[f"observations/{name}"] = values[:-1]
        content[f"final_observations/{name}"] = values[-1:]
    content |= changes
    return {name: values for name, values in content.items() if values is not None}


def test_parts_are_put_where_the_world_has_them(tmp_path):
    np.savez(tmp_path / "in.npz", **hand_made())
    store = Store(tmp_path / "datasets")
    import_from(store, "npz", tmp_path / "in.npz", "room", world=f"{HERE}:Room")
    wanted = [spaces.flatten(SPACES["dict"], seen) for seen in by_hand(SPACES["dict"], 3)]
    np.testing.assert_array_equal(store.open("room").load(0).observations, wanted)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"observations/gauge": None, "final_observations/gauge": None},
            "Episode 0 of in.npz has no observation 'gauge', which the world shows",
        ),
        ({"final_observations/gauge": None}, "has no final_observations/gauge"),
        (
            {"observations/x": np.zeros((4, 1)), "final_observations/x": np.zeros((1, 1))},
            "has the observation 'x', which the world does not show",
        ),
        (
            {"observations/gauge": np.zeros((4, 3)), "final_observations/gauge": np.zeros((1, 3))},
            r"has rows of float64 \[3\] for the observation 'gauge'; the world shows \[2\]",
        ),
        ({"observations/gauge": np.zeros((3, 2))}, "`observations/gauge` has 3 rows, and needs 4"),
        ({"final_observations/gauge": np.zeros((1, 3))}, "have different rows"),
    ],
)
def test_parts_that_do_not_fit_are_refused_and_leave_nothing(tmp_path, changes, said):
    np.savez(tmp_path / "in.npz", **hand_made(**changes))
    with pytest.raises(UserError, match=said):
        import_from(Store(tmp_path / "d"), "npz", tmp_path / "in.npz", "room", world=f"{HERE}:Room")
    assert not (tmp_path / "d").exists() or not everything_below(tmp_path / "d")


def test_actions_of_several_kinds_are_refused_in_one_sentence(tmp_path):
    from minari.serialization import serialize_space

    data = tmp_path / "in" / "data"
    data.mkdir(parents=True)
    told = {
        "total_episodes": 1,
        "minari_version": "0.5.4",
        "data_format": "parquet",
        "observation_space": serialize_space(SPACES["box"]),
        "action_space": serialize_space(ACTIONS["dict"]),
    }
    (data / "metadata.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match="its actions are a Dict, and a world here has one kind"):
        import_from(Store(tmp_path / "d"), "minari", tmp_path / "in", "room", world="CartPole-v1")


def test_what_an_environment_cannot_show_is_refused_before_anything_is_written(tmp_path):
    store = recorded(tmp_path, seen="vectors")
    dataset = store.open("room")
    episode = dataset.load(0)
    half = episode.observations.copy()
    half[2, :3] = 0.5  # a gear is one of three, not half of each
    dataset.append(replace(episode, observations=half, match=None))
    with pytest.raises(UserError, match="Episode 2 of dataset room holds observations that"):
        export(store, "room", "minari", tmp_path / "out")
    assert not list(tmp_path.glob("*out*"))


def test_without_the_environment_observations_go_out_as_the_dataset_has_them(tmp_path, monkeypatch):
    store = recorded(tmp_path, seen="vectors")
    monkeypatch.setattr("environments.files.trusted_code.allowed", lambda module: False)
    monkeypatch.setattr("environments.recorded_worlds.allowed", lambda module: False)
    export(store, "room", "minari", tmp_path / "out")
    opened = minari.MinariDataset(tmp_path / "out" / "data")
    assert opened.observation_space == store.open("room").revision.observation_space


@pytest.mark.parametrize("seen", SPACES)
def test_parts_and_nested_rows_are_each_others_inverse(seen):
    space = SPACES[seen]
    shown = by_hand(space, 0)
    flat = np.stack([np.asarray(spaces.utils.flatten(space, one)) for one in shown])
    layout = parts_of_space(space)
    nested = nested_from_parts(space, parts_from_rows(flat, layout))
    assert all(same(row(nested, k), one) for k, one in enumerate(shown))
    np.testing.assert_array_equal(
        rows_from_parts(parts_from_nested(space, nested), layout, {}), flat
    )


def test_a_picture_that_is_no_bytes_stays_what_it_is():
    rows = np.array([[0.5, 2.0]], np.float32)
    parts = parts_from_rows(rows, (Part("camera", "image", (1, 2)),))
    assert parts["camera"].dtype == np.float32


TOY = "tests.environments.support.sense_toys:Senses"


def sensed(tmp_path: Path, **params: Any) -> Store:
    store = Store(tmp_path / "datasets")
    world = make_world(TOY, **params)
    collect(store, "room", world, [RandomPlayer(world.action_space, 0, world.mask_size)], 2)
    return store


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_among_the_parts_comes_back_as_it_was(tmp_path, kind):
    store = sensed(tmp_path, kind="dict", mask="part")
    export(store, "room", kind, tmp_path / "out")
    import_from(store, kind, tmp_path / "out", "again")
    for old, new in zip(store.open("room").load_all(), store.open("again").load_all(), strict=True):
        assert_same(new, old)
        assert (new.observations[:, -3:] == 0).any()


def test_minari_has_the_mask_where_the_environment_shows_it(tmp_path):
    store = sensed(tmp_path, kind="dict", mask="part")
    export(store, "room", "minari", tmp_path / "out")
    opened = minari.MinariDataset(tmp_path / "out" / "data")
    assert opened.observation_space == Senses("dict", 0, "part").observation_space
    for recorded_game, episode in zip(opened, store.open("room").load_all(), strict=True):
        masks = recorded_game.observations["action_mask"]
        assert masks.dtype == np.int8
        np.testing.assert_array_equal(masks, episode.observations[:, -3:])


def layout_in(kind: str, path: Path) -> Any:
    """What a file that was exported says of its observations."""
    if kind == "npz":
        with np.load(path, allow_pickle=False) as file:
            told = json.loads(str(file["facts"]))["dataset"]
    else:
        told = json.loads((path / "data" / "metadata.json").read_text())["gpo"]
    return told["world_description"]["layout"]


@pytest.mark.parametrize("seen", ["numbers", "nested", "tuple", "wide"])
@pytest.mark.parametrize("kind", ["npz", "minari"])
def test_every_file_says_how_a_row_is_filled(tmp_path, kind, seen):
    store = sensed(tmp_path, kind=seen)
    export(store, "room", kind, tmp_path / "out")
    layout = layout_in(kind, tmp_path / "out")
    assert layout == store.open("room").facts["world_description"]["layout"]
    (row, *_), space = store.open("room").load(0).observations, SENSES[seen]
    shown = Senses(seen).reset(seed=0)[0]
    for part in layout:
        value = shown
        for key in part["path"]:
            value = value[key]
        numbers = np.ravel(row)[part["at"] : part["at"] + part["numbers"]]
        if part["space"] == "Discrete":
            assert numbers.argmax() + part["start"] == value
        elif part["space"] == "MultiDiscrete":
            ends = np.cumsum(part["nvec"])[:-1]
            chosen = [piece.argmax() for piece in np.split(numbers, ends)]
            assert (np.add(chosen, part["start"]) == value).all()
        else:
            assert list(np.shape(value)) == part["shape"]
            np.testing.assert_array_equal(numbers, np.ravel(value).astype(np.float32))
    assert sum(part["numbers"] for part in layout) == spaces.flatdim(space) == np.size(row)


def test_an_npz_names_parts_of_numbers_where_there_is_no_environment(tmp_path, monkeypatch):
    store = sensed(tmp_path, kind="numbers")
    monkeypatch.setattr("environments.files.trusted_code.allowed", lambda module: False)
    monkeypatch.setattr("environments.recorded_worlds.allowed", lambda module: False)
    export(store, "room", "npz", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        found = {n.partition("/")[2] for n in file.files if n.startswith("observations/")}
        assert found == {"clock", "gear", "lamps", "place", "sides"}
        assert file["observations/place"].shape == (10, 4)
