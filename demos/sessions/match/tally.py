"""What the games so far came to: means and shares with 95 % intervals, by who played."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import stdtrit

Z = 1.959964  # of a normal distribution, 95 % within it


@dataclass(frozen=True)
class Result:
    """What became of a game for the watched seat."""

    seed: int
    star: float  # the north star
    score: float  # the reward
    steps: int
    rival: float | None = (
        None  # the north star of whom it is compared with: the other side, or the ghost
    )


@dataclass
class Tally:
    """The games of one agent against one rival; the same seed played again counts once."""

    results: dict[int, Result] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        """Count a game."""
        self.results[result.seed] = result

    def __len__(self) -> int:
        return len(self.results)

    def column(self, name: str) -> list[float]:
        """One number of each game, in the order in which they were played."""
        return [float(getattr(result, name)) for result in self.results.values()]

    @property
    def record(self) -> tuple[int, int, int] | None:
        """Won, drawn and lost; None where there is nobody to win against."""
        pairs = [(r.star, r.rival) for r in self.results.values() if r.rival is not None]
        if not pairs:
            return None
        won, drawn = sum(a > b for a, b in pairs), sum(a == b for a, b in pairs)
        return won, drawn, len(pairs) - won - drawn


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and Student's 95 % interval (1908); of one value the interval is unknown, and infinite."""
    found, count = np.asarray(values, np.float64), len(values)
    mean = float(found.mean())
    if count < 2:
        return mean, -math.inf, math.inf
    half = float(stdtrit(count - 1, 0.975) * found.std(ddof=1) / math.sqrt(count))
    return mean, mean - half, mean + half


def share_interval(wins: float, count: int) -> tuple[float, float, float]:
    """The share of wins and Wilson's 95 % interval (1927), which stays within 0 and 1."""
    share, z2 = wins / count, Z * Z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return share, max(middle - half, 0.0), min(middle + half, 1.0)
