"""The tally of watched games: won by how little, drawn, lost, and none to win against."""

import pytest

from demos.sessions.match.watch_results import LAST, Result, Tally, WatchResults


def tally(*pairs):
    found = Tally()
    for seed, (star, rival) in enumerate(pairs):
        found.add(Result(seed, star, 10 * star, 5, rival))
    return found


@pytest.mark.parametrize(
    ("pairs", "record"),
    [
        ([], None),
        ([(1.0, None)], None),
        ([(1.0, 1.0)], (0, 1, 0)),
        ([(1.001, 1.0)], (1, 0, 0)),
        ([(0.999, 1.0)], (0, 0, 1)),
        ([(2.0, 1.0), (3.0, 1.0), (1.0, 1.0), (0.0, 1.0), (9.0, None)], (2, 1, 1)),
        ([(0.0, 1.0), (0.0, 1.0)], (0, 0, 2)),
    ],
)
def test_won_drawn_and_lost(pairs, record):
    assert tally(*pairs).record == record


def test_the_same_seed_again_counts_once_and_as_it_ended_last():
    found = tally((1.0, 2.0), (5.0, 2.0))
    assert len(found) == 2
    found.add(Result(0, 3.0, 30.0, 7))
    assert len(found) == 2
    assert found.column("star") == [3.0, 5.0]
    assert found.column("score") == [30.0, 50.0]
    assert found.column("steps") == [7.0, 5.0]
    assert found.record == (1, 0, 0)


def test_each_tally_has_its_own_games():
    assert (len(tally((1.0, 1.0))), len(Tally())) == (1, 0)
    assert Result(1, 2.0, 3.0, 4).rival is None


# ------------------------------------------------------------------ the results of a viewer


def test_a_game_that_is_played_again_counts_once_and_each_pair_has_a_tally():
    results = WatchResults()
    for seed in (3, 4, 3):
        results.ended(seed)
    assert results.played == 2
    results.add("a", "b", Result(3, 1.0, 2.0, 4))
    results.add("a", "c", Result(3, 1.0, 2.0, 4))
    assert results.tally("a", "b") is results.tally("a", "b")
    assert [len(results.tally("a", rival)) for rival in ("b", "c", "d")] == [1, 1, 0]


def test_the_time_of_a_decision_is_the_median_of_the_last_two_hundred():
    results = WatchResults()
    assert (LAST, results.decision_time) == (200, 0.0)
    for seconds in (1.0, 9.0, 2.0):
        results.decided(seconds)
    assert results.decision_time == 2.0
    for seconds in [5.0] * 100 + [7.0] * 100:
        results.decided(seconds)
    assert results.decision_time == 6.0, "one more or one fewer would tip it"
    results.decided(7.0)
    assert results.decision_time == 7.0
