"""Repair recovers what a journal holds, says exactly what, and damage is named and never believed."""

from __future__ import annotations

import os
import shutil
from typing import Any

import numpy as np
import pytest

import demos.data.journal.recovery
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.episodes.files import CHECKSUM_FILE, FACTS_FILE, STEPS_FILE
from demos.data.journal.format import STEP, read_journal
from demos.data.journal.journal import NAME, DiskFull
from demos.data.journal.repair import COMPLETE, LOSSY, NOTHING, repair_command
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import assert_same, create, everything_below, make_episode
from tests.demos.support.recording import begin, expected, rows


def leave_journal(dataset, steps=10, orderly=False, game=0):
    """A journal as a crash, or an orderly end, leaves it."""
    with dataset.writing(), begin(dataset, game) as take:
        for step in range(steps):
            take.step(rows(game, step))
        take._journal.flush()
        crashed = (dataset.folder / NAME).read_bytes()
    if not orderly:
        (dataset.folder / NAME).write_bytes(crashed)


def assert_recovered(dataset, numbers, steps):
    for number, episode in zip(numbers, expected(0, steps, False, recovered=True), strict=True):
        assert_same(dataset.load(number), episode)
        assert dataset.load(number).aborted


@pytest.fixture
def three(tmp_path):
    """A dataset of three episodes."""
    dataset = create(tmp_path)
    dataset.append_many([make_episode(number) for number in range(3)])
    return dataset


def test_a_whole_dataset_is_complete_and_stays_as_it_is(three, tmp_path, capsys):
    before = everything_below(tmp_path)
    assert repair_command(tmp_path, "play") == COMPLETE
    assert capsys.readouterr().out == "Dataset play: all 3 episodes are whole.\n"
    assert everything_below(tmp_path) - before == set()


def test_an_unknown_dataset_is_a_mistake(three, tmp_path):
    with pytest.raises(UserError, match=r"There is no dataset plya .*did you mean play\?"):
        repair_command(tmp_path, "plya")


def test_a_crashed_game_is_recovered_as_an_aborted_episode(three, tmp_path, capsys):
    leave_journal(three)
    assert repair_command(tmp_path, "play") == LOSSY
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "Dataset play: 10 steps (0.2 s) of the game game-0, played by Ada (keyboard) and cook_1 "
        "(none), are episode 3 and 4 now; what came after them, at most 0.5 s before the crash, "
        "was not on the disk yet.",
        "Dataset play: all 5 episodes are whole.",
    ]
    assert_recovered(three, [3, 4], 10)
    assert repair_command(tmp_path, "play") == COMPLETE
    assert len(three) == 5


def test_a_game_that_was_closed_in_order_is_complete(three, tmp_path, capsys):
    leave_journal(three, orderly=True)
    assert repair_command(tmp_path, "play") == COMPLETE
    assert "are episode 3 and 4 now, and nothing of it is lost." in capsys.readouterr().out
    assert_recovered(three, [3, 4], 10)


def test_a_game_without_a_step_is_no_loss(three, tmp_path, capsys):
    leave_journal(three, steps=0)
    assert repair_command(tmp_path, "play") == COMPLETE
    assert "had no step yet: nothing is lost" in capsys.readouterr().out
    assert len(three) == 3


def test_a_journal_of_which_nothing_can_be_read_is_set_aside(tmp_path, capsys):
    dataset = create(tmp_path)
    (dataset.folder / NAME).write_bytes(b"no journal at all")
    assert repair_command(tmp_path, "play") == NOTHING
    out = capsys.readouterr().out
    assert "does not say what was recorded; it is set aside as journal.damaged-1 (17 bytes)" in out
    assert (dataset.folder / "journal.damaged-1").read_bytes() == b"no journal at all"
    (dataset.folder / NAME).write_bytes(b"another")
    repair_command(tmp_path, "play")
    assert (dataset.folder / "journal.damaged-2").read_bytes() == b"another"


def test_a_journal_of_another_world_is_set_aside(three, tmp_path, capsys):
    shutil.rmtree(tmp_path / "other", ignore_errors=True)
    facts: dict[str, Any] = {
        "world": "test/World-v0",
        "fingerprint": "new",
        "terms": ["soup"],
        "costs": ["waste"],
    }
    other = Store(tmp_path).create(
        "other",
        DatasetSpec(
            observation_space=three.revision.observation_space,
            action_space=three.revision.action_space,
            **facts,
        ),
    )
    leave_journal(three)
    (three.folder / NAME).rename(other.folder / NAME)
    assert repair_command(tmp_path, "other") == NOTHING
    assert "is of another world" in capsys.readouterr().out
    assert (other.folder / "journal.damaged-1").exists()


# ------------------------------------------------------------------ a crash in the middle of keeping


@pytest.mark.parametrize("placed", [0, 1, 2])
def test_a_game_that_died_while_it_was_kept_is_kept_once(
    three, tmp_path, placed, capsys, monkeypatch
):
    """The journal says that it is to be kept, and none, one or both of its streams are in place."""
    with three.writing(), begin(three, 0) as take:
        for step in range(10):
            take.step(rows(0, step))
        journal = three.folder / NAME
        with monkeypatch.context() as patch:
            patch.setattr(take._journal, "remove", lambda: None)
            take.keep(4)
        left = journal.read_bytes()
        take._journal.remove()
    if placed < 2:
        three.take_back([3, 4][placed:])
    journal.write_bytes(left)
    assert repair_command(tmp_path, "play") == COMPLETE
    assert "are episode 3 and 4 now, and nothing of it is lost" in capsys.readouterr().out
    assert len(three) == 5
    for number, episode in zip([3, 4], expected(0, 10, False, rating=4), strict=True):
        assert_same(three.load(number), episode)


def test_a_crash_while_recovering_recovers_nothing_twice(three, tmp_path, monkeypatch):
    leave_journal(three)

    class Unplugged(BaseException):
        """Stands for whatever ends a process."""

    def unplug(*args):
        raise Unplugged

    with monkeypatch.context() as patch:
        patch.setattr(demos.data.journal.recovery, "_drop", unplug)
        with pytest.raises(Unplugged):
            repair_command(tmp_path, "play")
    assert repair_command(tmp_path, "play") == LOSSY
    assert len(three) == 5
    assert_recovered(three, [3, 4], 10)


def test_a_full_disk_while_recovering_loses_nothing(three, tmp_path, monkeypatch):
    leave_journal(three)
    before = everything_below(tmp_path)

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(DiskFull):
            repair_command(tmp_path, "play")
    assert everything_below(tmp_path) == before
    assert repair_command(tmp_path, "play") == LOSSY
    assert_recovered(three, [3, 4], 10)


# ------------------------------------------------------------------ damage


def test_a_damaged_episode_is_named_and_stays_where_it_is(three, tmp_path, capsys):
    path = three.data / "1" / STEPS_FILE
    path.write_bytes(path.read_bytes()[:100])
    before = everything_below(tmp_path)
    assert repair_command(tmp_path, "play") == LOSSY
    out = capsys.readouterr().out
    assert "Dataset play, episode 1: part-0.parquet is not what was written" in out
    assert "2 of 3 episodes are whole, 1 damaged; all keep their numbers" in out
    assert everything_below(tmp_path) == before
    assert_same(three.load(2), make_episode(2))


def test_nothing_whole_is_nothing(three, tmp_path):
    for number in range(3):
        (three.data / str(number) / FACTS_FILE).write_bytes(b"{}")
    assert repair_command(tmp_path, "play") == NOTHING


@pytest.mark.parametrize("words", [b"", b"revision-v9\n", b"\xff\xfe", None])
def test_a_lost_pointer_is_found_again_and_told(three, tmp_path, words, capsys):
    pointer = three.folder / "current"
    pointer.unlink() if words is None else pointer.write_bytes(words)
    assert repair_command(tmp_path, "play") == LOSSY
    assert "`current` named no revision; of its 1 the newest" in capsys.readouterr().out
    assert Store(tmp_path).open("play").check() == []
    assert repair_command(tmp_path, "play") == COMPLETE


def test_a_damaged_revision_is_nothing_and_is_left_alone(three, tmp_path, capsys):
    path = three.data.parent / "revision.json"
    path.write_text(path.read_text().replace("abc", "abd"))
    before = path.read_bytes()
    assert repair_command(tmp_path, "play") == NOTHING
    assert "restore it from a copy" in capsys.readouterr().out
    assert path.read_bytes() == before


def damage_files(three, root, flips, cuts, seed):
    """Every flip and cut of a file of episode 1 is named with it; 0 and 2 load as ever."""
    rng = np.random.default_rng(seed)
    files = (STEPS_FILE, FACTS_FILE, CHECKSUM_FILE)
    whole = {name: (three.data / "1" / name).read_bytes() for name in files}
    for turn in range(flips + cuts):
        name = files[rng.choice(3, p=(0.6, 0.25, 0.15))]
        broken = flip(rng, whole[name]) if turn < flips else cut(rng, whole[name])
        (three.data / "1" / name).write_bytes(broken)
        dataset = Store(root).open("play")
        complaints = dataset.check()
        assert len(complaints) == 1, (name, turn)
        assert complaints[0].startswith("Dataset play, episode 1: ")
        assert_same(dataset.load(0), make_episode(0))
        assert_same(dataset.load(2), make_episode(2))
        (three.data / "1" / name).write_bytes(whole[name])
    assert Store(root).open("play").check() == []


def damage_journal(three, root, flips, cuts, seed):
    """Every flip and cut of a journal costs steps at its end, is told, and touches no episode."""
    rng = np.random.default_rng(seed)
    leave_journal(three, steps=20, orderly=True)
    path = three.folder / NAME
    whole = path.read_bytes()
    for turn in range(flips + cuts):
        path.write_bytes(flip(rng, whole) if turn < flips else cut(rng, whole))
        believed = sum(entry.kind == STEP for entry in read_journal(path).entries)
        assert repair_command(root, "play") == LOSSY
        assert len(three) == 3 + 2 * (believed > 0)
        if believed:
            assert_recovered(three, [3, 4], believed)
            three.take_back([3, 4])
        for number in range(3):
            assert_same(three.load(number), make_episode(number))
        for aside in three.folder.glob("journal.damaged-*"):
            aside.unlink()


def flip(rng, data):
    flipped = bytearray(data)
    flipped[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return bytes(flipped)


def cut(rng, data):
    return data[: rng.integers(len(data))]


def test_some_damage_to_files_is_named(three, tmp_path):
    damage_files(three, tmp_path, flips=80, cuts=20, seed=0)


def test_some_damage_to_a_journal_is_told(three, tmp_path):
    damage_journal(three, tmp_path, flips=30, cuts=15, seed=0)


@pytest.mark.battery("recordings: bits flipped, ends cut off")
@pytest.mark.slow
def test_a_thousand_flips_and_two_hundred_cuts_are_all_named(three, tmp_path, record_property):
    damage_files(three, tmp_path, flips=700, cuts=140, seed=1)
    damage_journal(three, tmp_path, flips=300, cuts=60, seed=1)
    record_property("tries", 1200)
