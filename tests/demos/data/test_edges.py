"""Limits of recording and editing: just under, at, and just over each."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

import demos.data.journal.take
from demos.data.dataset.reader import GAPS, episode_numbers
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.editing.episode_filter import EpisodeFilter
from demos.data.editing.filter import fits
from demos.data.editing.trim import trim
from demos.data.episodes.episode import NANOSECONDS, Actor, Episode
from demos.data.episodes.files import DENSEST, LONGEST, STEPS_FILE, open_steps
from demos.data.episodes.parquet import encode
from demos.data.exchange import folder_limits
from demos.data.exchange.folder_limits import SMALL, require_room
from demos.data.exchange.overcooked.importing import LATE, late_steps
from demos.data.inspection.idle import NEAR_ZERO, is_idle
from demos.data.inspection.step_statistics import STRETCH, compute_step_statistics, runs
from demos.data.journal.format import MARK, STEP, JournalFrame
from demos.data.journal.journal import PERIOD
from demos.data.journal.to_episodes import notes
from environments.system.errors import UserError
from tests.demos.data.dataset.test_store import ACTIONS, OBSERVATIONS, facts, make_episode
from tests.demos.support.recording import begin, rows

UP, DOWN = np.inf, -np.inf


def beside(value: float) -> tuple[float, float, float]:
    """The number just under, the number, the number just over."""
    return float(np.nextafter(value, DOWN)), value, float(np.nextafter(value, UP))


# ------------------------------------------------------------------ idle


@pytest.mark.parametrize("near_zero", [NEAR_ZERO, 0.25, 0.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_stick_at_rest_is_idle_up_to_its_threshold(near_zero, sign):
    space = spaces.Box(-1, 1, (1,), np.float64)
    under, at, over = (
        is_idle(np.array([[sign * v]]), space, 0, near_zero) for v in beside(near_zero)
    )
    assert (under[0], at[0], over[0]) == (True, True, False)


def test_the_threshold_is_of_half_the_range():
    space = spaces.Box(np.array([-2.0, 0.0]), np.array([2.0, 8.0]), dtype=np.float64)
    for k, reach in enumerate((2.0, 4.0)):
        action = np.zeros((1, 2))
        for value, wanted in zip(beside(0.05 * reach), (True, True, False), strict=True):
            action[0, k] = value
            assert is_idle(action, space, 0)[0] == wanted
    endless = spaces.Box(-np.inf, np.inf, (1,), np.float64)
    found = [bool(is_idle(np.array([[v]]), endless, 0)[0]) for v in beside(NEAR_ZERO)]
    assert found == [True, True, False]


def test_one_part_that_moves_is_enough():
    space = spaces.Box(-1, 1, (3,), np.float32)
    actions = np.zeros((2, 3), np.float32)
    actions[1, 2] = 0.051
    assert is_idle(actions, space, 0).tolist() == [True, False]


def still_and_busy(busy: int, idle: int = 3) -> dict[str, Any]:
    """An episode of idle steps around `busy` ones, in which nothing else happens."""
    steps = busy + 2 * idle
    actions = np.zeros(steps, np.int64)
    actions[idle : idle + busy] = 1
    zeros = np.zeros(steps, np.float32)
    return {
        "steps": steps,
        "actions": actions,
        "requested_actions": actions,
        "terms": {"soup": zeros},
        "costs": {"waste": zeros},
        "truncated": True,
        "terminated": False,
    }


@pytest.mark.parametrize(("busy", "left"), [(9, 15), (10, 10), (11, 11)])
def test_a_game_that_would_be_shorter_than_the_shortest_is_left(tmp_path, busy, left):
    store = Store(tmp_path)
    told = still_and_busy(busy)
    other = still_and_busy(20)  # so that there is something to do
    store.create("play", DatasetSpec(**facts())).append_many(
        [make_episode(0, **told), make_episode(1, **other)]
    )
    trim(store, "play", idle=0, shortest=10)
    assert [len(e) for e in store.open("play").load_all()] == [left, 20]


# ------------------------------------------------------------------ filters


def whole(**changes: Any) -> Episode:
    """Eight steps: a return of 8, 4 soups, a waste of 2, one late step, a rating of 3."""
    ones = np.ones(8, np.float32)
    content: dict[str, Any] = {
        "rewards": ones,
        "terms": {"soup": ones / 2},
        "costs": {"waste": ones / 4},
        "late": np.arange(8) == 0,
        "meta": {"rating": 3},
        "truncated": True,
        "terminated": False,
    }
    return make_episode(0, 8, **{**content, **changes})


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("min_return", 8.0, True),
        ("max_return", 8.0, False),
        ("min_star", 4.0, True),
        ("max_star", 4.0, False),
        ("max_late", 1 / 8, False),
    ],
)
def test_a_bound_of_a_filter_is_within(name: str, value: float, least: bool):
    asked: list[dict[str, Any]] = [{name: v} for v in beside(value)]
    under, at, over = (fits(whole(), EpisodeFilter(**one), "soup") for one in asked)
    assert (under, at, over) == ((True, True, False) if least else (False, True, True))


def test_a_cost_at_its_bound_is_kept():
    wanted = [False, True, True]
    limits = [EpisodeFilter(max_cost={"waste": v}) for v in beside(2.0)]
    assert [fits(whole(), limit, "soup") for limit in limits] == wanted


@pytest.mark.parametrize(("name", "value"), [("rating", 3), ("min_steps", 8)])
def test_a_whole_number_at_its_bound_is_kept(name, value):
    found = [fits(whole(), EpisodeFilter(**{name: v}), None) for v in (value - 1, value, value + 1)]
    assert found == [True, True, False]


def test_a_game_that_nobody_rated_has_no_rating():
    assert not fits(whole(meta={}), EpisodeFilter(rating=1), None)
    assert fits(whole(meta={}), EpisodeFilter(), None)


def test_a_game_that_ended_either_way_is_finished():
    wanted = EpisodeFilter(finished=True)
    assert fits(whole(), wanted, None)
    assert fits(whole(truncated=False, terminated=True), wanted, None)
    assert not fits(whole(truncated=False), wanted, None)


# ------------------------------------------------------------------ sizes


@pytest.mark.parametrize("longest", [7, 8])
def test_an_episode_as_long_as_can_be_is_kept_and_no_longer(tmp_path, monkeypatch, longest):
    monkeypatch.setattr("demos.data.episodes.parquet.LONGEST", longest)
    for steps in (longest - 1, longest):
        assert encode(make_episode(0, steps), OBSERVATIONS, ACTIONS["discrete"])
    with pytest.raises(
        ValueError, match=f"{longest + 1} steps, an episode holds at most {longest}"
    ):
        encode(make_episode(0, longest + 1), OBSERVATIONS, ACTIONS["discrete"])


def test_the_longest_episode_fits_into_one_batch_of_minari():
    assert LONGEST + 1 == 131_072


def test_a_take_ends_with_its_last_step(tmp_path, monkeypatch):
    monkeypatch.setattr(demos.data.journal.take, "LONGEST", 3)
    dataset = Store(tmp_path).create("play", DatasetSpec(**facts()))
    with dataset.writing(), begin(dataset, 0, 1) as take:
        for t in range(3):
            take.step(rows(0, t, seats=1))
        with pytest.raises(UserError, match="An episode holds at most 3 steps"):
            take.step(rows(0, 3, seats=1))
        (number,) = take.keep()
    assert len(dataset.load(number)) == 3


@pytest.mark.parametrize(("told", "said"), [(6, "has 8 rows, and needs 7"), (8, "needs 9")])
def test_steps_are_as_many_as_the_facts_say(told, said):
    data = encode(make_episode(0, 7), OBSERVATIONS, ACTIONS["discrete"])[STEPS_FILE]
    assert open_steps(data, 7).metadata.num_rows == 8
    with pytest.raises(ValueError, match=said):
        open_steps(data, told)


def test_a_file_holds_no_more_than_it_can(monkeypatch):
    data = encode(make_episode(0, 7), OBSERVATIONS, ACTIONS["discrete"])[STEPS_FILE]
    needed = next(d for d in range(DENSEST) if opens(data, d, monkeypatch))
    assert not opens(data, needed - 1, monkeypatch)
    assert opens(data, needed + 1, monkeypatch)


def opens(data: bytes, dense: int, monkeypatch: Any) -> bool:
    """Whether so many bytes pass where each may hold `dense` thousandths of a number."""
    monkeypatch.setattr("demos.data.episodes.files.DENSEST", dense / 1000)
    try:
        open_steps(data, 7)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("packed", [0, SMALL, 2 * SMALL])
def test_what_is_unpacked_has_a_limit(monkeypatch, packed):
    limit = folder_limits.DENSEST * max(packed, SMALL)
    for size in (limit - 1, limit):
        require_room(size, packed)
    with pytest.raises(ValueError, match="cannot hold"):
        require_room(limit + 1, packed)
    monkeypatch.setattr(folder_limits, "memory", lambda: 1000)
    for size in (999, 1000):
        require_room(size, packed)
    with pytest.raises(ValueError, match="more than this machine has room for"):
        require_room(1001, packed)


@pytest.mark.parametrize("there", [1, 3])
def test_gaps_between_episodes_have_a_limit(tmp_path, there):
    for number in range(there - 1):
        (tmp_path / str(number)).mkdir()
    last = 2 * there + GAPS
    (tmp_path / str(last)).mkdir()
    assert max(episode_numbers(tmp_path)) == last
    (tmp_path / str(last)).rename(tmp_path / str(last + 1))
    with pytest.raises(UserError, match=f"and one that is numbered {last + 1}"):
        episode_numbers(tmp_path)


# ------------------------------------------------------------------ time


def test_what_is_promised_of_the_journal_holds_twice_over():
    assert 2 * PERIOD < 0.5, "one wait to write and one to sync stay below the half second promised"


@pytest.mark.parametrize(("gap", "late"), [(-1, False), (0, False), (1, True)])
def test_a_step_is_late_beyond_one_and_a_half_ticks(gap, late):
    assert LATE == 1.5
    times = np.array([7, 7 + 375_000_000 + gap])  # ns, of ticks of 0.25 s
    assert late_steps(times, 0.25).tolist() == [False, late]


def test_the_shortest_game_took_no_time_and_two_steps_took_two():
    one = make_episode(0, 1, capture_times=np.array([5]))
    two = make_episode(0, 2, capture_times=np.array([0, NANOSECONDS]))
    assert (one.seconds, two.seconds) == (0.0, 2.0)


@pytest.mark.parametrize(("pace", "told"), [(0.49, 0), (0.5, 1), (0.51, 1)])
def test_a_stretch_is_told_from_its_length_on(tmp_path, pace, told):
    assert STRETCH == 2.0
    actions = np.array([1, 0, 0, 0, 0, 1], np.int64)
    times = np.round(np.arange(6) * pace * NANOSECONDS).astype(np.int64)
    dataset = Store(tmp_path).create("play", DatasetSpec(**facts("box")))
    moved = np.zeros((6, 2), np.float32)
    moved[:, 0] = actions
    dataset.append(
        make_episode(0, 6, "box", actions=moved, requested_actions=moved, capture_times=times)
    )
    assert len(compute_step_statistics(dataset).stretches) == told


def test_runs_of_any_length_are_found():
    flags = np.array([1, 0, 1, 1, 0, 0, 1, 1, 1], bool)
    assert runs(flags) == [1, 2, 3]
    assert runs(np.zeros(3, bool)) == []
    assert runs(np.ones(3, bool)) == [3]


@pytest.mark.parametrize(("steps", "mark"), [(2, 0), (2, 1), (2, 2)])
def test_a_mark_behind_the_last_step_is_of_that_one(steps, mark):
    entries = [JournalFrame(STEP, b"", k + 1) for k in range(mark)]
    entries.append(JournalFrame(MARK, b"", mark))
    entries += [JournalFrame(STEP, b"", k + 1) for k in range(mark, steps)]
    assert notes(entries, None) == {"marks": [min(mark, steps - 1)]}


@pytest.mark.parametrize(("rating", "fine"), [(0, False), (1, True), (5, True), (6, False)])
def test_a_rating_is_from_one_to_five(tmp_path, rating, fine):
    dataset = Store(tmp_path).create("play", DatasetSpec(**facts()))
    with dataset.writing(), begin(dataset, 0, 1) as take:
        take.step(rows(0, 0, seats=1))
        if not fine:
            with pytest.raises(ValueError, match="not 1 to 5"):
                take.keep(rating)
            take.discard()
            return
        take.keep(rating)
    assert dataset.load(0).meta["rating"] == rating


@pytest.mark.parametrize("code", [max(Actor), max(Actor) + 1])
def test_actors_are_those_there_are(code):
    actors = np.full(7, code, np.uint8)
    if code <= max(Actor):
        assert make_episode(0, actors=actors)
    else:
        with pytest.raises(ValueError, match="is no code of Actor"):
            make_episode(0, actors=actors)


def test_times_may_stand_still_and_not_run_back():
    still = np.array([3, 3, 4, 4, 4, 5, 5])
    assert make_episode(0, capture_times=still)
    with pytest.raises(ValueError, match="runs backwards at step 6"):
        make_episode(0, capture_times=np.array([3, 3, 4, 4, 4, 5, 4]))


def test_a_cost_may_be_nothing_and_not_less():
    nothing = np.zeros(7, np.float32)
    assert make_episode(0, costs={"waste": nothing})
    less = nothing.copy()
    less[3] = np.nextafter(np.float32(0), np.float32(-1))
    with pytest.raises(ValueError, match="negative at step 3"):
        replace(make_episode(0), costs={"waste": less})
