"""A full disk is one sentence: nothing half-written counts, what is older is intact, recording goes on.

The same story is told twice: on a disk that a test keeps full by refusing writes, and on a real one of 4 MiB.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from demos.data.dataset.store import DatasetSpec, Store
from demos.data.journal.journal import DiskFull
from demos.data.journal.repair import LOSSY, repair_command
from tests.demos.data.dataset.test_store import (
    assert_same,
    create,
    everything_below,
    facts,
    make_episode,
)
from tests.demos.support.recording import begin, expected, rows

SIZE = 4 * 1024**2  # bytes of the small disk
ROOM = 48 * 1024  # bytes left on it when it is nearly full
BIG = 4000  # steps of an episode that needs more than that


class Disk(Protocol):
    """Something that can be nearly full."""

    def fill(self, left: int = ROOM) -> None: ...
    def free(self) -> None: ...


class SmallDisk:
    """A file system of its own, on which a large file can lie."""

    def __init__(self, root: Path) -> None:
        self._root, self._ballast = root, root / "ballast"

    def fill(self, left: int = ROOM) -> None:
        room = os.statvfs(self._root)
        with self._ballast.open("ab") as ballast:
            ballast.write(bytes(max(0, room.f_bavail * room.f_frsize - left)))

    def free(self) -> None:
        self._ballast.unlink()


class RefusedWrites:
    """Any disk, on which writes fail after so many bytes, as they do when it is full."""

    def __init__(self) -> None:
        self._room: int | None = None  # bytes
        self._write = os.pwrite

    def fill(self, left: int = ROOM) -> None:
        self._room = left

    def free(self) -> None:
        self._room = None

    def pwrite(self, file: int, data: memoryview, offset: int) -> int:
        if self._room is None:
            return self._write(file, data, offset)
        size = min(len(data), self._room)
        if size == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._room -= size
        return self._write(file, data[:size], offset)


@contextmanager
def refused_writes() -> Iterator[Disk]:
    disk = RefusedWrites()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", disk.pwrite)
        yield disk


def big_episode():
    seen = np.random.default_rng(0).normal(size=(BIG + 1, 2, 3)).astype(np.float32)
    return make_episode(9, BIG, observations=seen)


def raised(call, *args) -> str:
    """The sentence of a full disk."""
    with pytest.raises(DiskFull) as full:
        call(*args)
    sentence = str(full.value)
    assert sentence.count("is full: free some space and try again") == 1
    assert "\n" not in sentence
    return sentence


def assert_older_ones_intact(root: Path, count: int) -> None:
    dataset = Store(root).open("play")
    assert len(dataset) == count
    assert dataset.check() == []
    for number, episode in enumerate(expected(0, 40, True)[:count]):
        assert_same(dataset.load(number), episode)


def a_full_disk(root: Path, disk: Disk) -> None:
    """The story: two episodes, no room for more in every way there is to write, and room again."""
    dataset = create(root)
    with dataset.writing():
        record(dataset, 0, 40)
        disk.fill()
        before = everything_below(root) - {"ballast"}
        assert "dataset play" in raised(dataset.append, big_episode())
        assert everything_below(root) - {"ballast"} == before, "nothing half-written is left"
        disk.free()
        disk.fill()
        assert "dataset other" in raised(build_other, root)
        assert everything_below(root) - {"ballast"} == before
        assert_older_ones_intact(root, 2)
        disk.free()
        disk.fill()
        a_game_through_a_full_disk(root, dataset, disk)
        assert_older_ones_intact(root, 4)
        dataset.append(big_episode())
    a_crash_on_a_full_disk(root, disk)


def build_other(root: Path) -> None:
    with Store(root).building("other", DatasetSpec(**facts())) as other:
        other.append(big_episode())


def record(dataset, game: int, steps: int) -> list[int]:
    take = begin(dataset, game)
    for step in range(steps):
        take.step(rows(game, step, ended=step == steps - 1))
    return take.keep()


def a_game_through_a_full_disk(root: Path, dataset, disk: Disk) -> None:
    """It goes on in memory while there is no room, and is whole when there is."""
    take = begin(dataset, 1)
    step, told = 0, 0
    deadline = time.monotonic() + 60
    while told < 2 and time.monotonic() < deadline:
        for _ in range(200):  # faster than people, to fill the disk
            try:
                take.step(rows(1, step))
            except DiskFull:
                told += 1
            step += 1
        time.sleep(0.05)
    assert told == 2, "each failure is told, and the steps go on"
    assert take.steps == step
    raised(take.keep, 3)
    assert_older_ones_intact(root, 2)
    take.step(rows(1, step, ended=True))
    raised(take.keep, 3)
    disk.free()
    numbers = take.keep(5)
    for number, episode in zip(numbers, expected(1, step + 1, True, rating=5), strict=True):
        assert_same(dataset.load(number), episode)


def a_crash_on_a_full_disk(root: Path, disk: Disk) -> None:
    """What reached the disk before it was full is recovered once there is room."""
    disk.fill()
    child = os.fork()
    if child == 0:
        record_until_full_and_die(root)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    disk.fill(left=0)
    raised(repair_command, root, "play")
    disk.free()
    assert repair_command(root, "play") == LOSSY
    dataset = Store(root).open("play")
    steps = dataset.episode_facts(5)["total_steps"]
    assert steps > 100, "what came before it was full"
    for number, episode in zip((5, 6), expected(2, steps, False, recovered=True), strict=True):
        assert_same(dataset.load(number), episode)
    assert dataset.check() == []


def record_until_full_and_die(root: Path) -> None:
    try:
        dataset = Store(root).open("play")
        with dataset.writing():
            take = begin(dataset, 2)
            for step in range(100_000):
                take.step(rows(2, step))
                time.sleep(0.0005)
    except DiskFull:
        os._exit(9)
    finally:
        os._exit(1)


def test_a_disk_that_refuses_writes(tmp_path):
    with refused_writes() as disk:
        a_full_disk(tmp_path, disk)


def test_no_room_for_even_a_lock(tmp_path, monkeypatch):
    dataset = create(tmp_path)

    def full(*args):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        raised(dataset.append, make_episode(0))
        raised(dataset.writing().__enter__)
    assert dataset.append(make_episode(0)) == 0


def test_a_real_disk_of_four_megabytes(tmp_path):
    """In a mount namespace of its own, which needs root or user namespaces."""
    alone = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    mount = f"mount -t tmpfs -o size={SIZE} none {tmp_path}"
    if subprocess.run([*alone, "sh", "-c", mount], capture_output=True, check=False).returncode:
        warnings.warn(
            f"no small disk ({mount} is not allowed here): writes are refused", stacklevel=1
        )
        test_a_disk_that_refuses_writes(tmp_path)
        return
    story = f"{mount} && exec {sys.executable} -m {__name__} {tmp_path}"
    told = subprocess.run(
        [*alone, "sh", "-c", story],
        cwd=Path(__file__).parents[4], capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert told.stdout.endswith("told to its end\n"), told.stderr


if __name__ == "__main__":
    a_full_disk(Path(sys.argv[1]), SmallDisk(Path(sys.argv[1])))
    print("told to its end")
