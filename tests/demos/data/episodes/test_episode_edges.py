"""An episode at its edges: one row too few or too many, the first code that is none, the smallest cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from demos.data.episodes.episode import NANOSECONDS, Actor, Episode, check_json
from tests.demos.data.episodes.test_episode import T, make

BROKEN = np.array([0, 0, 1, 0, 0], np.float32)  # something in the third of five steps
NAMES = {"raw_names": ["x", "y"]}


def refusal(**changes: Any) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are compared by the caller
        make(**changes)
    return str(refused.value)


def test_the_codes_on_the_disk():
    assert {actor.name: actor.value for actor in Actor} == {
        "HUMAN": 0, "PARTNER": 1, "AGENT": 2, "SHIELD": 3,
    }  # fmt: skip


def test_what_is_left_out():
    bare = Episode(
        observations=np.zeros((2, 1)), actions=np.zeros(1), rewards=np.zeros(1, np.float32),
        terminated=True, truncated=False, world="w", fingerprint="f", agent="a",
    )  # fmt: skip
    assert (bare.terms, bare.costs, bare.options, bare.meta) == ({}, {}, {}, {})
    assert (bare.match, bare.player, bare.seed) == (None, None, None)
    assert bare.requested_actions is bare.actions
    for name, dtype in {"actors": "u1", "capture_times": "i8", "late": "?", "raw": "f4"}.items():
        values = getattr(bare, name)
        assert values.dtype == np.dtype(dtype), name
        assert values.shape == ((1, 0) if name == "raw" else (1,)), name
        assert not values.any(), name


def test_what_is_told_is_kept():
    told = {
        "requested_actions": np.arange(T) + 1,
        "actors": np.full(T, 2, np.uint8),
        "capture_times": np.arange(T),
        "late": np.ones(T, bool),
        "raw": np.ones((T, 2), np.float32),
    }
    episode = make(**told, meta=NAMES)
    assert all(getattr(episode, name) is values for name, values in told.items())


# ------------------------------------------------------------------ shapes


@pytest.mark.parametrize("rows", [0, 1, T - 1, T, T + 2])
def test_any_other_number_of_observations_is_refused(rows):
    said = refusal(observations=np.zeros((rows, 3), np.float32))
    assert said == f"observations: {rows} rows for 5 actions, need 6"


@pytest.mark.parametrize("name", ["rewards", "actors", "capture_times", "late", "terms", "costs"])
def test_each_column_has_one_number_a_step_of_its_own_type(name):
    right = {"actors": np.uint8, "capture_times": np.int64, "late": np.bool_}.get(name, np.float32)

    def column(values: np.ndarray) -> dict[str, Any]:
        return {name: {"a": values} if name in ("terms", "costs") else values}

    make(**column(np.zeros(T, right)))
    where = f"{name}['a']" if name in ("terms", "costs") else name
    for shape in (T - 1, T + 1, (T, 1)):
        assert refusal(**column(np.zeros(shape, right))).startswith(f"{where}: shape")
    assert refusal(**column(np.zeros(T, np.float16))).startswith(f"{where}: type float16, need")


def test_what_was_asked_for_has_the_shape_and_type_of_what_was_done():
    assert refusal(requested_actions=np.arange(T + 1)).startswith("requested_actions: shape (6,)")
    assert refusal(requested_actions=np.arange(T, dtype=np.int32)).startswith(
        "requested_actions: type int32"
    )


# ------------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("terminated", "truncated", "aborted"),
    [(False, False, True), (True, False, False), (False, True, False)],
)
def test_how_it_ended(terminated, truncated, aborted):
    assert make(terminated=terminated, truncated=truncated).aborted is aborted


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_where_a_number_is_not_finite_is_told(wrong):
    values = np.where(BROKEN, np.float32(wrong), np.float32(0))
    assert refusal(rewards=values) == "rewards: not finite at step 2"
    assert refusal(terms={"a": values}) == "a: not finite at step 2"
    assert refusal(costs={"a": values}) == "a: not finite at step 2"


def test_a_cost_of_nothing_is_one_and_below_that_is_none():
    make(costs={"a": np.zeros(T, np.float32)})
    make(costs={"a": BROKEN})
    make(terms={"a": -BROKEN}, rewards=-BROKEN)
    least = np.finfo(np.float32).tiny
    assert refusal(costs={"a": -least * BROKEN}) == "costs['a']: negative at step 2"


def test_the_last_code_and_the_first_that_is_none():
    make(actors=np.array([0, 1, 2, 3, 0], np.uint8))
    assert refusal(actors=np.array([0, 4, 2, 3, 0], np.uint8)) == "actors: 4 is no code of Actor"


def test_time_may_stand_still_and_not_run_backwards():
    make(capture_times=np.array([0, 5, 5, 6, 6]))
    said = refusal(capture_times=np.array([0, 5, 5, 4, 6]))
    assert said == "capture_times: runs backwards at step 3"
    assert refusal(capture_times=np.array([5, 4, 6, 7, 8])).endswith("at step 1")


def test_the_raw_state_has_a_row_a_step_and_a_name_a_number():
    make(raw=np.zeros((T, 2), np.float32), meta=NAMES)
    make(raw=np.zeros((T, 3), np.float32))
    for wrong in (np.zeros(T, np.float32), np.zeros((T, 2, 1), np.float32)):
        assert refusal(raw=wrong).endswith("need float32 of (5, R)")
    assert refusal(raw=np.zeros((T + 1, 2), np.float32)).startswith("raw: float32 of shape (6, 2)")
    assert refusal(raw=np.zeros((T - 1, 2), np.float32)).startswith("raw: float32 of shape (4, 2)")
    assert refusal(raw=np.zeros((T, 2))).startswith("raw: float64")
    for numbers in (1, 3):
        said = refusal(raw=np.zeros((T, numbers), np.float32), meta=NAMES)
        assert said == f"raw: {numbers} numbers a step, but meta names 2"


# ------------------------------------------------------------------ sums


@pytest.mark.parametrize(("steps", "seconds"), [(1, 0.0), (2, 4.0), (3, 3.0)])
def test_how_long_it_was_played(steps, seconds):
    """First to last capture, and the last step as long as the others were on the average."""
    times = 7 * NANOSECONDS + np.array([0, 1, 2])[:steps] * NANOSECONDS * (2 if steps == 2 else 1)
    episode = make(
        observations=np.zeros((steps + 1, 3)), actions=np.zeros(steps), capture_times=times,
        rewards=np.zeros(steps, np.float32), terms={}, costs={},
    )  # fmt: skip
    assert NANOSECONDS == 10**9
    assert len(episode) == steps
    assert episode.seconds == seconds


def test_a_total_is_of_the_term_or_the_cost_and_of_no_fewer_digits():
    """In float32 the one would be lost beside what is 2^24 times as large."""
    large = np.array([2**24, 1, 0, 0, 1], np.float32)
    episode = make(terms={"a": large}, costs={"b": BROKEN})
    assert episode.total("a") == 2**24 + 2
    assert episode.total("b") == 1.0
    with pytest.raises(KeyError):
        episode.total("c")


# ------------------------------------------------------------------ JSON


@pytest.mark.parametrize("value", [{}, {"a": [1, 2.5, None, True, "x"]}, {"a": {"b": {}}}])
def test_plain_json_passes(value):
    check_json("meta", value)


@pytest.mark.parametrize(
    "value",
    [{"a": (1,)}, {1: "a"}, {"a": float("inf")}, {"a": float("nan")}, {"a": {1}}, {"a": b""}],
)
def test_what_would_come_back_as_something_else_does_not(value):
    for name in ("options", "meta"):
        assert refusal(**{name: value}).startswith(f"{name}: not plain JSON (")
