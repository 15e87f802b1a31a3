"""The results of games that are watched, by agent and rival, and how long decisions took."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

LAST = 200  # decisions whose time is kept


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


class WatchResults:
    """The results of one viewer."""

    def __init__(self) -> None:
        self.tallies: dict[tuple[str, str], Tally] = {}  # by the names of agent and rival
        self._ended: set[int] = set()  # seeds of games that came to their end
        self._seconds: deque[float] = deque(maxlen=LAST)  # that each of the last decisions took

    @property
    def played(self) -> int:
        """How many games came to their end; one that is played again counts once."""
        return len(self._ended)

    @property
    def decision_time(self) -> float:
        """Seconds that a decision took at the median of the last ones."""
        return float(np.median(self._seconds)) if self._seconds else 0.0

    def tally(self, agent: str, rival: str) -> Tally:
        """The games of an agent against a rival."""
        return self.tallies.setdefault((agent, rival), Tally())

    def decided(self, seconds: float) -> None:
        """Note how long a decision took."""
        self._seconds.append(seconds)

    def ended(self, seed: int) -> None:
        """Note that the game of a seed came to its end."""
        self._ended.add(seed)

    def add(self, agent: str, rival: str, result: Result) -> None:
        """Count a game that an agent played alone."""
        self.tally(agent, rival).add(result)
