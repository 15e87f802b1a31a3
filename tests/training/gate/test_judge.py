"""The judge: every seat plays its share on the same seeds, and only the judged one counts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

import training.gate.judge as judge_file
from tests.training.support.told_games import games
from training.gate.judge import JUDGE_SEEDS, Judge, judged_totals


@pytest.mark.parametrize(
    ("games_", "seats", "each"), [(6, 2, 3), (7, 2, 3), (1, 2, 1), (0, 1, 1), (4, 1, 4)]
)
def test_every_seat_plays_its_share_of_the_games(monkeypatch, games_, seats, each):
    reseeded, played = list[int](), list[Any]()
    partner = SimpleNamespace(reseed=reseeded.append)

    def play(*given: Any, again: bool) -> int:
        assert again, "pairs of games must be whole"
        played.append(given)
        return len(played)

    monkeypatch.setattr(judge_file, "play_games", play)
    judge: Any = Judge(
        lambda size, seed: cast(Any, (size, seed)), cast(Any, partner), games_, seats
    )
    assert judge("me") == list(range(1, seats + 1))
    assert reseeded == [JUDGE_SEEDS + seat for seat in range(seats)]
    for seat, (batch, players) in enumerate(played):
        assert batch == (each, JUDGE_SEEDS)
        assert players == ["me" if n == seat else partner for n in range(seats)]


def test_alone_there_is_nobody_to_reseed(monkeypatch):
    monkeypatch.setattr(judge_file, "play_games", lambda batch, players, again: players)
    judge: Any = Judge(lambda size, seed: None, None, 4, 1)
    assert judge("me") == [["me"]]
    assert JUDGE_SEEDS == 500_000


def test_totals_are_those_of_the_judged_seat():
    first, second = games([1.0, 2.0], 5.0, 7.0), games([3.0, 4.0], 6.0, 8.0)
    assert judged_totals([first, second], "won").tolist() == [1.0, 2.0, 99.0, 99.0]
    assert judged_totals([first, second], "hits").tolist() == [5.0, 5.0, 99.0, 99.0]
    assert judged_totals([first, second], "shielded").tolist() == [7.0, 7.0, 8.0, 8.0]
    with pytest.raises(KeyError):
        judged_totals([games([1.0])], "shielded")
