"""A judge without partner: the agent has all seats, and a game counts once."""

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from tests.training.support.seats import Guessing
from training.evaluation.protocol import Protocol, evaluate
from training.evaluation.results import pairings
from training.gate.judge import Judge, all_totals

PAIR = "tests.training.support.seats:Pair"


class Always:
    """Right, or wrong, in every step."""

    def __init__(self, right):
        self.right = right

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        """As `agents.players.player.Player`."""
        return ((observation[:, 0] > 0) == self.right).astype(np.int64), None


def judge(partner, games=6):
    world = make_world(PAIR)
    return Judge(lambda size, seed: make_batch(world, size, seed=seed), partner, games, 2)


@pytest.mark.parametrize(("right", "total"), [(True, 16.0), (False, 0.0)])
def test_it_plays_all_seats(right, total):
    found = all_totals(judge(None)(Always(right)))
    assert found["return"].tolist() == [total] * 6
    assert found["cost"].tolist() == [8.0] * 6


def test_with_a_partner_it_plays_each_seat_in_turn():
    class Wrong(Always):
        def reseed(self, seed):
            """As `training.partners.partner.Partner`."""

    found = all_totals(judge(Wrong(False))(Always(True)))
    assert found["return"].tolist() == [8.0] * 6


def test_a_game_is_the_mean_of_its_seats():
    world = make_world(PAIR, together=False)
    alone = Judge(lambda size, seed: make_batch(world, size, seed=seed), None, 4, 2)
    assert np.allclose(all_totals(alone(Guessing()))["return"], 0.0)
    assert len(all_totals(alone(Guessing(), share=3))["return"]) == 12


def test_the_last_judgement_plays_itself_once():
    made = []

    def me(seed):
        made.append(seed)
        return Guessing(seed=seed)

    left, right = evaluate(make_world(PAIR), me, None, Protocol(3, 8, seed=9))
    assert made == [9, 10]
    assert np.array_equal(left.returns, right.returns)


def test_rows_of_those_who_are_judged_with_themselves():
    rows = pairings(2, ["clone", "refined"], True, alone=True)
    assert [one.name for one in rows] == [
        "clone with clone",
        "refined with refined",
        "human model with human model",
        "clone with human model",
        "refined with human model",
    ]
