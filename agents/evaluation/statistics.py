"""The intervals of the house, all at 95 %: of means, of changes between paired games, and of shares.

One rule for every table and screen: a mean of games has the percentile bootstrap's interval (Efron 1979), on
resamples drawn from a fixed seed, so that the same games give the same interval; of fewer than FEW games,
where that is too narrow (of 5 games from a gamma distribution it covers 80 %, Student's 91 %), Student's t
(1908). A share of games has Wilson's (1927); a mean of games that are all 0 or 1, which may be rare, has the
exact interval of Clopper and Pearson (1934): 0 of 100 games is not "never", but at most 3.6 %. A cost, which
is never negative and may be rare, has an interval that becomes theirs where costs have one size
(`cost_interval`). The gate compares two agents by Student's t of the differences game by game, at a level
that is corrected for how often it looks (`training.gate.selection`).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

FEW = 20  # games, below which a bootstrap covers less than it says
RESAMPLES = 2000  # of a bootstrap
WEIGHTINGS = 4000  # of Gaffke's bounds, whose ends are further out
LEVEL = 0.95  # of every interval
_TAILS = (50 * (1 - LEVEL), 50 * (1 + LEVEL))  # percentiles


class Interval(NamedTuple):
    """A mean or a share, and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """`156.4 [150.1, 162.7]`."""
        return f"{self.mean:.1f} [{self.low:.1f}, {self.high:.1f}]"


def bootstrap_mean(values: npt.ArrayLike, seed: int = 0) -> Interval:
    """The mean of independent games with its percentile bootstrap interval: [E] -> Interval.

    Of a single value, or of values that are all alike, the interval is that value; of none all is nan.

    Args:
        values: one of each game.
        seed: of the resampling.
    """
    given = np.asarray(values, np.float64)
    if len(given) == 0:
        return Interval(math.nan, math.nan, math.nan)
    mean = float(given.mean())
    if len(given) < 2 or np.ptp(given) == 0:
        return Interval(mean, mean, mean)
    return Interval(mean, *_resampled(given.tobytes(), seed))


@functools.lru_cache(maxsize=256)  # a screen asks for the same games in every frame
def _resampled(values: bytes, seed: int) -> tuple[float, float]:
    found = stats.bootstrap(
        (np.frombuffer(values),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def mean_interval(values: Sequence[float] | np.ndarray) -> Interval:
    """The mean of independent games: by Student's t of fewer than FEW, else as `bootstrap_mean`.

    Of few values the percentile bootstrap is too narrow (Efron and Tibshirani 1993, 13.3); of fewer than
    two the interval is unknown: infinite. What is 0 or 1 in every game is a share, with the exact interval.
    """
    given = np.asarray(values, np.float64)
    if len(given) > 1 and np.isin(given, (0.0, 1.0)).all():
        return exact_share_interval(given.sum(), len(given))
    return student_interval(given) if len(given) < FEW else bootstrap_mean(given)


def cost_interval(
    values: npt.ArrayLike, largest: float = 0.0, level: float = LEVEL, seed: int = 0
) -> Interval:
    """The mean of costs that are never negative, with an interval that holds where they are rare: [E].

    Gaffke's bounds (2005; Learned-Miller and Thomas, "A New Confidence Interval for the Mean of a Bounded
    Random Variable", 2019): the mean under random weights, uniform over the simplex, of the games and of one
    more that cost the largest there may be (nothing, for the lower end). Where a game costs nothing or the
    largest, these are the bounds of Clopper and Pearson times the largest; of many games that differ they
    are nearly the bootstrap's. The largest is one that was seen: a game that costs far more than any
    before is beyond every bound of this kind.

    Args:
        values: one of each game; with a negative one they are no costs, and have `mean_interval`.
        largest: that was seen of this cost in any game, if it is more than in these.
        level: of the interval.
        seed: of the weights.
    """
    given = np.asarray(values, np.float64)
    if len(given) < 1 or given.min() < 0:
        return mean_interval(given)
    most, mean = max(float(given.max()), largest), float(given.mean())
    if most == 0:
        return Interval(0.0, 0.0, 0.0)
    tail, some, count = (1 - level) / 2, given[given > 0], len(given)
    if (some == most).all():
        wins = len(some)
        low = float(stats.beta.ppf(tail, wins, count - wins + 1)) if wins else 0.0
        high = float(stats.beta.ppf(1 - tail, wins + 1, count - wins)) if wins < count else 1.0
        return Interval(mean, most * low, most * high)
    return Interval(mean, *_weighted(np.sort(some).tobytes(), count, most, tail, seed))


@functools.lru_cache(maxsize=256)
def _weighted(some: bytes, count: int, most: float, tail: float, seed: int) -> tuple[float, float]:
    """The ends of Gaffke's interval: of the costs that are not nothing, among `count` games."""
    costs, draws = np.frombuffer(some), np.random.default_rng(seed)
    # Weights that are uniform over the simplex are exponentials over their sum; those of games that cost
    # nothing are only needed as a sum, which has a gamma distribution.
    weights = draws.standard_exponential((WEIGHTINGS, len(costs)))
    nothing = draws.standard_gamma(max(count - len(costs), 1e-300), WEIGHTINGS)
    further = draws.standard_exponential(WEIGHTINGS)
    whole = weights.sum(1) + nothing + further
    low = np.quantile(weights @ costs / whole, tail)
    high = np.quantile((weights @ costs + further * most) / whole, 1 - tail)
    return float(low), float(high)


def paired_interval(before: npt.ArrayLike, after: npt.ArrayLike, seed: int = 0) -> Interval:
    """The mean change between two agents on the same games, with its bootstrap interval: [E], [E].

    Raises:
        ValueError: not as many games of both.
    """
    return bootstrap_mean(_changes(before, after), seed)


def grouped_interval(
    values: np.ndarray, groups: Sequence[int] | np.ndarray, seed: int = 0
) -> tuple[float, float] | None:
    """The bootstrap interval of a mean of values that are alike within their groups: [R], [R].

    Whole groups are resampled (Davison and Hinkley 1997, 3.8); of one group alone it is unknown, None.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    if len(counts) < 2:
        return None
    drawn = np.random.default_rng(seed).integers(len(counts), size=(RESAMPLES, len(counts)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, _TAILS)
    return float(low), float(high)


def share_interval(wins: float, count: int) -> Interval:
    """The share of wins and Wilson's interval, which stays within 0 and 1; of no games nothing is known."""
    return _share(wins, count, "wilson")


def exact_share_interval(wins: float, count: int) -> Interval:
    """The share of wins and the exact interval of Clopper and Pearson, which covers at least 95 %."""
    return _share(wins, count, "exact")


def _share(wins: float, count: int, method: str) -> Interval:
    if not 0 <= wins <= count or wins != int(wins):
        raise ValueError(f"{wins} of {count} games cannot be won")
    if count == 0:
        return Interval(math.nan, 0.0, 1.0)
    found = stats.binomtest(int(wins), count).proportion_ci(LEVEL, method)
    return Interval(wins / count, float(found.low), float(found.high))


def student_interval(values: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """The mean and Student's interval, for values that are nearly normal; below two values it is infinite."""
    given = np.asarray(values, np.float64)
    if len(given) < 2:
        mean = float(given[0]) if len(given) else math.nan
        return Interval(mean, -math.inf, math.inf)
    mean, deviation = float(given.mean()), float(given.std(ddof=1))
    half = _student(level, len(given)) * deviation / math.sqrt(len(given))
    return Interval(mean, mean - half, mean + half)


@functools.lru_cache(maxsize=256)
def _student(level: float, count: int) -> float:
    """How many standard errors of a mean of so many games Student's interval goes to either side."""
    return float(stats.t.ppf((1 + level) / 2, count - 1))


def paired_student(before: npt.ArrayLike, after: npt.ArrayLike, level: float = LEVEL) -> Interval:
    """The mean change between two agents on the same games, with Student's interval: [E], [E].

    Raises:
        ValueError: not as many games of both.
    """
    return student_interval(_changes(before, after), level)


def _changes(before: npt.ArrayLike, after: npt.ArrayLike) -> np.ndarray:
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} games are no pairs")
    changes: np.ndarray = second - first
    return changes
