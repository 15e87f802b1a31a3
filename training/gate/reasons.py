"""Reasons: the sentences that say why an agent is handed on, or is not."""

from __future__ import annotations

import math

from agents.evaluation.statistics import LEVEL, cost_interval
from training.gate.selection import Candidate, CostBounds
from training.gate.verdict import Figures, spent

GREEDY = "It takes its likeliest actions, which was reliably better than sampled ones."
ASKED = "It takes its likeliest actions, as the recipe asks."
UNSAFE = "Nothing is handed on: train longer, raise the limit, or take what breaks it with --accept-unsafe."


def from_nothing(figures: Figures) -> str:
    """What is said of an agent that was not begun from the clone, and need not be better than it."""
    gain = figures.gain
    than = f"not to be told apart from {figures.beside}"
    if gain.low > 0 or gain.high < 0:
        than = f"{'better' if gain.low > 0 else 'worse'} than {figures.beside}"
    return (
        f"The best agent that was begun from nothing is from update {figures.update} and {than}: "
        f"{figures.compared}."
    )


def not_confirmed(figures: Figures, keeps_limits: bool) -> str:
    """Why an agent that was chosen is not handed on."""
    if not keeps_limits:
        return (
            f"The best agent on the judge's seeds, from update {figures.update}, broke a limit on fresh "
            f"games ({figures.spent})."
        )
    return (
        f"The best agent on the judge's seeds, from update {figures.update}, could not be confirmed to be "
        f"better: {figures.compared}."
    )


def spent_of(bounds: CostBounds, candidate: Candidate) -> str:
    """A candidate's costs beside their limits, in words."""
    costs = {name: bounds.interval(name, candidate.totals) for name in bounds.limits}
    return spent(costs, bounds.limits)


def too_few_games(bounds: CostBounds, games: int) -> list[str]:
    """Limits that so few games cannot show to be kept, even if the cost never comes up."""
    said = []
    for name, limit in bounds.limits.items():
        largest = bounds.largest(name)
        high = cost_interval([0.0] * games, largest).high
        if 0 < limit < high:
            enough = math.ceil(math.log((1 - LEVEL) / 2) / math.log1p(-limit / largest))
            said.append(
                f"{games} games cannot show a limit of {limit:g} {name}, with up to {largest:g} in a game: "
                f"set refine.judge.games to {enough} or more."
            )
    return said


def joined(said: list[str]) -> str:
    """Sentences, without those that say nothing."""
    return " ".join(sentence for sentence in said if sentence)
