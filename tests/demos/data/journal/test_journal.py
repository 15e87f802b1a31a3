"""A journal is on the disk soon, holds up nobody, and says how far it can be believed."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

from demos.data.journal.format import END, FIRST, HEAD, MARK, STEP, read_journal
from demos.data.journal.journal import PERIOD, DiskFull, Journal

STEPS = 20


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal"


def create(path):
    return Journal.create(path, "dataset play", b"{}", b"begin")


def fill(journal, steps=STEPS):
    for step in range(steps):
        journal.add(STEP, bytes([step]) * (20 + step))
        if step == 4:
            journal.add(MARK, b"")


@pytest.fixture
def whole(path):
    """The bytes of a journal that was closed in order."""
    journal = create(path)
    fill(journal)
    journal.close()
    return path.read_bytes()


def payloads(found):
    return [entry.payload for entry in found.entries if entry.kind == STEP]


def test_what_was_written_is_read(path, whole):
    found = read_journal(path)
    assert [entry.kind for entry in found.entries] == [
        HEAD, FIRST, *[STEP] * 5, MARK, *[STEP] * 15, END,
    ]  # fmt: skip
    assert payloads(found) == [bytes([step]) * (20 + step) for step in range(STEPS)]
    assert (found.rest, found.beyond, found.closed) == (0, 0, True)


def test_a_torn_tail_is_recognised_wherever_it_is_torn(path, whole):
    sizes = []
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        found = read_journal(path)
        assert payloads(found) == [bytes([s]) * (20 + s) for s in range(len(payloads(found)))]
        assert not found.closed
        assert found.beyond == 0
        sizes.append(len(payloads(found)))
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (0, STEPS)


def test_any_flipped_bit_ends_what_is_believed_and_what_is_behind_is_counted(path, whole):
    rng = np.random.default_rng(0)
    for place in rng.integers(len(whole), size=300):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        found = read_journal(path)
        believed = payloads(found)
        assert believed == [bytes([s]) * (20 + s) for s in range(len(believed))]
        assert not found.closed
        assert found.rest > 0
        if len(believed) < STEPS - 1:
            assert found.beyond == STEPS


def test_frames_that_are_whole_but_out_of_order_are_not_believed(path, whole):
    first = whole.index(bytes([0]) * 20) + 20  # behind the first step
    second = whole.index(bytes([1]) * 21) + 21
    path.write_bytes(whole[:first] + whole[second:])
    assert len(payloads(read_journal(path))) == 1
    path.write_bytes(whole[:second] + whole[first:second] + whole[second:])
    assert len(payloads(read_journal(path))) == 2


def test_it_reaches_the_system_by_itself(path):
    journal = create(path)
    fill(journal)
    deadline = time.monotonic() + 30 * PERIOD
    while time.monotonic() < deadline and path.stat().st_size < 600:
        time.sleep(PERIOD / 4)
    data = path.read_bytes()
    journal.remove()
    assert bytes([STEPS - 1]) * (20 + STEPS - 1) in data


def test_a_disk_that_stands_still_holds_up_nobody_and_keeps_nothing_from_the_system(
    path, monkeypatch
):
    journal = create(path)
    go_on = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda file: go_on.wait(30))
    fill(journal, 3)
    time.sleep(3 * PERIOD)  # by now a sync is waiting for the disk
    fill(journal, 3)
    assert journal.steps == 6, "adding waits for nothing"
    deadline = time.monotonic() + 30 * PERIOD
    while time.monotonic() < deadline and path.read_bytes().count(bytes([2]) * 22) < 2:
        time.sleep(PERIOD / 4)
    assert path.read_bytes().count(bytes([2]) * 22) == 2, "writing waits for no sync"
    go_on.set()
    journal.remove()


def fails(error):
    def fail(*args):
        raise error

    return fail


def test_a_full_disk_is_told_once_and_what_could_not_be_written_is_written_later(path, monkeypatch):
    journal = create(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fails(OSError(28, "No space left on device")))
        fill(journal)
        with pytest.raises(DiskFull, match="dataset play is full: free some space"):
            journal.flush()
        deadline = time.monotonic() + 30 * PERIOD
        told = False
        while not told and time.monotonic() < deadline:
            time.sleep(PERIOD / 4)
            try:
                journal.check()
            except DiskFull:
                told = True
        assert told, "the thread's own failure is told by check"
    journal.close()
    assert len(payloads(read_journal(path))) == STEPS


@pytest.mark.parametrize("number", [28, 122])  # no space left, quota exceeded
def test_what_a_failed_sync_may_have_dropped_is_written_again(path, monkeypatch, number):
    journal = create(path)
    fill(journal)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails(OSError(number, "full")))
        with pytest.raises(DiskFull):
            journal.flush()
    size = path.stat().st_size
    with path.open("r+b") as file:  # as if the system had dropped what it could not store
        file.seek(60)
        file.write(bytes(size - 60))
    journal.close()
    assert len(payloads(read_journal(path))) == STEPS


def test_no_room_for_a_journal_leaves_no_journal(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", fails(OSError(28, "No space left on device")))
        with pytest.raises(DiskFull):
            create(path)
    assert not path.exists()
    create(path).remove()
    assert not path.exists()
