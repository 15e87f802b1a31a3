"""The cache is faster and never trusted: what it says is what the episodes say."""

import os
from pathlib import Path

import numpy as np
import pytest

from demos.data.dataset.cache import FACTS_FILE, FOLDER
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.episodes.arrays import Arrays, join
from demos.data.episodes.columns import fill
from demos.data.episodes.files import STEPS_FILE
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import ACTIONS, create, make_episode


def same(ours: Arrays, theirs: Arrays) -> None:
    for name, left in vars(ours).items():
        right = getattr(theirs, name)
        pairs = [(left, right)]
        if isinstance(left, dict):
            assert left.keys() == right.keys()
            pairs = [(left[key], right[key]) for key in left]
        for a, b in pairs:
            assert (a.dtype, a.shape) == (b.dtype, b.shape), name
            np.testing.assert_array_equal(a, b, name)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    dataset = create(tmp_path)
    dataset.append_many([make_episode(number, steps=3 + number) for number in range(4)])
    return dataset


def truth(dataset: Dataset) -> Arrays:
    return join(dataset.load_all(), range(len(dataset)))


def reads(monkeypatch) -> list[int]:
    """Grows by one with every episode that is read from its files."""
    read: list[int] = []

    def counted(columns, episode, *rest):
        read.append(episode)
        fill(columns, episode, *rest)

    monkeypatch.setattr("demos.data.dataset.loading.fill", counted)
    return read


@pytest.mark.parametrize("actions", ACTIONS)
def test_arrays_are_the_episodes_whether_kept_or_not(tmp_path, actions):
    dataset = create(tmp_path, actions=actions)
    dataset.append_many([make_episode(number, kind=actions) for number in range(3)])
    for _ in range(3):
        same(Store(tmp_path).open("play").arrays(), truth(dataset))
    same(dataset.arrays([2, 0]), join([dataset.load(2), dataset.load(0)], [2, 0]))


def test_the_second_time_no_episode_is_read(dataset, monkeypatch):
    read = reads(monkeypatch)
    dataset.arrays()
    assert read == [0, 1, 2, 3]
    same(Store(dataset.folder.parent).open("play").arrays(), truth(dataset))
    assert len(read) == 4


def test_who_changes_the_arrays_changes_nobody_elses(dataset):
    dataset.arrays()
    mine = dataset.arrays()
    mine.observations[:] = 7
    mine.terms["soup"][:] = 7
    same(dataset.arrays(), truth(dataset))


def test_new_episodes_are_seen(dataset, monkeypatch):
    dataset.arrays()
    dataset.append(make_episode(9))
    same(dataset.arrays(), truth(dataset))
    assert len(list((dataset.folder / FOLDER).iterdir())) == 1, "what is stale is removed"


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "swap", "empty"])
def test_a_damaged_cache_is_made_anew(dataset, monkeypatch, damage):
    dataset.arrays()
    read, rng = reads(monkeypatch), np.random.default_rng(0)
    files = sorted(p for p in (dataset.folder / FOLDER).rglob("*") if p.is_file())
    for k, path in enumerate(files):
        before, whole = path.stat(), path.read_bytes()
        flipped = bytearray(whole)
        flipped[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        other = files[k - 1].read_bytes()
        content = {
            "flip": bytes(flipped),
            "cut": whole[:-3],
            "swap": other,
            "empty": b"",
            "gone": b"",
        }
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(content[damage])
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a bad disk would
        read.clear()
        same(Store(dataset.folder.parent).open("play").arrays(), truth(dataset))
        assert read == [0, 1, 2, 3] or content[damage] == whole, f"{path.name} was believed"


def test_every_byte_of_a_column_is_compared(dataset, monkeypatch):
    dataset.arrays()
    column = next(
        p
        for p in (dataset.folder / FOLDER).rglob("*.npy")
        if np.load(p).ndim == 3 and len(np.load(p)) > 10
    )
    size = column.stat().st_size
    for place in range(0, size, 7):
        whole = column.read_bytes()
        column.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        same(dataset.arrays(), truth(dataset))
        assert column.read_bytes() == whole, "made anew"


def test_an_episode_that_was_touched_is_read_again_and_named_if_damaged(dataset):
    dataset.arrays()
    path = dataset.data / "1" / STEPS_FILE
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=f"episode 1: {STEPS_FILE}"):
        Store(dataset.folder.parent).open("play").arrays()


def test_a_disk_without_room_is_no_obstacle(dataset, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("demos.data.dataset.cache.os.posix_fallocate", full)
    same(dataset.arrays(), truth(dataset))
    assert not list((dataset.folder / FOLDER).iterdir()), "nothing half-made is left"


def test_the_cache_of_a_killed_process_is_swept(dataset):
    left = dataset.folder / FOLDER / ".abc.999999999"
    left.mkdir(parents=True)
    other = dataset.folder / FOLDER / f".abc.{os.getppid()}"
    other.mkdir()
    dataset.arrays()
    assert not left.exists()
    assert other.exists(), "that one is being filled"


def test_it_is_no_part_of_what_minari_or_the_shelf_sees(dataset):
    dataset.arrays()
    assert Store(dataset.folder.parent).names() == ["play"]
    assert not list(dataset.data.glob("*.npy"))
    assert len(list((dataset.folder / FOLDER).glob(f"*/{FACTS_FILE}"))) == 1
