"""Games that their environment breaks off: marked, or played again, and never part of a figure."""

from __future__ import annotations

import numpy as np

from agents.evaluation.games import play_games
from agents.players.player import RandomPlayer
from environments.catalog import make_batch, make_world

BREAKS = "tests.environments.support.namers:Breaks"


def played(size=4, again=False, **params):
    world = make_world(BREAKS, **params)
    batch = make_batch(world, size)
    found = play_games(batch, [RandomPlayer(world.action_space, 0)], again=again)
    batch.close()
    return found


def test_a_game_that_is_broken_off_is_marked_and_its_last_step_is_not_counted():
    found = played()
    assert found.whole.tolist() == [True, False, False, True]
    assert found.steps.tolist() == [10, 2, 2, 10]
    assert found.returns[:, 0].tolist() == [10, 2, 2, 10]
    assert found.seeds.tolist() == [0, 1, 2, 3]
    assert found.again == 0


def test_it_can_be_played_again_on_another_seed_until_it_is_whole():
    found = played(again=True, seeds=(1, 2, 5))  # 5: the seed that game 1 gets next
    assert found.whole.all()
    assert found.steps.tolist() == found.returns[:, 0].tolist() == [10] * 4
    assert found.seeds.tolist() == [0, 9, 6, 3]
    assert found.again == 3


def test_where_nothing_is_broken_off_all_games_are_whole():
    found = played(seeds=())
    assert found.whole.all()
    assert found.broken is None
    assert np.array_equal(found.steps, [10] * 4)
