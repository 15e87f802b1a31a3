"""The results of the games that were watched so far, by agent and rival."""

from __future__ import annotations

from dataclasses import dataclass, field


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
