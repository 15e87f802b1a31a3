"""The results of games that are watched, by agent and rival, and how long decisions took."""

from __future__ import annotations

from collections import deque

import numpy as np

from demos.sessions.match.tally import Result, Tally

LAST = 200  # decisions whose time is kept


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
