"""Intervals: known values, edges, and that they cover what they say by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from agents.evaluation.statistics import (
    Interval,
    bootstrap_mean,
    exact_share_interval,
    grouped_interval,
    mean_interval,
    paired_interval,
    share_interval,
    student_interval,
)

# ------------------------------------------------------------------ shares


@pytest.mark.parametrize(
    ("wins", "count", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I: Wilson's score method without correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_shares_have_wilsons_interval(wins, count, low, high):
    found = share_interval(wins, count)
    assert found.mean == wins / count
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


@pytest.mark.parametrize(
    ("wins", "count", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)  # fmt: skip
def test_exact_shares_have_the_interval_of_clopper_and_pearson(wins, count, low, high):
    found = exact_share_interval(wins, count)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_wilsons_interval_is_his_formula():
    z, share, count = stats.norm.ppf(0.975), 7 / 40, 40
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    assert share_interval(7, 40) == pytest.approx((share, middle - half, middle + half))


@pytest.mark.parametrize("of", [share_interval, exact_share_interval])
@pytest.mark.parametrize("count", [1, 2, 50])
def test_all_and_none_won_end_where_shares_end(of, count):
    none, every = of(0, count), of(count, count)
    assert (none.mean, none.low) == (0.0, 0.0)
    assert (every.mean, every.high) == (1.0, 1.0)
    assert 0 < none.high < 1
    assert every.low == pytest.approx(1 - none.high)


@pytest.mark.parametrize("of", [share_interval, exact_share_interval])
def test_of_no_games_nothing_is_known_of_a_share(of):
    found = of(0, 0)
    assert math.isnan(found.mean)
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(("wins", "count"), [(-1, 3), (4, 3), (0.5, 3), (1, 0)])
def test_what_cannot_be_won_is_refused(wins, count):
    with pytest.raises(ValueError, match="cannot be won"):
        share_interval(wins, count)


def coverage(of, chance, count):
    """How often the interval of so many games contains the chance: exactly, by summing the binomial."""
    odds = stats.binom.pmf(np.arange(count + 1), count, chance)
    inside = [
        found.low <= chance <= found.high for found in (of(k, count) for k in range(count + 1))
    ]
    return float(odds[inside].sum())


@pytest.mark.parametrize("chance", [0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("count", [10, 40, 100])
def test_shares_are_covered(chance, count):
    assert coverage(share_interval, chance, count) > 0.90
    assert coverage(exact_share_interval, chance, count) >= 0.95


# ------------------------------------------------------------------ means


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_the_interval_contains_the_mean_about_95_times_in_100(draw):
    random = np.random.default_rng(0)
    inside = 0
    for repetition in range(200):
        values = getattr(random, draw)(size=60) + (1.0 if draw == "normal" else 0.0)
        found = bootstrap_mean(values, seed=repetition)
        assert found.low < found.mean < found.high
        inside += found.low <= 1.0 <= found.high
    assert 0.89 <= inside / 200 <= 0.98, f"{inside} of 200 intervals contain the mean"


def test_the_bootstrap_is_scipys_with_its_seed():
    values = np.random.default_rng(3).normal(size=25)
    of_scipy = stats.bootstrap((values,), np.mean, n_resamples=2000, method="percentile",
                               rng=np.random.default_rng(0)).confidence_interval  # fmt: skip
    assert bootstrap_mean(values) == (values.mean(), of_scipy.low, of_scipy.high)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values)


def test_two_values_resample_to_the_lower_the_middle_and_the_upper():
    """Means of two draws from 0 and 1 are 0, 1/2 and 1 with chances 1/4, 1/2, 1/4."""
    assert bootstrap_mean([0.0, 1.0]) == Interval(0.5, 0.0, 1.0)


def test_what_does_not_vary_has_no_width():
    assert bootstrap_mean(np.full(9, 4.0)) == bootstrap_mean([4.0]) == Interval(4.0, 4.0, 4.0)
    assert all(map(math.isnan, bootstrap_mean([])))


def test_of_fewer_than_two_games_the_interval_of_a_mean_is_unknown():
    assert mean_interval([3.0]) == student_interval([3.0]) == Interval(3.0, -math.inf, math.inf)
    for none in (mean_interval([]), student_interval([])):
        assert math.isnan(none.mean)
        assert none[1:] == (-math.inf, math.inf)
    assert mean_interval([3.0, 5.0]) == student_interval([3.0, 5.0])


@pytest.mark.parametrize(
    ("games", "rule"), [(19, student_interval), (20, bootstrap_mean), (21, bootstrap_mean)]
)
def test_of_few_games_the_interval_is_students(games, rule):
    values = np.random.default_rng(games).gamma(2.0, size=games)
    assert mean_interval(values) == rule(values)
    assert student_interval(values) != bootstrap_mean(values)


def test_of_few_games_students_interval_covers_more_than_a_bootstrap():
    random, covered = np.random.default_rng(0), {student_interval: 0, bootstrap_mean: 0}
    for _ in range(300):
        values = random.gamma(2.0, size=5)
        for rule in covered:
            found = rule(values)
            covered[rule] += found.low <= 2.0 <= found.high
    assert covered[bootstrap_mean] < 0.85 * 300 < covered[student_interval]


def test_the_same_games_give_the_same_interval_and_are_resampled_once(monkeypatch):
    values = np.random.default_rng(1).normal(size=30)
    first = bootstrap_mean(values)
    monkeypatch.setattr(stats, "bootstrap", None)  # a second time would fail
    assert bootstrap_mean(values.tolist()) == first


def test_students_interval_is_his_own():
    """The extra sleep of Student (1908): 10 patients, mean 1.58, 95 % interval 0.70 to 2.46."""
    gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    assert student_interval(gained) == pytest.approx((1.58, 0.70, 2.46), abs=5e-3)


def test_a_mean_reads_as_a_mean_and_its_interval():
    assert str(Interval(156.4, 150.06, 162.7)) == "156.4 [150.1, 162.7]"


# ------------------------------------------------------------------ pairs and groups


def test_pairs_are_subtracted_game_by_game():
    random = np.random.default_rng(2)
    luck = random.normal(scale=10, size=40)
    before, after = luck, luck + random.normal(1.0, 0.1, size=40)
    found = paired_interval(before, after)
    assert found == bootstrap_mean(after - before)
    assert 0.9 < found.low < found.mean < found.high < 1.1
    with pytest.raises(ValueError, match="no pairs"):
        paired_interval(before, after[1:])


def test_whole_groups_are_resampled():
    steps = np.repeat(np.random.default_rng(4).normal(size=8), 50)
    groups = np.repeat(np.arange(8), 50)
    found = grouped_interval(steps, groups)
    assert found is not None
    alone = bootstrap_mean(steps)
    assert found[1] - found[0] > 3 * (alone.high - alone.low), "400 alike steps are eight games"


def test_a_large_group_weighs_as_much_as_its_steps():
    values, groups = np.array([0.0] + [1.0] * 9), [0] + [1] * 9
    assert grouped_interval(values, groups) == (0.0, 1.0)
    assert grouped_interval(values, np.zeros(10)) is None
