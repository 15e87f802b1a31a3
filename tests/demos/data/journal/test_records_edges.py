"""Steps as bytes at their edges: what stands where, what is just allowed, and what is just not."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast

import numpy as np
import pytest

from demos.data.episodes.episode import Actor
from demos.data.journal.format import MARK, STEP, JournalFrame
from demos.data.journal.records import (
    NOT_THERE,
    GameHeader,
    RecordLayout,
    StepRecord,
    Stream,
)
from demos.data.journal.take import OpenEpisode
from demos.data.journal.to_episodes import make_episodes, notes
from tests.demos.data.dataset.test_store import assert_same, create
from tests.demos.support.recording import STREAMS, begin, expected, observation, row, rows


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Nothing is written into it."""
    return create(tmp_path_factory.mktemp("records"))


GAME = GameHeader(
    world="test/World-v0",
    fingerprint="abc",
    terms=("soup",),
    costs=("waste",),
    streams=STREAMS,
    match="game-4",
    seed=4,
    options={"horizon": 99},
    meta={"tick": 1 / 60, "tools": {}},
)


def layout(dataset, seats=2) -> RecordLayout:
    return RecordLayout(dataset, dataclasses.replace(GAME, streams=STREAMS[:seats]))


def changed(**changes: Any) -> list[StepRecord]:
    """A step of two, of which the second differs from a sound one."""
    return [row(4, 1, 0), dataclasses.replace(row(4, 1, 1), **changes)]


# ------------------------------------------------------------------ the header


def test_a_header_comes_back_as_it_was():
    assert GameHeader.from_json(GAME.to_json()) == GAME
    named = Stream("a", None, "none", ("x", "y"))
    bare = dataclasses.replace(GAME, streams=(named,), seed=None, terms=(), costs=())
    assert GameHeader.from_json(bare.to_json()) == bare


@pytest.mark.parametrize("name", ["options", "meta"])
def test_what_would_not_come_back_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}: not plain JSON"):
        dataclasses.replace(GAME, **{name: cast(Any, {"a": (1,)})}).to_json()


def told(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {**json.loads(GAME.to_json()), **changes}
    return facts


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (told(more=1), "more than a game"),
        (told(match=None), "match"),
        (told(streams=[{**told()["streams"][0], "more": 1}]), "a stream of something else"),
        (told(streams=[{**told()["streams"][0], "agent": ""}]), "streams.agent"),
        (told(streams=[{}]), "streams."),
        ({}, "world"),
    ],
)
def test_what_is_no_header_is_told(facts, words):
    with pytest.raises(ValueError, match=words):
        GameHeader.from_json(json.dumps(facts).encode())


@pytest.mark.parametrize(("streams", "holds"), [(999, True), (1000, True), (1001, False)])
def test_a_game_has_at_most_a_thousand_streams(streams, holds):
    text = json.dumps(told(streams=[told()["streams"][1]] * streams)).encode()
    if holds:
        assert len(GameHeader.from_json(text).streams) == streams
    else:
        with pytest.raises(ValueError, match="streams"):
            GameHeader.from_json(text)


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"match": "other", "seed": None}, True),
        ({"world": "test/Other-v0"}, False),
        ({"fingerprint": "abd"}, False),
        ({"terms": ("soup", "more")}, False),
        ({"costs": ()}, False),
    ],
)
def test_a_game_fits_a_dataset_of_its_world_and_its_names(dataset, change, fits):
    assert dataclasses.replace(GAME, **change).fits(dataset) is fits


# ------------------------------------------------------------------ the bytes


def test_what_stands_where(dataset):
    found = layout(dataset)
    first = [observation(4, 0, seat) for seat in range(2)]
    begins = np.frombuffer(found.pack_first(first), np.float32).reshape(2, 2, 3)
    np.testing.assert_array_equal(begins, first)
    given = rows(4, 0)
    packed = found.pack(given)
    assert len(packed) == found.step.itemsize
    (record,) = np.frombuffer(packed, found.step)
    for seat, wanted in enumerate(given):
        one = record[str(seat)]
        np.testing.assert_array_equal(one["observation"], wanted.observation)
        assert (one["requested"], one["applied"]) == (wanted.requested, wanted.applied)
        np.testing.assert_array_equal(one["raw"], wanted.raw)
        assert one["scores"].tolist() == [wanted.reward, wanted.terms[0], wanted.costs[0]]
        assert (one["time"], one["late"], one["actor"]) == (wanted.time, wanted.late, wanted.actor)
        assert (one["terminated"], one["truncated"]) == (False, False)


def test_several_terms_and_costs_stand_in_their_order(dataset):
    game = dataclasses.replace(GAME, terms=("a", "b"), costs=("c", "d", "e"), streams=STREAMS[1:])
    found = RecordLayout(dataset, game)
    one = dataclasses.replace(
        row(4, 0, 1), reward=9.0, terms=np.array([1.0, 2.0]), costs=np.array([3.0, 4.0, 5.0])
    )
    packed = [found.pack([one])]
    (record,) = np.frombuffer(packed[0], found.step)
    assert record["0"]["scores"].tolist() == [9, 1, 2, 3, 4, 5]
    first = found.pack_first([observation(4, 0, 1)])
    (episode,) = make_episodes(dataset, game, first, packed, {})
    assert {name: values.tolist() for name, values in episode.terms.items()} == {"a": [1], "b": [2]}
    assert {n: v.tolist() for n, v in episode.costs.items()} == {"c": [3], "d": [4], "e": [5]}
    assert episode.rewards.tolist() == [9]


def test_one_cost_below_nothing_is_one_too_many(dataset):
    game = dataclasses.replace(GAME, costs=("a", "b"), streams=STREAMS[1:])
    one = dataclasses.replace(row(4, 0, 1), costs=np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match=r"costs: negative in \[1.0, -1.0\]"):
        RecordLayout(dataset, game).pack([one])


@pytest.mark.parametrize("flag", ["terminated", "truncated"])
def test_an_episode_ended_as_its_last_step_did(dataset, flag):
    found = layout(dataset, seats=1)
    first = found.pack_first([observation(4, 0, 0)])
    steps = [
        found.pack([dataclasses.replace(row(4, step, 0), **{flag: cast(Any, step == 2)})])
        for step in range(3)
    ]
    game = dataclasses.replace(GAME, streams=STREAMS[:1])
    (episode,) = make_episodes(dataset, game, first, steps, {})
    assert (episode.terminated, episode.truncated) == (flag == "terminated", flag == "truncated")


def test_a_game_of_no_costs_is_packed_too(dataset):
    game = dataclasses.replace(GAME, costs=(), streams=STREAMS[1:])
    found = RecordLayout(dataset, game)
    one = dataclasses.replace(row(4, 0, 1), terms=np.array([-1.0]), costs=np.zeros(0))
    (record,) = np.frombuffer(found.pack([one]), found.step)
    assert record["0"]["scores"].tolist() == pytest.approx([one.reward, -1.0])


def test_a_game_is_made_of_its_bytes(dataset):
    found = layout(dataset)
    first = found.pack_first([observation(4, 0, seat) for seat in range(2)])
    steps = [found.pack(rows(4, step, ended=step == 2)) for step in range(3)]
    made = make_episodes(dataset, GAME, first, steps, {"marks": [1]})
    for ours, theirs in zip(made, expected(4, 3, True, marks=(1,)), strict=True):
        assert_same(ours, theirs)
        np.testing.assert_array_equal(ours.raw, theirs.raw)
        assert ours.observations.flags.c_contiguous
        assert ours.actions.flags.c_contiguous


@pytest.mark.parametrize("rows_", [0, 1, 3])
def test_a_row_and_an_observation_for_each_stream(dataset, rows_):
    found = layout(dataset)
    with pytest.raises(ValueError, match=f"first: {rows_} observations for 2 streams"):
        found.pack_first([observation(4, 0, 0)] * rows_)
    with pytest.raises(ValueError, match=f"rows: {rows_} for 2 streams"):
        found.pack([row(4, 0, 0)] * rows_)


# ------------------------------------------------------------------ when it ended


@pytest.mark.parametrize("flag", ["terminated", "truncated"])
@pytest.mark.parametrize("seat", [0, 1])
def test_a_stream_ends_for_itself_and_the_other_goes_on(dataset, flag, seat):
    found = layout(dataset)
    found.pack(rows(4, 0))
    given = rows(4, 1)
    given[seat] = dataclasses.replace(given[seat], **{flag: True})
    (record,) = np.frombuffer(found.pack(given), found.step)
    assert record[str(seat)][flag]
    assert not record[str(1 - seat)][flag]
    with pytest.raises(ValueError, match="ended with a step before"):
        found.pack(rows(4, 2))
    gone = rows(4, 2)
    gone[seat] = dataclasses.replace(gone[seat], present=False)
    (record,) = np.frombuffer(found.pack(gone), found.step)
    assert record[str(seat)]["actor"] == NOT_THERE


@pytest.mark.parametrize(
    ("there", "kept"),
    [("111000", range(3)), ("001110", range(2, 5)), ("110111", range(2)), ("111111", range(6))],
)
def test_an_episode_has_the_steps_in_which_its_agent_was_there(dataset, there, kept):
    found, packed = layout(dataset), b""
    for step, flag in enumerate(there):
        both = rows(4, step)
        both[1] = dataclasses.replace(both[1], present=flag == "1")
        packed += found.pack(both)
    first = found.pack_first([observation(4, 0, 0), observation(4, 0, 1)])
    steps = [packed[k * found.step.itemsize :][: found.step.itemsize] for k in range(len(there))]
    one, other = make_episodes(dataset, GAME, first, steps, {"marks": [0, 2, 4]})
    assert (len(one), one.meta["marks"]) == (6, [0, 2, 4])
    assert len(other) == len(kept)
    assert np.array_equal(
        other.observations,
        np.stack([observation(4, t, 1) for t in range(kept.start, kept.stop + 1)]),
    )
    assert other.meta["marks"] == [m - kept.start for m in (0, 2, 4) if m in kept]
    assert other.meta.get("joined", 0) == kept.start


def test_an_agent_that_never_came_has_no_episode_and_is_named(dataset):
    found = layout(dataset)
    both = rows(4, 0)
    both[1] = dataclasses.replace(both[1], present=False)
    first = found.pack_first([observation(4, 0, 0), observation(4, 0, 1)])
    (only,) = make_episodes(dataset, GAME, first, [found.pack(both)], {})
    assert (only.agent, only.meta["absent"]) == ("cook_0", ["cook_1"])


def test_nothing_ends_both_ways(dataset):
    with pytest.raises(ValueError, match="terminated"):
        layout(dataset).pack(changed(terminated=True, truncated=True))


def test_time_may_stand_still_and_each_stream_has_its_own(dataset):
    found = layout(dataset)
    found.pack(
        [dataclasses.replace(row(4, 0, 0), time=50), dataclasses.replace(row(4, 0, 1), time=20)]
    )
    found.pack(
        [dataclasses.replace(row(4, 0, 0), time=50), dataclasses.replace(row(4, 0, 1), time=30)]
    )
    with pytest.raises(ValueError, match="time: 49 ns runs backwards"):
        found.pack([dataclasses.replace(row(4, 0, 0), time=49), row(4, 0, 1)])
    with pytest.raises(ValueError, match="time: 29 ns runs backwards"):
        found.pack([row(4, 0, 0), dataclasses.replace(row(4, 0, 1), time=29)])


def test_the_earliest_time_there_is_may_be_the_first(dataset):
    least = np.iinfo(np.int64).min
    found = layout(dataset)
    found.pack([dataclasses.replace(row(4, 0, seat), time=least) for seat in range(2)])


# ------------------------------------------------------------------ what may stand there


@pytest.mark.parametrize(
    "change",
    [
        {"applied": 1.0},  # a whole number, however it is written
        {"applied": np.int8(3)},
        {"observation": np.full((2, 3), 0.1)},  # rounded to what the world takes
        {"raw": np.zeros(0)},
        {"costs": np.zeros(1)},
        {"costs": np.array([np.finfo(np.float32).tiny])},
        {"terms": np.array([-1e30])},
        {"terms": np.array([3])},
        {"actor": 3},
    ],
)
def test_what_is_just_allowed(dataset, change):
    layout(dataset).pack(changed(**change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"applied": 1.5}, "applied: 1.5 is no int64"),
        ({"requested": 2.5}, "requested: 2.5 is no int64"),
        ({"applied": np.array([1])}, r"applied: shape \(1,\), need \(\)"),
        (
            {"observation": np.zeros((1, 3), np.float32)},
            r"observation: shape \(1, 3\), need \(2, 3\)",
        ),
        ({"observation": np.full((2, 3), 2**24 + 1)}, "is no float32"),
        ({"raw": np.zeros(1, np.float32)}, "raw: shape"),
        ({"terms": np.array([2**24 + 1])}, "terms: .* is no float32"),
        ({"terms": np.zeros(2)}, "terms: shape"),
        ({"terms": np.array([np.nan])}, "not finite in .*nan"),
        ({"costs": np.array([np.inf])}, "not finite in .*inf"),
        ({"reward": -np.inf}, "not finite in .*inf"),
        ({"costs": np.array([-np.finfo(np.float32).tiny])}, "costs: negative in"),
        ({"actor": 4}, "4 is not a valid Actor"),
    ],
)
def test_what_is_just_not(dataset, change, words):
    with pytest.raises(ValueError, match=words):
        layout(dataset).pack(changed(**change))


# ------------------------------------------------------------------ notes


def journal(*kinds: bytes) -> list[JournalFrame]:
    """What happened, in order."""
    steps, found = 0, []
    for kind in kinds:
        steps += kind == STEP
        found.append(JournalFrame(kind, b"", steps))
    return found


@pytest.mark.parametrize(
    ("kinds", "marks"),
    [
        ((STEP,), []),
        ((MARK, STEP), [0]),
        ((STEP, MARK), [0]),  # behind the last step: of that one
        ((STEP, MARK, STEP), [1]),
        ((MARK, STEP, MARK, MARK, STEP, STEP, MARK), [0, 1, 2]),
        ((STEP, STEP, MARK, STEP, MARK), [2]),
    ],
)
def test_a_mark_is_of_the_step_to_come(kinds, marks):
    assert notes(journal(*kinds), None) == {"marks": marks}


def test_a_rating_is_noted_where_there_is_one():
    assert notes(journal(STEP), 1) == {"marks": [], "rating": 1}


# ------------------------------------------------------------------ a take, from its beginning to its end


@pytest.fixture
def open_dataset(tmp_path):
    found = create(tmp_path)
    with found.writing():
        yield found


@pytest.mark.parametrize(
    ("rating", "holds"), [(None, True), (0, False), (1, True), (5, True), (6, False)]
)
def test_a_rating_is_from_1_to_5_or_none(open_dataset, rating, holds):
    with begin(open_dataset, 4) as take:
        take.step(rows(4, 0))
        if holds:
            assert take.keep(rating) == [0, 1]
            assert open_dataset.load(0).meta.get("rating") == rating
        else:
            with pytest.raises(ValueError, match=f"rating: {rating}, not 1 to 5"):
                take.keep(rating)
            take.discard()


def test_a_row_that_was_refused_was_not_recorded(open_dataset):
    with begin(open_dataset, 4) as take:
        take.step(rows(4, 0))
        with pytest.raises(ValueError, match="applied"):
            take.step(changed(applied=0.5))
        assert take.steps == 1
        take.step(changed())
        take.keep()
    assert len(open_dataset.load(1)) == 2


def test_a_take_closes_itself_unless_it_was_closed(open_dataset):
    with begin(open_dataset, 4) as take:
        take.step(rows(4, 0))
        assert take.close() == 0, "all of it is on the disk"
    with pytest.raises(ValueError, match="over"):
        take.step(rows(4, 1))
    with begin(open_dataset, 5) as take:
        take.step(rows(5, 0))
    assert take.close() == 0, "closed already"
    assert len(open_dataset) == 2, "the first was recovered when the second began"
    with begin(open_dataset, 6, seats=1) as take:
        take.mark()
        take.step(rows(6, 0, seats=1))
        assert take.keep() == [4]
    assert open_dataset.load(4).meta["marks"] == [0]


def test_what_a_take_is_told_stands_in_its_episodes(open_dataset):
    take = OpenEpisode.begin(
        open_dataset, STREAMS[1:], [observation(0, 0, 1)], match="m", seed=None,
        options={"a": 1}, meta={"tick": 0.5},
    )  # fmt: skip
    assert take.steps == 0
    take.step([dataclasses.replace(row(0, 0, 1), actor=Actor.SHIELD)])
    assert take.keep() == [0]
    episode = open_dataset.load(0)
    assert set(episode.meta["tools"]) == {"gymnasium", "minari", "numpy", "pyarrow", "pygame"}
    assert (episode.match, episode.seed, episode.options) == ("m", None, {"a": 1})
    assert (episode.meta["tick"], episode.meta["device"]) == (0.5, "none")
    assert episode.actors.tolist() == [Actor.SHIELD]
