"""The store keeps what it was given, opens in minari, survives interruption and hides no damage."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium
import minari
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import demos.data.dataset.commit
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.episodes.episode import Episode
from demos.data.episodes.files import CHECKSUM_FILE, FACTS_FILE, STEPS_FILE
from environments.system.errors import UserError

OBSERVATIONS = gymnasium.spaces.Box(-9, 9, (2, 3), np.float32)
ACTIONS: dict[str, gymnasium.Space[Any]] = {
    "discrete": gymnasium.spaces.Discrete(6),
    "box": gymnasium.spaces.Box(-1, 1, (2,), np.float32),
    "multi": gymnasium.spaces.MultiDiscrete([3, 4]),
    "binary": gymnasium.spaces.MultiBinary(4),
}
COLUMNS = ("observations", "actions", "requested_actions", "rewards", "actors", "late")
PLAIN = ("terminated", "truncated", "world", "fingerprint", "agent", "match", "player", "seed")


def make_episode(draw: int = 0, steps: int = 7, kind: str = "discrete", **changes: Any) -> Episode:
    """An episode of random numbers."""
    rng = np.random.default_rng(draw)
    space = ACTIONS[kind]
    space.seed(draw)
    content: dict[str, Any] = {
        "observations": rng.normal(size=(steps + 1, 2, 3)).astype(np.float32),
        "actions": np.array([space.sample() for _ in range(steps)]),
        "requested_actions": np.array([space.sample() for _ in range(steps)]),
        "rewards": rng.normal(size=steps).astype(np.float32),
        "terms": {"soup": rng.normal(size=steps).astype(np.float32)},
        "costs": {"waste": rng.random(steps).astype(np.float32)},
        "actors": rng.integers(0, 4, steps).astype(np.uint8),
        "capture_times": np.cumsum(rng.integers(0, 10**9, steps)),
        "late": rng.random(steps) < 0.2,
        "terminated": draw % 3 == 0,
        "truncated": draw % 3 == 1,
        "world": "test/World-v0",
        "fingerprint": "abc",
        "agent": "cook_0",
        "seed": draw,
    }
    return Episode(**{**content, **changes})


def create(root: Path, name: str = "play", actions: str = "discrete") -> Dataset:
    """An empty dataset that `make_episode` fits."""
    return Store(root).create(name, DatasetSpec(**facts(actions)))


def facts(actions: str = "discrete") -> dict[str, Any]:
    """What `Store.create` is told in these tests."""
    return {
        "world": "test/World-v0",
        "fingerprint": "abc",
        "observation_space": OBSERVATIONS,
        "action_space": ACTIONS[actions],
        "terms": ["soup"],
        "costs": ["waste"],
        "north_star": "soup",
    }


def assert_same(left: Episode, right: Episode) -> None:
    """Every column to the last bit, in the same type, and every fact."""
    for name in COLUMNS:
        ours, theirs = getattr(left, name), getattr(right, name)
        assert ours.dtype == theirs.dtype, name
        np.testing.assert_array_equal(ours, theirs, name)
    np.testing.assert_array_equal(left.capture_times, right.capture_times)
    for ours, theirs in ((left.terms, right.terms), (left.costs, right.costs)):
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name], name)
    for name in (*PLAIN, "options", "meta"):
        assert getattr(left, name) == getattr(right, name), name


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# ------------------------------------------------------------------ what goes in comes out


@pytest.mark.parametrize("actions", ACTIONS)
def test_an_episode_comes_back_as_it_was(tmp_path, actions):
    create(tmp_path, actions=actions).append(
        make_episode(
            1,
            kind=actions,
            match="m1",
            player="Ada",
            options={"horizon": 7},
            meta={"rating": 5, "marks": [2, 4], "source": {"file": "ä"}},
        )
    )
    assert_same(
        Store(tmp_path).open("play").load(0),
        make_episode(
            1,
            kind=actions,
            match="m1",
            player="Ada",
            options={"horizon": 7},
            meta={"rating": 5, "marks": [2, 4], "source": {"file": "ä"}},
        ),
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_episode_comes_back_as_it_was(tmp_path, data):
    steps = data.draw(st.integers(1, 12))
    floats = st.floats(allow_nan=False, allow_infinity=False, width=32)
    episode = make_episode(
        data.draw(st.integers(0, 99)),
        steps,
        observations=data.draw(hnp.arrays(np.float32, (steps + 1, 2, 3))),  # NaN and infinity too
        rewards=data.draw(hnp.arrays(np.float32, steps, elements=floats)),
        player=data.draw(st.none() | st.text()),
        seed=data.draw(st.none() | st.integers(0, 2**63 - 1)),
        meta=data.draw(st.dictionaries(st.text(), JSON, max_size=3)),
    )
    store = Store(tmp_path)
    dataset = store.open("play") if store.names() else create(tmp_path)
    assert_same(dataset.load(dataset.append(episode)), episode)


def test_arrays_are_the_episodes_end_to_end(tmp_path):
    dataset = create(tmp_path)
    episodes = [make_episode(number, steps=3 + number) for number in range(4)]
    assert dataset.append_many(episodes) == [0, 1, 2, 3]
    arrays = dataset.arrays()
    assert arrays.starts.tolist() == [0, 3, 7, 12, 18]
    for number, episode in enumerate(episodes):
        rows = slice(arrays.starts[number], arrays.starts[number + 1])
        np.testing.assert_array_equal(arrays.observations[rows], episode.observations[:-1])
        np.testing.assert_array_equal(arrays.final_observations[number], episode.observations[-1])
        np.testing.assert_array_equal(arrays.actions[rows], episode.actions)
        np.testing.assert_array_equal(arrays.terms["soup"][rows], episode.terms["soup"])
        assert (arrays.episode[rows] == number).all()
    assert dataset.arrays([2]).episode.tolist() == [2] * 5


# ------------------------------------------------------------------ minari


@pytest.mark.parametrize("actions", ACTIONS)
def test_minari_opens_a_revision_as_it_is(tmp_path, monkeypatch, actions):
    dataset = create(tmp_path, actions=actions)
    episodes = [make_episode(number, 5 + number, actions) for number in range(3)]
    dataset.append_many(episodes)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    assert list(minari.list_local_datasets()) == ["play/revision-v0"]
    for opened in (minari.MinariDataset(dataset.data), minari.load_dataset("play/revision-v0")):
        assert (opened.total_episodes, opened.total_steps) == (3, 5 + 6 + 7)
        assert opened.observation_space == OBSERVATIONS
        assert opened.action_space == ACTIONS[actions]
        for theirs, ours in zip(opened, episodes, strict=True):
            compare_with_minari(theirs, ours)


def test_minari_opens_what_several_devices_recorded(tmp_path):
    dataset = create(tmp_path)
    widths = (0, 3, 5, 0)
    for draw, width in enumerate(widths):
        raw = np.random.default_rng(draw).normal(size=(7, width)).astype(np.float32)
        names = {"raw_names": [f"key {k}" for k in range(width)]} if width else {}
        dataset.append(make_episode(draw, raw=raw, meta=names))
        np.testing.assert_array_equal(dataset.load(draw).raw, raw)
    for theirs, ours in zip(minari.MinariDataset(dataset.data), dataset.load_all(), strict=True):
        compare_with_minari(theirs, ours)


def compare_with_minari(theirs: Any, ours: Episode) -> None:
    np.testing.assert_array_equal(theirs.observations, ours.observations)
    np.testing.assert_array_equal(theirs.actions, ours.actions)
    np.testing.assert_array_equal(theirs.rewards, ours.rewards)
    assert theirs.terminations.tolist() == [False] * (len(ours) - 1) + [ours.terminated]
    assert theirs.truncations.tolist() == [False] * (len(ours) - 1) + [ours.truncated]
    # As minari's own collector: row 0 is from the reset, row t+1 from step t.
    np.testing.assert_array_equal(theirs.infos["costs/waste"][1:], ours.costs["waste"])
    np.testing.assert_array_equal(theirs.infos["requested_actions"][1:], ours.requested_actions)


def test_counts_are_mended_on_opening(tmp_path):
    dataset = create(tmp_path)
    dataset.append_many([make_episode(number) for number in range(3)])
    metadata = dataset.data / "metadata.json"
    for broken in ("{", json.dumps({"total_episodes": 99})):
        metadata.write_text(broken)
        Store(tmp_path).open("play")
        assert minari.MinariDataset(dataset.data).total_steps == 21


# ------------------------------------------------------------------ interruption


class Unplugged(BaseException):
    """Stands for whatever ends a write."""


@pytest.mark.parametrize("calls", range(4))
def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch, calls):
    dataset = create(tmp_path)
    dataset.append(make_episode(0))
    before = everything_below(tmp_path)
    written = []

    def fail(path: Path, data: bytes, through: bool = False) -> None:
        written.append(path)
        path.write_bytes(data[:10])
        if len(written) > calls:
            raise Unplugged

    with monkeypatch.context() as patch:
        patch.setattr(demos.data.dataset.commit, "write_new", fail)
        with pytest.raises(Unplugged):
            dataset.append_many([make_episode(1), make_episode(2)])
    assert everything_below(tmp_path) == before
    assert dataset.append(make_episode(1)) == 1
    assert Store(tmp_path).open("play").check() == []


def test_a_dataset_that_cannot_be_finished_never_appears(tmp_path):
    store = Store(tmp_path)

    def build_half() -> None:
        with store.building("play", DatasetSpec(**facts())) as dataset:
            dataset.append(make_episode(0))
            raise Unplugged

    with pytest.raises(Unplugged):
        build_half()
    assert store.names() == []
    assert everything_below(tmp_path) == set()


def test_what_a_killed_process_left_is_swept_away(tmp_path):
    script = """
import os, sys
from pathlib import Path
from tests.demos.data.dataset.test_store import ACTIONS, OBSERVATIONS, create, facts, make_episode
from demos.data.episodes.parquet import encode
from demos.data.dataset.commit import written_beside
from demos.data.dataset.store import DatasetSpec, Store
root = Path(sys.argv[1])
dataset = create(root)
dataset.append(make_episode(0))
with dataset.writing(), Store(root).building("other", DatasetSpec(**facts())) as other:
    files = encode(make_episode(1), OBSERVATIONS, ACTIONS["discrete"])
    with written_beside(dataset.data, [files], 1):
        os._exit(9)
"""
    run(script, tmp_path)
    assert any(name.endswith(".writing-0") for name in everything_below(tmp_path))
    dataset = Store(tmp_path).open("play")
    assert len(dataset) == 1
    assert dataset.append(make_episode(1)) == 1, "the lock died with its holder"
    create(tmp_path, "other")
    assert not any("/." in f"/{name}" for name in everything_below(tmp_path))


def run(script: str, root: Path) -> None:
    here = Path(__file__).parents[4]
    subprocess.run([sys.executable, "-c", script, str(root)], cwd=here, check=False, timeout=60)


def test_a_second_writer_is_refused_within_a_second(tmp_path):
    dataset = create(tmp_path)
    other = Store(tmp_path).open("play")
    with dataset.writing():
        dataset.append(make_episode(0))
        began = time.monotonic()
        with pytest.raises(UserError, match="play is being written by another process"):
            other.append(make_episode(1))
        assert time.monotonic() - began < 1.0
        assert len(other) == 1, "reading goes on"
    assert other.append(make_episode(1)) == 1


# ------------------------------------------------------------------ damage


@pytest.fixture
def three(tmp_path) -> Dataset:
    """A dataset of three episodes."""
    dataset = create(tmp_path)
    dataset.append_many([make_episode(number) for number in range(3)])
    return dataset


def assert_only_the_middle_one_is_refused(dataset: Dataset, file: str) -> None:
    opened = Store(dataset.folder.parent).open("play")
    with pytest.raises(UserError, match=rf"Dataset play, episode 1: {file}"):
        opened.load(1)
    assert len(opened.check()) == 1
    assert_same(opened.load(0), make_episode(0))
    assert_same(opened.load(2), make_episode(2))
    with pytest.raises(UserError, match="episode 1"):
        opened.arrays()
    assert len(opened.arrays([0, 2]).starts) == 3


@pytest.mark.parametrize("keep", [0, 1, 4, 100, -1])
def test_a_truncated_parquet_file_is_named(three, keep):
    path = three.data / "1" / STEPS_FILE
    path.write_bytes(path.read_bytes()[:keep])
    assert_only_the_middle_one_is_refused(three, STEPS_FILE)


@pytest.mark.parametrize("file", [STEPS_FILE, FACTS_FILE])
def test_any_flipped_bit_is_named(three, file):
    path = three.data / "1" / file
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        flipped = bytearray(whole)
        flipped[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        with pytest.raises(UserError, match=rf"Dataset play, episode 1: {file}"):
            three.load(1)
    assert_only_the_middle_one_is_refused(three, file)


@pytest.mark.parametrize("file", [STEPS_FILE, FACTS_FILE, CHECKSUM_FILE])
def test_a_missing_file_is_named(three, file):
    (three.data / "1" / file).unlink()
    assert_only_the_middle_one_is_refused(three, f"{file} is missing")


def test_a_missing_episode_is_named(three):
    shutil.rmtree(three.data / "1")
    assert_only_the_middle_one_is_refused(three, f"{CHECKSUM_FILE} is missing")


@pytest.mark.parametrize("words", ["", "[]", "{}", "null", '{"part-0.parquet": 1}', "\xff"])
def test_a_broken_checksum_file_is_named(three, words):
    (three.data / "1" / CHECKSUM_FILE).write_text(words, encoding="latin-1")
    assert_only_the_middle_one_is_refused(three, CHECKSUM_FILE)


def test_a_changed_revision_file_is_refused(three):
    path = three.data.parent / "revision.json"
    path.write_text(path.read_text().replace('"abc"', '"abd"'))
    with pytest.raises(UserError, match=r"play: its `current` or `revision.json` is damaged"):
        Store(three.folder.parent).open("play")


# ------------------------------------------------------------------ what is refused


def test_an_unknown_name_is_answered_with_the_nearest(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(UserError, match="none yet"):
        store.open("play")
    create(tmp_path)
    with pytest.raises(UserError, match=r"There is no dataset plya .*did you mean play\?"):
        store.open("plya")


@pytest.mark.parametrize("name", ["", "../play", "a/b", ".hidden", "two words", "-x"])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="cannot name a dataset"):
        create(tmp_path / "datasets", name)
    assert everything_below(tmp_path) == set()


def test_a_name_in_use_is_refused(three):
    with pytest.raises(UserError, match="There is already a dataset play"):
        create(three.folder.parent)


def test_an_episode_of_another_world_is_refused(three):
    with pytest.raises(UserError, match="fingerprint is other, but dataset play holds abc"):
        three.append(make_episode(3, fingerprint="other"))
    assert len(three) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"terms": {}}, "terms"),
        ({"observations": np.zeros((8, 3), np.float32)}, "observations: rows of shape"),
        ({"observations": np.zeros((8, 2, 3))}, "observations: type float64"),
        (
            {"actions": np.zeros((7, 2), np.int64), "requested_actions": None},
            "actions: rows of shape",
        ),
    ],
)
def test_an_episode_that_does_not_fit_the_spaces_is_refused(three, changes, words):
    with pytest.raises(ValueError, match=words):
        three.append_many([make_episode(3), make_episode(4, **changes)])
    assert len(three) == 3
    assert not list(three.data.glob(".*"))


def test_small_action_types_are_widened_alike(three):
    actions = np.array([5, 4, 3, 2, 1, 0, 1], np.uint8)
    number = three.append(make_episode(3, actions=actions, requested_actions=actions))
    assert three.load(number).actions.tolist() == actions.tolist()
    assert three.load(number).requested_actions.dtype == np.int64
