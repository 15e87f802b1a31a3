"""A take keeps what was played to the last bit, or nothing at all."""

from __future__ import annotations

import dataclasses
import time

import minari
import numpy as np
import pytest

import demos.data.journal.take
from demos.data.dataset.store import Store
from demos.data.journal.journal import NAME
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import assert_same, create, everything_below, make_episode
from tests.demos.support.recording import STREAMS, begin, expected, observation, row, rows


@pytest.fixture
def dataset(tmp_path):
    """An empty dataset, held for writing."""
    dataset = create(tmp_path)
    with dataset.writing():
        yield dataset


def assert_all_same(dataset, numbers, episodes):
    assert len(numbers) == len(episodes)
    for number, episode in zip(numbers, episodes, strict=True):
        assert_same(dataset.load(number), episode)
        np.testing.assert_array_equal(dataset.load(number).raw, episode.raw)


def test_a_kept_game_is_what_was_played(dataset):
    take = begin(dataset, 4)
    for step in range(30):
        if step in (3, 20):
            take.mark()
            take.mark()  # twice is once
        take.step(rows(4, step, ended=step == 29))
    assert take.steps == 30
    assert take.keep(rating=5) == [0, 1]
    assert_all_same(dataset, [0, 1], expected(4, 30, True, marks=(3, 20), rating=5))
    assert not (dataset.folder / NAME).exists()
    assert Store(dataset.folder.parent).open("play").check() == []


def test_a_game_broken_off_is_kept_as_aborted_with_a_mark_behind_its_end(dataset):
    with begin(dataset, 1, seats=1) as take:
        take.step(rows(1, 0, seats=1))
        take.mark()
        assert take.keep() == [0]
    assert dataset.load(0).aborted
    assert_all_same(dataset, [0], expected(1, 1, False, seats=1, marks=(0,)))


def test_the_versions_of_the_tools_are_noted(dataset):
    take = demos.data.journal.take.OpenEpisode.begin(
        dataset, STREAMS[1:], [observation(0, 0, 1)], match="m", seed=None, options={}, meta={}
    )
    take.step([row(0, 0, 1)])
    take.keep()
    assert dataset.load(0).meta["tools"]["numpy"] == np.__version__


def test_minari_opens_it_and_passes_over_the_raw_device_state(dataset):
    take = begin(dataset, 0)
    for step in range(5):
        take.step(rows(0, step))
    take.keep()
    opened = minari.MinariDataset(dataset.data)
    np.testing.assert_array_equal(opened[0].actions, dataset.load(0).actions)
    assert "raw" not in opened[0].infos
    assert dataset.load(0).raw.shape[1] > 0
    assert dataset.load(0).raw.shape == (5, 3)
    assert "raw" not in opened[1].infos
    assert dataset.load(1).raw.shape == (5, 0)


def test_an_episode_without_raw_states_has_the_files_it_always_had(tmp_path):
    dataset = create(tmp_path)
    dataset.append(make_episode(0))
    assert "raw" not in minari.MinariDataset(dataset.data)[0].infos
    assert dataset.load(0).raw.shape == (7, 0)


def test_what_was_discarded_leaves_no_trace(dataset):
    dataset.append(make_episode(0))
    before = everything_below(dataset.folder)
    take = begin(dataset, 0)
    take.step(rows(0, 0))
    take.discard()
    assert everything_below(dataset.folder) == before
    assert_same(dataset.load(0), make_episode(0))


def test_what_was_closed_is_complete_for_the_next_recorder(dataset):
    with begin(dataset, 0) as take:
        for step in range(9):
            take.step(rows(0, step))
    assert len(dataset) == 0
    begin(dataset, 1).discard()
    assert_all_same(dataset, [0, 1], expected(0, 9, False, recovered=True))


# ------------------------------------------------------------------ taking back


def kept(dataset, game):
    take = begin(dataset, game)
    take.step(rows(game, 0))
    return take.keep()


def test_taking_back_undoes_the_last_game(dataset):
    first, second = kept(dataset, 0), kept(dataset, 1)
    before = dataset.episode_facts(second[0])["match"]
    dataset.take_back(second)
    assert len(dataset) == 2
    assert minari.MinariDataset(dataset.data).total_episodes == 2
    third = kept(dataset, 2)
    assert (before, third) == ("game-1", second)
    assert dataset.episode_facts(third[0])["match"] == "game-2", "no stale facts"
    assert_all_same(dataset, first + third, expected(0, 1, False) + expected(2, 1, False))


@pytest.mark.parametrize("numbers", [[], [0], [0, 1], [1, 2], [3, 3], [4], [-1], [2, 4]])
def test_only_the_newest_can_be_taken_back(dataset, numbers):
    kept(dataset, 0), kept(dataset, 1)
    with pytest.raises(UserError, match="holds 4 episodes, and only the newest can be taken back"):
        dataset.take_back(numbers)
    assert len(dataset) == 4
    assert dataset.check() == []


def test_more_than_there_is_cannot_be_taken_back(dataset):
    with pytest.raises(UserError):
        dataset.take_back([-1])
    number = dataset.append(make_episode(0))
    with pytest.raises(UserError):
        dataset.take_back([-1, number])
    assert len(dataset) == 1


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"observation": np.zeros((3, 2), np.float32)}, "observation: shape"),
        ({"observation": np.float32(0)}, "observation: shape"),
        ({"applied": 0.5}, "applied: 0.5 is no int64"),
        ({"requested": np.zeros(2, int)}, "requested: shape"),
        ({"raw": np.zeros(2, np.float32)}, "raw: shape"),
        ({"reward": float("nan")}, "not finite"),
        ({"terms": np.array([np.inf], np.float32)}, "not finite"),
        ({"costs": np.array([-0.1], np.float32)}, "costs: negative"),
        ({"costs": np.zeros(0, np.float32)}, "costs: shape"),
        ({"terminated": True, "truncated": True}, "terminated"),
        ({"time": 5}, "time: 5 ns runs backwards"),
        ({"actor": 9}, "9 is not a valid Actor"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_the_game_goes_on(dataset, changes, words):
    take = begin(dataset, 0)
    take.step(rows(0, 0))
    wrong = [dataclasses.replace(row(0, 1, 0), **changes), row(0, 1, 1)]
    with pytest.raises(ValueError, match=words):
        take.step(wrong)
    assert take.steps == 1
    take.step(rows(0, 1))
    assert_all_same(dataset, take.keep(), expected(0, 2, False))


def test_a_game_that_ended_has_no_more_steps(dataset):
    take = begin(dataset, 0)
    take.step(rows(0, 0, ended=True))
    with pytest.raises(ValueError, match="the game ended"):
        take.step(rows(0, 1))
    assert_all_same(dataset, take.keep(), expected(0, 1, True))


def test_a_game_longer_than_an_episode_is_stopped_before_it_is_lost(dataset, monkeypatch):
    monkeypatch.setattr(demos.data.journal.take, "LONGEST", 3)
    take = begin(dataset, 0)
    for step in range(3):
        take.step(rows(0, step))
    with pytest.raises(UserError, match="at most 3 steps: keep this game or discard it"):
        take.step(rows(0, 3))
    assert_all_same(dataset, take.keep(), expected(0, 3, False))


def test_a_take_that_is_over_takes_nothing_more(dataset):
    take = begin(dataset, 0)
    with pytest.raises(ValueError, match="nothing to keep"):
        take.keep()
    take.step(rows(0, 0))
    with pytest.raises(ValueError, match="rating: 6"):
        take.keep(6)
    take.keep()
    for again in (take.keep, take.discard, take.mark, lambda: take.step(rows(0, 1))):
        with pytest.raises(ValueError, match="over"):
            again()
    assert len(dataset) == 2


def test_two_games_at_once_are_refused(dataset):
    take = begin(dataset, 0)
    take.step(rows(0, 0))
    began = time.monotonic()
    with pytest.raises(UserError, match="A game is being recorded into play"):
        begin(dataset, 1)
    assert time.monotonic() - began < 1
    assert_all_same(dataset, take.keep(), expected(0, 1, False))


def test_a_take_needs_the_lock(tmp_path):
    with pytest.raises(ValueError, match="writing"):
        begin(create(tmp_path), 0)


def test_options_that_are_not_json_are_refused_before_anything_is_written(dataset):
    before = everything_below(dataset.folder)
    with pytest.raises(ValueError, match="options: not plain JSON"):
        demos.data.journal.take.OpenEpisode.begin(
            dataset, STREAMS[1:], [observation(0, 0, 1)],
            match="m", seed=0, options={"a": (1,)}, meta={},
        )  # fmt: skip
    assert everything_below(dataset.folder) == before
