"""Confidence intervals: a mean's by the bootstrap, a share's by Wilson, all at 95 %.

One rule for every table and screen: a mean of games has the percentile bootstrap's interval (Efron 1979), on
resamples drawn from a fixed seed, so that the same games give the same interval; a share of games has
Wilson's (1927). Exact shares (Clopper and Pearson 1934) and Student's t (1908) are here for decisions that
need them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

RESAMPLES = 2000  # of a bootstrap
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
    """As `bootstrap_mean`, but of fewer than two games the interval is unknown: infinite."""
    if len(values) < 2:
        mean = float(values[0]) if len(values) else math.nan
        return Interval(mean, -math.inf, math.inf)
    return bootstrap_mean(values)


def paired_interval(before: npt.ArrayLike, after: npt.ArrayLike, seed: int = 0) -> Interval:
    """The mean change between two agents on the same games, with its bootstrap interval: [E], [E].

    Raises:
        ValueError: not as many games of both.
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} games are no pairs")
    return bootstrap_mean(second - first, seed)


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


def student_interval(values: npt.ArrayLike) -> Interval:
    """The mean and Student's interval, for values that are nearly normal; below two values it is infinite."""
    given = np.asarray(values, np.float64)
    if len(given) < 2:
        mean = float(given[0]) if len(given) else math.nan
        return Interval(mean, -math.inf, math.inf)
    mean, deviation = float(given.mean()), float(given.std(ddof=1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(given) - 1)) * deviation / math.sqrt(len(given))
    return Interval(mean, mean - half, mean + half)
