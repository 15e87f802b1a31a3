"""A take at its edges: the last step that fits, a disk that refuses, and what is on it while it is kept."""

from __future__ import annotations

import errno
import json
import shutil
from typing import Any, cast

import pytest

import demos.data.journal.take as take_file
from demos.data.journal.format import END, KEEP, read_journal
from demos.data.journal.journal import NAME, DiskFull
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import create
from tests.demos.support.recording import begin, rows


@pytest.fixture
def dataset(tmp_path):
    found = create(tmp_path)
    with found.writing():
        yield found


def test_the_last_step_that_fits(dataset, monkeypatch):
    monkeypatch.setattr(take_file, "LONGEST", 2)
    with begin(dataset, 0) as take:
        take.step(rows(0, 0))
        take.step(rows(0, 1))
        with pytest.raises(UserError, match="at most 2 steps"):
            take.step(rows(0, 2))
        assert take.steps == 2
        take.discard()


def test_a_step_that_the_disk_refused_is_recorded_in_memory_and_told_once(dataset):
    with begin(dataset, 0) as take:
        take.step(rows(0, 0))
        cast(Any, take)._journal._error = OSError(errno.ENOSPC, "no space")
        with pytest.raises(DiskFull):
            take.step(rows(0, 1))
        assert take.steps == 2
        take.step(rows(0, 2))
        assert take.keep() == [0, 1]
    assert len(dataset.load(0)) == 3


@pytest.mark.parametrize("rating", [None, 3])
def test_what_is_meant_to_happen_is_on_the_disk_before_it_does(
    dataset, tmp_path, monkeypatch, rating
):
    """So that a process that dies in it can be helped by the next."""
    seen, real = [], type(dataset).append_many

    def append_many(self: Any, episodes: Any) -> list[int]:
        copied = tmp_path / "copied"  # the journal itself is locked
        shutil.copyfile(dataset.folder / NAME, copied)
        seen.append(read_journal(copied).entries[-1])
        return list(real(self, episodes))

    monkeypatch.setattr(type(dataset), "append_many", append_many)
    take = begin(dataset, 0)
    take.step(rows(0, 0))
    take.keep(rating)
    ((kind, payload, steps),) = seen
    assert (kind, json.loads(payload), steps) == (KEEP, {"rating": rating}, 1)
    assert not (dataset.folder / NAME).exists()


def test_nothing_is_kept_of_no_steps_and_one_is_enough(dataset):
    with begin(dataset, 0) as take:
        with pytest.raises(ValueError, match="nothing to keep"):
            take.keep()
        take.step(rows(0, 0))
        assert take.keep() == [0, 1]


@pytest.mark.parametrize("end", ["keep", "discard", "close"])
def test_a_take_that_is_over_stays_over(dataset, end):
    with begin(dataset, 0) as take:
        take.step(rows(0, 0))
        getattr(take, end)()
        for again in (take.mark, take.keep, take.discard, lambda: take.step(rows(0, 1))):
            with pytest.raises(ValueError, match="take: it is over"):
                again()
    assert (dataset.folder / NAME).exists() is (end == "close")
    assert len(dataset) == (2 if end == "keep" else 0)


def test_leaving_the_block_closes_the_journal_in_order(dataset):
    with begin(dataset, 0) as take:
        take.step(rows(0, 0))
    assert read_journal(dataset.folder / NAME).entries[-1].kind == END


def test_it_needs_the_lock(tmp_path):
    with pytest.raises(ValueError, match=r"dataset: a take needs `with dataset.writing\(\):`"):
        begin(create(tmp_path), 0)
