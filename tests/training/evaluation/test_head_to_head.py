"""What came of it against each opponent: a draw is no win, and an upper bound decides about a limit."""

import numpy as np
import pytest
from rich.console import Console

from agents.lookup import resolve_player
from environments.catalog import make_world
from training.evaluation.head_to_head import (
    EVERYBODY,
    match_statistics,
    opponents,
    play_matches,
    show_all,
)
from training.evaluation.protocol import Protocol
from training.evaluation.results import PairingScores, Scores
from training.evaluation.tables import limited, show_limits
from training.partners.partners import PartnerSettings

DUEL = make_world("gpo/Duel-v0")


def test_a_draw_is_neither_won_nor_lost():
    found = match_statistics({"win": np.array([1.0] * 6 + [0.0] * 3 + [-1.0]), "hit": np.zeros(10)})
    assert (found["won"]["mean"], found["drawn"]["mean"], found["lost"]["mean"]) == (0.6, 0.3, 0.1)
    assert found["won"]["low"] == pytest.approx(0.3127, abs=1e-4)  # Wilson's, of 6 in 10
    assert found["won"]["high"] == pytest.approx(0.8318, abs=1e-4)
    assert (found["costs"]["hit"]["mean"], found["costs"]["hit"]["low"]) == (0.0, 0.0)
    assert found["costs"]["hit"]["high"] == pytest.approx(0.3085, abs=1e-4), "0 of 10 is not never"


def test_opponents_are_the_scripts_among_the_partners_where_one_can_win():
    settings = PartnerSettings(mixture=({"player": "rusher-3"}, {"player": "clone"}))
    assert opponents(settings, DUEL) == ("rusher-3",)
    assert opponents(settings, make_world("gpo/Kitchen-v0")) == ()


def test_each_opponent_is_met_in_either_seat_and_a_still_one_never_wins():
    found = play_matches(
        DUEL,
        lambda seed: resolve_player("still", DUEL, seed),
        ("rusher-3", "beginner-3"),
        Protocol(3, 400),
    )
    assert list(found) == ["rusher-3", "beginner-3", EVERYBODY]
    assert found["rusher-3"]["games"] == 6
    assert found[EVERYBODY]["games"] == 12
    assert found[EVERYBODY]["won"]["mean"] == 0
    assert found[EVERYBODY]["lost"]["mean"] > 0


def test_the_upper_bound_decides_whether_a_limit_is_kept(capsys):
    games = {"win": np.ones(8), "hit": np.array([0.0, 1.0] * 4), "near": np.zeros(8)}
    found = {"rusher-3": match_statistics(games)}
    console = Console(width=100)
    show_all(console, {"refined": found}, {"hit": 0.6, "near": 0.4})
    told = capsys.readouterr().out
    assert "100.0 [67.6, 100.0]" in told
    lines = {line.split()[0]: line for line in told.splitlines() if line.strip()}
    assert lines["hit"].rstrip().endswith("over")  # its mean of 0.5 is not
    assert lines["near"].rstrip().endswith("within")


def test_without_opponents_the_refined_agents_last_pairing_is_held_to_the_limits():
    def scores(**means):
        rows = {
            name.replace("_", " "): PairingScores(
                [{"hit": {"mean": mean, "low": 0.0, "high": 2 * mean}} for mean in seats], 1
            )
            for name, seats in means.items()
        }
        return Scores("", "", rows)

    found = scores(clone=[9.0], refined_with_clone=[5.0], refined=[1.0], refined_oil=[7.0])
    ((name, cost, limit),) = limited(found, {"hit": 1.5})
    assert (name, cost["high"], limit) == ("hit", 2.0, 1.5)
    both = limited(scores(refined_with_human_model=[1.0, 3.0]), {"hit": 1.5})
    assert [(name, cost["mean"]) for name, cost, _ in both] == [
        ("hit, seat 0", 1.0),
        ("hit, seat 1", 3.0),
    ]
    ((_, cost, _),) = limited(scores(clone=[1.0]), {"hit": 1.5})
    assert cost["mean"] == 1.0, "the clone was handed on"
    coached = scores(before=[9.0], corrected=[2.0], **{"corrected, likeliest actions": [5.0]})
    ((_, cost, _),) = limited(coached, {"hit": 1.5})
    assert cost["mean"] == 2.0
    assert limited(scores(oil=[1.0]), {"hit": 1.5}) == []


def test_a_limit_of_0_is_within_where_none_was_seen(capsys):
    never = [("hit", {"mean": 0.0, "low": 0.0, "high": 0.04}, 0.0)]
    show_limits(Console(width=100), [*never, ("near", {"mean": 0.1, "low": 0.0, "high": 0.2}, 0.0)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [line[-1] for line in lines if line[0] in ("hit", "near")] == ["within", "over"]
