"""The tally of watched games: won by how little, drawn, lost, and none to win against."""

import pytest

from demos.sessions.match.watch_results import Result, Tally


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
