"""How fast recordings load into arrays, beside minari, in one run: 1,000 episodes of 200 steps, 32 floats."""

import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gymnasium
import minari
import numpy as np
import pytest
from minari.data_collector import EpisodeBuffer

from demos.data.dataset.cache import FOLDER
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.episodes.episode import Episode

EPISODES, STEPS, SIZE = 1000, 200, 32
SEEN = gymnasium.spaces.Box(-9, 9, (SIZE,), np.float32)
DONE: gymnasium.Space[Any] = gymnasium.spaces.Discrete(6)
HDF5 = find_spec("h5py") is not None  # minari's own default format, where it is installed


def episode(rng: np.random.Generator) -> Episode:
    ones = np.ones(STEPS, np.float32)
    return Episode(
        observations=rng.uniform(-9, 9, (STEPS + 1, SIZE)).astype(np.float32),
        actions=rng.integers(0, 6, STEPS),
        rewards=ones,
        terminated=True,
        truncated=False,
        world="bench/World-v0",
        fingerprint="abc",
        agent="player",
        terms={"soup": ones},
        costs={"waste": 0 * ones},
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    store = Store(tmp_path_factory.mktemp("datasets"))
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    with store.building(
        "bench",
        DatasetSpec(
            world="bench/World-v0",
            fingerprint="abc",
            observation_space=SEEN,
            action_space=DONE,
            terms=["soup"],
            costs=["waste"],
            north_star="soup",
        ),
    ) as dataset:
        dataset.append_many([episode(rng) for _ in range(EPISODES)])
    print(f"\nwritten in {time.perf_counter() - began:.1f} s")
    return store


def in_hdf5(store: Store, root: Path) -> Path:
    """The same content as minari keeps it by default."""
    buffers = [
        EpisodeBuffer(
            observations=e.observations,
            actions=e.actions,
            rewards=e.rewards,
            terminations=np.arange(STEPS) == STEPS - 1,
            truncations=np.zeros(STEPS, bool),
            infos={  # what our arrays hold as well
                "soup": np.append(0, e.terms["soup"]),
                "waste": np.append(0, e.costs["waste"]),
                "actors": np.append(0, e.actors),
            },
        )
        for e in store.open("bench").load_all()
    ]
    data = root / "data"
    data.mkdir(parents=True)
    storage = minari.dataset.minari_storage.MinariStorage.new(
        data, observation_space=SEEN, action_space=DONE, data_format="hdf5"
    )
    storage.update_metadata({"dataset_id": "bench-v0", "minari_version": minari.__version__})
    storage.update_episodes(buffers)
    return data


def through_minari(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """What a person writes who loads a dataset for cloning."""
    episodes = list(minari.MinariDataset(data))
    seen = np.concatenate([episode.observations[:-1] for episode in episodes])
    return seen, np.concatenate([episode.actions for episode in episodes])


def timed(what: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = what()
    return time.perf_counter() - began, result


@pytest.mark.bench
def test_loading_is_faster_than_through_minari(store, tmp_path):
    def ours() -> Any:
        return store.open("bench").arrays()

    def fresh() -> Any:
        shutil.rmtree(store.root / "bench" / FOLDER, ignore_errors=True)
        return store.open("bench").arrays()

    kept = in_hdf5(store, tmp_path / "hdf5") if HDF5 else store.open("bench").data
    theirs, first, later = [], [], []
    for _ in range(3):  # taken in turn, so that a busy machine is busy for all
        seconds, (seen, done) = timed(lambda: through_minari(kept))
        theirs.append(seconds)
        seconds, arrays = timed(fresh)
        first.append(seconds)
        for _ in range(3):
            seconds, again = timed(ours)
            later.append(seconds)
        for found in (arrays, again):
            np.testing.assert_array_equal(found.observations, seen)
            np.testing.assert_array_equal(found.actions, done)
    name = f"minari ({'HDF5' if HDF5 else 'Parquet; h5py is not installed'})"
    base, one, two = (float(np.median(s)) for s in (theirs, first, later))
    print(f"\n{name}: {1000 * base:.0f} ms, {EPISODES * STEPS / base:,.0f} transitions a second")
    print(f"first load {1000 * one:.0f} ms, {base / one:.1f} times as fast, opening included")
    print(f"later loads {1000 * two:.0f} ms, {base / two:.1f} times as fast, opening included")
    assert base / one >= 2
    assert base / two >= 20
