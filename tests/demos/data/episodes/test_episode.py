"""An episode is complete and consistent, or it cannot be made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from demos.data.episodes.episode import Actor, Episode

T = 5


def make(**changes: Any) -> Episode:
    """A sound episode of five steps, with `changes`."""
    sound: dict[str, Any] = {
        "observations": np.arange((T + 1) * 3, dtype=np.float32).reshape(T + 1, 3),
        "actions": np.arange(T),
        "rewards": np.ones(T, np.float32),
        "terms": {"soup": np.ones(T, np.float32)},
        "costs": {"waste": np.zeros(T, np.float32)},
        "terminated": False,
        "truncated": True,
        "world": "gpo/Kitchen-v0",
        "fingerprint": "abc",
        "agent": "cook_0",
    }
    return Episode(**{**sound, **changes})


def test_what_is_not_told_follows_from_the_rest():
    episode = make()
    assert len(episode) == T
    assert (episode.requested_actions == episode.actions).all()
    assert (episode.actors == Actor.HUMAN).all()
    assert not episode.late.any()
    assert not episode.aborted
    assert episode.total("soup") == T
    assert episode.total("waste") == 0


def test_a_recording_that_broke_off_is_aborted():
    assert make(terminated=False, truncated=False).aborted


def test_seconds_count_the_last_step_too():
    tick = 150_000_000  # ns
    assert make(capture_times=np.arange(T) * tick).seconds == pytest.approx(T * 0.15)


def test_it_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        make().seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"actions": np.zeros(0, np.int64)}, "actions: an episode has at least one step"),
        ({"observations": np.zeros((T, 3))}, "observations: 5 rows for 5 actions, need 6"),
        ({"requested_actions": np.zeros((T, 2))}, "requested_actions: shape"),
        ({"requested_actions": np.zeros(T)}, "requested_actions: type float64"),
        ({"rewards": np.zeros(T + 1, np.float32)}, "rewards: shape"),
        ({"rewards": np.zeros(T)}, "rewards: type float64, need float32"),
        ({"rewards": np.full(T, np.nan, np.float32)}, "rewards: not finite at step 0"),
        ({"terms": {"soup": np.zeros(2, np.float32)}}, "terms['soup']: shape (2,), need (5,)"),
        (
            {"costs": {"waste": -np.eye(T, dtype=np.float32)[2]}},
            "costs['waste']: negative at step 2",
        ),
        ({"terminated": True, "truncated": True}, "terminated"),
        ({"actors": np.full(T, 9, np.uint8)}, "actors: 9 is no code of Actor"),
        ({"capture_times": np.array([0, 1, 2, 1, 5])}, "capture_times: runs backwards at step 3"),
        ({"late": np.zeros(T)}, "late: type float64, need bool"),
        ({"options": {"horizon": (1, 2)}}, "options: not plain JSON"),
        ({"meta": {"rating": np.int64(3)}}, "meta: not plain JSON"),
        ({"meta": {"rating": float("nan")}}, "meta: not plain JSON"),
    ],
)
def test_whatever_is_wrong_is_named(changes, words):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are compared below
        make(**changes)
    assert words in str(refused.value)
