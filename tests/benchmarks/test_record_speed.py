"""What recording costs a step, and how fast many episodes are written."""

from __future__ import annotations

import time

import gymnasium
import numpy as np
import pytest

from demos.data.dataset.store import DatasetSpec, Store
from demos.data.episodes.episode import Actor, Episode
from demos.data.journal.records import StepRecord, Stream
from demos.data.journal.take import OpenEpisode

NUMBERS = 64  # in an observation, for the cost of a step
STEPS = 3_000
RATE = 500  # steps a second while the cost is measured: time enough for the threads that write
EPISODES, LENGTH, WIDTH = 1_000, 200, 32


def dataset_of(root, numbers):
    return Store(root).create(
        "play",
        DatasetSpec(
            world="bench/World-v0",
            fingerprint="abc",
            observation_space=gymnasium.spaces.Box(-np.inf, np.inf, (numbers,), np.float32),
            action_space=gymnasium.spaces.Box(-1, 1, (2,), np.float32),
            terms=["score", "pace", "style"],
            costs=["waste"],
            north_star="score",
        ),
    )


@pytest.mark.bench
def test_a_step_costs_at_most_a_tenth_of_a_millisecond(tmp_path):
    dataset = dataset_of(tmp_path, NUMBERS)
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(STEPS + 1, NUMBERS)).astype(np.float32)
    actions = rng.random((STEPS, 2), np.float32)
    raw, terms, costs = (rng.random((STEPS, size), np.float32) for size in (8, 3, 1))
    streams = [Stream("player", "Ada", "gamepad", tuple(f"axis {n}" for n in range(8)))]
    seconds = []
    with dataset.writing():
        take = OpenEpisode.begin(
            dataset, streams, [seen[0]], match="m", seed=0, options={}, meta={"tick": 1 / RATE}
        )
        for t in range(STEPS):
            row = StepRecord(
                seen[t + 1], actions[t], actions[t], raw[t], 1.0, terms[t], costs[t],
                False, False, time.monotonic_ns(), False, Actor.HUMAN,
            )  # fmt: skip
            began = time.perf_counter()
            take.step([row])
            seconds.append(time.perf_counter() - began)
            time.sleep(1 / RATE)
        took = time.perf_counter()
        take.keep()
        took = time.perf_counter() - took
    median, p99, most = 1000 * np.quantile(seconds, [0.5, 0.99, 1])
    print(
        f"\nTake.step, {NUMBERS} floats: median {median:.3f} ms, p99 {p99:.3f} ms, most {most:.2f} ms"
    )
    print(f"Take.keep, {STEPS} steps: {1000 * took:.0f} ms")
    assert median <= 0.1
    assert len(dataset.load(0)) == STEPS


def episodes() -> list[Episode]:
    rng = np.random.default_rng(0)
    names = ("score", "pace", "style")
    return [
        Episode(
            observations=rng.normal(size=(LENGTH + 1, WIDTH)).astype(np.float32),
            actions=rng.random((LENGTH, 2), np.float32),
            rewards=rng.random(LENGTH, np.float32),
            terms={name: rng.random(LENGTH, np.float32) for name in names},
            costs={"waste": rng.random(LENGTH, np.float32)},
            capture_times=np.arange(LENGTH) * 16_666_667,
            terminated=True,
            truncated=False,
            world="bench/World-v0",
            fingerprint="abc",
            agent="player",
            seed=number,
        )
        for number in range(EPISODES)
    ]


@pytest.mark.bench
def test_writing_takes_at_most_a_tenth_of_minaris_arrow_writer(tmp_path):
    content = episodes()
    dataset = dataset_of(tmp_path, WIDTH)
    began = time.perf_counter()
    dataset.append_many(content)  # all of it, and safe on the disk
    ours = time.perf_counter() - began
    theirs = write_with_minari(tmp_path / "minari", dataset, content)
    print(
        f"\n{EPISODES} episodes of {LENGTH} steps x {WIDTH} floats: {ours:.2f} s, minari's arrow "
        f"writer {theirs:.1f} s (without rewards' parts, and not synced): {theirs / ours:.0f} times"
    )
    assert dataset.load(EPISODES - 1).seed == EPISODES - 1
    assert ours <= theirs / 10


def write_with_minari(folder, dataset, content) -> float:
    from minari.data_collector.episode_buffer import EpisodeBuffer
    from minari.dataset.minari_storage import MinariStorage

    folder.mkdir()
    spaces = (dataset.revision.observation_space, dataset.revision.action_space)
    storage = MinariStorage.new(
        folder, observation_space=spaces[0], action_space=spaces[1], data_format="arrow"
    )
    buffers = [
        EpisodeBuffer(
            id=number,
            observations=episode.observations,
            actions=episode.actions,
            rewards=episode.rewards,
            terminations=np.arange(1, LENGTH + 1) == LENGTH,
            truncations=np.zeros(LENGTH, bool),
            infos={},
        )
        for number, episode in enumerate(content)
    ]
    began = time.perf_counter()
    storage.update_episodes(buffers)
    return time.perf_counter() - began
