"""Intervals at their edges: none, one and two games, all alike, and each formula's figures by hand."""

import math
import warnings

import numpy as np
import pytest

from agents.evaluation import statistics
from agents.evaluation.statistics import (
    LEVEL,
    RESAMPLES,
    Interval,
    bootstrap_mean,
    cost_interval,
    exact_share_interval,
    grouped_interval,
    mean_interval,
    paired_interval,
    paired_student,
    share_interval,
    student_interval,
)


def test_every_interval_is_at_95_per_cent():
    assert (LEVEL, RESAMPLES) == (0.95, 2000)
    assert pytest.approx((2.5, 97.5)) == statistics._TAILS


# ------------------------------------------------------------------ means


def test_the_bootstrap_at_none_one_and_two_games():
    assert all(math.isnan(value) for value in bootstrap_mean([]))
    assert bootstrap_mean([3.0]) == (3.0, 3.0, 3.0)
    assert bootstrap_mean([3.0, 3.0]) == (3.0, 3.0, 3.0)
    assert bootstrap_mean([3.0, 4.0]) == (3.5, 3.0, 4.0)


def test_of_no_games_nothing_is_averaged():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # numpy warns of the mean of nothing
        assert math.isnan(bootstrap_mean([]).mean)


def test_a_hair_of_difference_is_one():
    found = bootstrap_mean([1.0, 1.0 + 2**-40])
    assert found.low < found.high


def test_the_bootstrap_is_of_its_seed_zero_if_none_is_told():
    values = np.random.default_rng(0).normal(size=12)
    assert bootstrap_mean(values) == bootstrap_mean(values, 0)
    assert bootstrap_mean(values, 1)[1:] != bootstrap_mean(values, 0)[1:]
    drawn = np.random.default_rng(5).integers(12, size=(2000, 12))
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    assert bootstrap_mean(values, 5) == pytest.approx((values.mean(), low, high), abs=0.05)


@pytest.mark.parametrize("of", [mean_interval, student_interval])
def test_below_two_games_a_mean_may_be_anywhere(of):
    none, one = of([]), of([3.0])
    assert math.isnan(none.mean)
    assert none[1:] == (-math.inf, math.inf)
    assert one == (3.0, -math.inf, math.inf)
    assert of([3.0, 3.0]) == (3.0, 3.0, 3.0)


def test_students_interval_of_two_games_by_hand():
    """t with one degree of freedom is Cauchy's: its 97.5 % point is tan(0.475 pi)."""
    half = math.tan(0.475 * math.pi) * math.sqrt(2) / math.sqrt(2)
    assert student_interval([1.0, 3.0]) == pytest.approx((2.0, 2.0 - half, 2.0 + half))


def test_students_interval_of_five_games_by_hand():
    half = 2.7764451 * math.sqrt(2.5) / math.sqrt(5)
    assert student_interval([1, 2, 3, 4, 5]) == pytest.approx((3.0, 3.0 - half, 3.0 + half))


def test_what_is_0_or_1_in_every_game_is_a_share_and_0_of_100_is_not_never():
    assert mean_interval([0.0] * 100) == exact_share_interval(0, 100)
    assert mean_interval([0.0] * 100).high == pytest.approx(0.0362, abs=1e-4)
    assert mean_interval([1.0] * 5) == exact_share_interval(5, 5)
    assert mean_interval([0.0, 1.0, 2.0] * 10) == bootstrap_mean([0.0, 1.0, 2.0] * 10)


# ------------------------------------------------------------------ costs


@pytest.mark.parametrize(("seen", "games"), [(0, 100), (1, 30), (7, 40), (40, 40)])
@pytest.mark.parametrize("size", [1e-3, 1.0, 250.0])
def test_costs_of_one_size_have_the_exact_interval_of_a_share_times_that(seen, games, size):
    share = exact_share_interval(seen, games)
    found = cost_interval(np.repeat([size, 0.0], [seen, games - seen]), size)
    assert found == pytest.approx(tuple(size * one for one in share))


def test_a_cost_that_was_never_seen_anywhere_has_no_size():
    assert cost_interval([0.0] * 10) == (0.0, 0.0, 0.0)
    assert cost_interval([0.0] * 100, largest=2.0).high == pytest.approx(2 * 0.0362, abs=2e-4)


def test_what_is_negative_or_not_there_is_no_cost():
    assert cost_interval([-1.0, 2.0, 3.0]) == mean_interval([-1.0, 2.0, 3.0])
    assert math.isnan(cost_interval([]).mean)


def test_weights_are_drawn_as_gaffke_does():
    """Uniform over the simplex: the mean of the games and of one more at the largest, or at nothing."""
    values = np.array([0.0, 0.0, 1.0, 2.0, 5.0])
    weights = np.random.default_rng(1).dirichlet(np.ones(6), 200_000)
    high = np.quantile(weights @ np.append(values, 5.0), 0.975)
    low = np.quantile(weights @ np.append(values, 0.0), 0.025)
    assert cost_interval(values) == pytest.approx((1.6, low, high), rel=0.08)
    assert cost_interval(values, 50.0).high > 2 * high
    assert cost_interval(values) == cost_interval(values), "of one seed"


@pytest.mark.parametrize("games", [20, 60])
@pytest.mark.parametrize("kind", ["rare", "counts", "waiting times"])
def test_the_upper_end_of_a_cost_holds_where_a_bootstraps_does_not(kind, games):
    random, held, boot = np.random.default_rng(games), 0, 0
    mean = {"rare": 0.05, "counts": 0.2, "waiting times": 1.0}[kind]
    for _ in range(200):
        values = {
            "rare": (random.random(games) < 0.05).astype(float),
            "counts": random.poisson(0.2, games).astype(float),
            "waiting times": random.exponential(1.0, games),
        }[kind]
        held += cost_interval(values, 1.0).high >= mean
        boot += bootstrap_mean(values).high >= mean
    assert held >= 0.945 * 200
    assert held > boot


# ------------------------------------------------------------------ pairs and groups


def test_pairs_by_students_t_at_any_level():
    before, after = [1.0, 2.0, 3.0, 4.0], [2.0, 2.5, 4.5, 4.0]
    assert paired_student(before, after) == student_interval(np.subtract(after, before))
    wide, narrow = paired_student(before, after, 0.999), paired_student(before, after, 0.5)
    assert wide.low < narrow.low < wide.mean == narrow.mean < narrow.high < wide.high
    with pytest.raises(ValueError, match="no pairs"):
        paired_student(before, after[1:])


def test_a_change_is_what_came_after_less_what_was_before():
    assert paired_interval([1.0, 2.0], [4.0, 6.0]) == (3.5, 3.0, 4.0)
    with pytest.raises(ValueError, match="2 and 1 games are no pairs"):
        paired_interval([1.0, 2.0], [4.0])


def test_a_change_is_resampled_from_its_seed():
    random = np.random.default_rng(0)
    before, after = random.normal(size=(2, 12))
    assert paired_interval(before, after) == bootstrap_mean(after - before, 0)
    assert paired_interval(before, after, 3) == bootstrap_mean(after - before, 3)
    assert paired_interval(before, after, 3) != paired_interval(before, after)


def test_of_one_group_nothing_is_known_and_of_two_something():
    values = np.array([0.0, 2.0, 4.0])
    assert grouped_interval(values, [7, 7, 7]) is None
    assert grouped_interval(values, [7, 7, 9]) == (1.0, 4.0)


def test_groups_are_resampled_by_hand():
    random = np.random.default_rng(1)
    values, groups = random.normal(size=30), np.repeat([4, 2, 9, 5, 7, 1], 5)
    sums = np.array([values[groups == g].sum() for g in sorted(set(groups.tolist()))])
    for seed in (0, 3):
        drawn = np.random.default_rng(seed).integers(6, size=(2000, 6))
        expected = np.percentile(sums[drawn].sum(1) / 30, [2.5, 97.5])
        assert grouped_interval(values, groups, seed) == pytest.approx(tuple(expected))
    assert grouped_interval(values, groups) == grouped_interval(values, groups, 0)


def test_groups_of_different_sizes_weigh_by_their_size():
    values, groups = np.array([0.0, 3.0, 3.0, 9.0, 9.0, 9.0]), np.array([0, 1, 1, 2, 2, 2])
    drawn = np.random.default_rng(0).integers(3, size=(2000, 3))
    sums, counts = np.array([0, 6, 27]), np.array([1, 2, 3])
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    assert grouped_interval(values, groups) == pytest.approx(
        tuple(np.percentile(means, [2.5, 97.5]))
    )


# ------------------------------------------------------------------ shares


@pytest.mark.parametrize("of", [share_interval, exact_share_interval])
@pytest.mark.parametrize(("wins", "count"), [(-1, 3), (4, 3), (0.5, 1), (1, 0), (0, -1)])
def test_what_cannot_be_won_is_refused(of, wins, count):
    with pytest.raises(ValueError, match=f"{wins} of {count} games cannot be won"):
        of(wins, count)


@pytest.mark.parametrize(("wins", "count"), [(0, 1), (1, 1), (0, 3), (3, 3), (2.0, 3)])
def test_what_can_be_won_is_between_0_and_1(wins, count):
    for of in (share_interval, exact_share_interval):
        found = of(wins, count)
        assert found.mean == wins / count
        assert 0 <= found.low <= found.mean <= found.high <= 1


def test_of_no_games_a_share_may_be_anything():
    for of in (share_interval, exact_share_interval):
        found = of(0, 0)
        assert math.isnan(found.mean)
        assert found[1:] == (0.0, 1.0)


def test_the_exact_interval_of_one_game_by_hand():
    """Lost: the chance that loses it with 2.5 % is 0.975."""
    assert exact_share_interval(0, 1) == pytest.approx((0.0, 0.0, 0.975))
    assert exact_share_interval(1, 1) == pytest.approx((1.0, 0.025, 1.0))


def test_wilsons_interval_of_one_of_two_by_hand():
    z2 = 1.959964**2
    half = math.sqrt(z2) / (1 + z2 / 2) * math.sqrt(0.25 / 2 + z2 / 16)
    assert share_interval(1, 2) == pytest.approx((0.5, 0.5 - half, 0.5 + half))


def test_an_interval_reads_with_one_digit():
    assert str(Interval(1.25, -0.04, 10.06)) == "1.2 [-0.0, 10.1]"
