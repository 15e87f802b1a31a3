"""Verdict: which agent a run hands on, with the figures it hangs on, and the sentences that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agents.evaluation.statistics import Interval

Handed = Literal["clone", "refined", "corrected", "nothing"]


@dataclass(frozen=True)
class Refusal:
    """Why a judged agent may not be handed on, however well it plays."""

    cause: Literal["limit", "budget"]
    value: float  # the upper end of a cost's interval, or nats away from the clone
    bound: float  # the limit or the budget
    cost: str = ""  # of a limit

    def __str__(self) -> str:
        """A sentence."""
        if self.cause == "budget":
            return (
                f"The last agent refused was {self.value:.2f} nats away, its budget {self.bound:g}."
            )
        return (
            f"The last agent refused may cost {self.value:.2f} {self.cost}, "
            f"more than its limit of {self.bound:g}."
        )


@dataclass(frozen=True)
class Verdict:
    """What is handed on; its text is one or more sentences.

    The figures are None where an agent was read back from a run that does not hold them any more.
    """

    handed_on: Handed
    sentence: str
    judged_by: str  # the term, or "reward"
    clone_mean: float | None = None  # per game
    mean: float | None = None  # of the agent that is handed on, on the same seeds
    update: int | None = None  # after which it was best; None for the clone
    diverged: bool = False  # refining stopped early
    greedy: bool = False  # whether what is handed on takes its likeliest actions
    unsafe: bool = False  # whether what is handed on, or would have been, breaks a limit

    @property
    def is_refined(self) -> bool:
        """Whether a refined agent is handed on."""
        return self.handed_on == "refined"

    @property
    def figures(self) -> dict[str, Any]:
        """As an agent file keeps them, and `from_facts` reads them."""
        return {"clone": self.clone_mean, "mean": self.mean, "update": self.update}

    def __str__(self) -> str:
        """As it is printed and kept in the agent file."""
        return self.sentence


@dataclass(frozen=True)
class Figures:
    """What a verdict is about: the games of the agent and of its clone on the same fresh seeds."""

    judged_by: str
    update: int  # of the agent; -1 is the clone
    mean: float
    clone: float
    gain: Interval  # of the agent over the clone, game by game
    games: int
    costs: Mapping[str, Interval]  # of the agent
    clone_costs: Mapping[str, Interval]
    limits: Mapping[str, float]
    beside: str = "the clone"  # whom it is compared with, in words

    @property
    def compared(self) -> str:
        """The agent beside its clone, in words."""
        gain = self.gain
        return (
            f"{self.judged_by} {self.mean:.2f} against {self._owner} {self.clone:.2f} on {self.games} "
            f"fresh games ({gain.mean:+.2f} game by game, 95 % interval {gain.low:+.2f} to {gain.high:+.2f})"
        )

    @property
    def _owner(self) -> str:
        return f"{self.beside}:" if " with " in self.beside else f"{self.beside}'s"

    @property
    def spent(self) -> str:
        """The agent's costs beside their limits, in words."""
        return spent(self.costs, self.limits)


def spent(costs: Mapping[str, Interval], limits: Mapping[str, float]) -> str:
    """Costs beside their limits, in words; what may not be seen at all has no bound."""
    return ", ".join(
        f"{name} up to {costs[name].high:.3g} of {limit:g}"
        if limit
        else f"{name} {costs[name].mean:.3g} of 0"
        for name, limit in limits.items()
    )
