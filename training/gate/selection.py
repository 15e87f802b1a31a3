"""Selection: which of the agents that were judged so far may be handed on, by their games alone.

Feasible first (Deb, "An efficient constraint handling method for genetic algorithms", 2000): an agent that
keeps every limit goes before one that does not, however well that plays. Among those that keep them, one may
be better than the clone if it earned more on the same seeds with the same noise; of agents that the games
cannot tell apart it is the one trained longest, not the one with the luckiest average. Whether it *is* better
these games do not say, for one of thirty judgements is always lucky: fresh ones do, which nothing was chosen
by (`training.gate.confirmation`), so that it does not matter how often was looked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agents.evaluation.statistics import LEVEL, Interval, cost_interval, paired_student
from training.gate.manner import Manner

RARE = 10  # games with a cost, below which they do not tell how large it can be
Totals = Mapping[str, np.ndarray]  # of the judged agent by term and cost, game after game: [E] each


@dataclass(frozen=True)
class Candidate:
    """An agent that was judged: when, how it was played, and its games."""

    update: int  # after which; -1 is the clone
    manner: Manner
    totals: Totals

    def mean(self, name: str) -> float:
        """Of a term or cost, per game."""
        return float(self.totals[name].mean())


@dataclass(frozen=True)
class GateSettings:
    """What an agent must do to be handed on, and how it is judged."""

    judged_by: str  # the figure that counts: a term, or `REWARD` with its weights
    every: int  # updates between two judgements
    # Hand on the clone rather than something that is not reliably better. Without it the best is simply the
    # best, which is for comparisons with runs that do not start from the clone.
    guard: bool = True
    # By cost, what an agent that is handed on may cost per episode: the upper end of its interval.
    limits: Mapping[str, float] = field(default_factory=dict)
    budget: float | None = None  # nats per state that it may be away from the clone
    only_greedy: bool = False  # everybody takes the likeliest actions
    body: slice | None = None  # `World.body`, for the stuck rule
    beside: str = (
        "the clone"  # what was there before, in words: a fresh network where nothing was cloned
    )
    weights: Mapping[str, float] = field(default_factory=dict)  # `JudgedBy.weights` of that figure
    is_north_star: bool = True  # whether it is the world's


def facts_of(candidate: Candidate | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    """What a checkpoint keeps of a candidate, as JSON."""
    if candidate is None:
        return None
    totals = {name: candidate.totals[name].tolist() for name in names}
    return {"update": candidate.update, "manner": candidate.manner.facts, "totals": totals}


def candidate_of(told: Mapping[str, Any] | None) -> Candidate | None:
    """The candidate of `facts_of`."""
    if told is None:
        return None
    totals = {name: np.array(values, np.float64) for name, values in told["totals"].items()}
    return Candidate(told["update"], Manner.of(told["manner"]), totals)


class CostBounds:
    """The upper ends of limited costs, and how far they are beyond their limits.

    Args:
        limits: by cost.
    """

    def __init__(self, limits: Mapping[str, float]) -> None:
        self.limits = dict(limits)
        # What a game has cost at most: one that was judged, and one of the training.
        self.judged, self.trained = dict.fromkeys(limits, 0.0), dict.fromkeys(limits, 0.0)

    def see(self, totals: Totals) -> None:
        """Take games that were judged: they say how large the cost of a game can be."""
        for name in self.limits:
            self.judged[name] = max(self.judged[name], float(totals[name].max()))

    def see_training(self, name: str, cost: float) -> None:
        """Take what a game of the training has cost, for a cost that no judged game had."""
        if name in self.limits and math.isfinite(cost):
            self.trained[name] = max(self.trained[name], cost)

    def largest(self, name: str) -> float:
        """How much a game can cost; a cost that nobody has ever seen is taken to be its limit."""
        return self.judged[name] or self.trained[name] or self.limits[name]

    def interval(self, name: str, totals: Totals, level: float = LEVEL) -> Interval:
        """Of a cost per game. How large it can be is read from other games only where these have few."""
        few = int((totals[name] > 0).sum()) < RARE
        return cost_interval(totals[name], self.largest(name) if few else 0.0, level)

    def broken(self, totals: Totals, level: float = LEVEL) -> dict[str, float]:
        """The upper ends of the costs whose limits these games do not show to be kept.

        No number of games shows that a cost is 0: with that limit it must not have been seen.
        """
        found = {}
        for name, limit in self.limits.items():
            high = self.interval(name, totals, level).high
            if (high > limit) if limit > 0 else bool(totals[name].any()):
                found[name] = high
        return found

    def violation(self, totals: Totals) -> float:
        """How far the worst cost is beyond its limit, as a share of that: at most 0 where all are kept."""
        shares = [-math.inf]
        for name, limit in self.limits.items():
            unit = limit or self.largest(name) or 1.0
            over = float(totals[name].mean()) if limit == 0 else self.interval(name, totals).high
            shares.append((over - limit) / unit)
        return max(shares)


def corrected(level: float, looks: int) -> float:
    """The level of each of so many intervals, so that all of them hold with the given one (Bonferroni)."""
    return 1 - (1 - level) / max(looks, 1)


def gains(
    name: str, candidate: Candidate, references: Sequence[Candidate], level: float = LEVEL
) -> list[Interval]:
    """The differences to each reference, game by game."""
    return [paired_student(one.totals[name], candidate.totals[name], level) for one in references]


class Selection:
    """The agents that may be handed on, of those that were judged.

    Args:
        settings: what counts.
        clone: the clone's games, in the manner in which it would be handed on.
        clones: its games in every manner.
        bounds: of the costs.
    """

    def __init__(
        self,
        settings: GateSettings,
        clone: Candidate,
        clones: Sequence[Candidate],
        bounds: CostBounds,
    ) -> None:
        self.settings, self.clone, self.clones, self.bounds = settings, clone, tuple(clones), bounds
        self.kept: Candidate | None = None  # would be handed on
        self.highest: Candidate | None = None  # with the highest mean of those that keep the limits
        self.safest: Candidate | None = (
            None  # that comes nearest to the limits, or is furthest below
        )

    @property
    def clone_is_feasible(self) -> bool:
        """Whether the clone keeps every limit."""
        return not self.bounds.broken(self.clone.totals)

    def references(self, manner: Manner) -> list[Candidate]:
        """The clone as it would be handed on, and as it plays under the very rules of a candidate."""
        alike = [one for one in self.clones if one.manner == manner]
        return list({one.manner: one for one in (self.clone, *alike)}.values())

    def consider(self, candidate: Candidate) -> bool:
        """Take an agent that was judged; whether it is the one to keep now."""
        self.bounds.see(candidate.totals)
        figure = self.settings.judged_by
        if self.bounds.broken(candidate.totals):
            return False
        keep = self._is_eligible(candidate) and self._reaches_highest(candidate)
        if self.highest is None or candidate.mean(figure) > self.highest.mean(figure):
            self.highest = candidate
        if keep:
            self.kept = candidate
        return keep

    def is_safer(self, candidate: Candidate) -> bool:
        """Take an agent that was judged; whether it is the safest now."""
        if not self.settings.limits:
            return False
        figure, best = self.settings.judged_by, self.safest
        mine = self.bounds.violation(candidate.totals)
        theirs = math.inf if best is None else self.bounds.violation(best.totals)
        safer = mine < theirs or (
            mine == theirs and best is not None and candidate.mean(figure) > best.mean(figure)
        )
        if safer:
            self.safest = candidate
        return safer

    def _is_eligible(self, candidate: Candidate) -> bool:
        if not self.settings.guard or not self.clone_is_feasible:
            return True
        figure, against = self.settings.judged_by, self.references(candidate.manner)
        return all(candidate.mean(figure) > one.mean(figure) for one in against)

    def _reaches_highest(self, candidate: Candidate) -> bool:
        if self.highest is None:
            return True
        (gain,) = gains(self.settings.judged_by, candidate, [self.highest])
        return gain.high >= 0
