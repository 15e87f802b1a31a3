"""`gpo evaluate A B`: both are shown, with the difference, game by game on the same seeds."""

import numpy as np
import pytest

import gpo
from agents.evaluation.games import EpisodeTotals
from environments.catalog import make_world
from training.evaluation.protocol import differences

BALANCE = ["--world", "gpo/Balance-v0", "--episodes", "12"]


def test_two_are_shown_with_their_difference(capsys):
    assert gpo.main(["evaluate", "random", "still", *BALANCE]) == 0
    said = capsys.readouterr().out
    assert "random" in said
    assert "still" in said
    assert "return: still -" in said, "which always does the same and falls sooner"
    assert "against random." in said


def test_one_and_the_same_is_refused(capsys):
    assert gpo.main(["evaluate", "random", "random", *BALANCE]) == 2
    assert "Both are 'random': name two different agents." in capsys.readouterr().err


def totals(values):
    values = np.array(values, float)[:, None]
    return [EpisodeTotals({"up": values}, {}, values, np.ones(len(values)))]


@pytest.mark.parametrize(
    ("second", "told"),
    [([2.0, 3.0, 4.0], "return: b +1.00 [+1.00, +1.00] against a."),
     ([1.0, 2.0, 3.0], "return: b +0.00 [+0.00, +0.00] against a, which these games do not tell apart.")],
)  # fmt: skip
def test_a_difference_that_could_be_none_is_said_to_be_none(second, told):
    world = make_world("CartPole-v1")
    played = {"a": totals([1.0, 2.0, 3.0]), "b": totals(second)}
    assert differences(played, world, [0]) == [told]
