"""Verdict: which agent a run hands on, with the figures it hangs on, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Handed = Literal["clone", "refined", "corrected"]


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
    north_star: str  # the term that is judged
    clone_mean: float | None = None  # per game
    mean: float | None = None  # of the agent that is handed on, on the same seeds
    update: int | None = None  # after which it was best; None for the clone
    diverged: bool = False  # refining stopped early

    @property
    def is_refined(self) -> bool:
        """Whether a refined agent was better than the clone and is handed on."""
        return self.handed_on == "refined"

    def __str__(self) -> str:
        """As it is printed and kept in the agent file."""
        return self.sentence


def refining_verdict(
    north_star: str, clone: float, best: float, update: int, refused: str = "", trouble: str = ""
) -> Verdict:
    """The verdict of a refining.

    Args:
        north_star: the term that counts.
        clone: its mean with the clone.
        best: its mean with the best agent.
        update: after which that was found; -1 for the clone itself.
        refused: why the last agent that was not kept for its costs or distance was not, in a sentence.
        trouble: why refining stopped early, in a sentence.
    """
    before = f"{trouble} " if trouble else ""
    if update < 0:
        before += f"{refused} " if refused else ""
        return Verdict(
            "clone",
            f"{before}No refined agent was reliably better than the clone ({north_star} {clone:.2f}), "
            "so the clone itself is handed on.",
            north_star,
            clone,
            clone,
            diverged=bool(trouble),
        )
    return Verdict(
        "refined",
        f"{before}The best agent is from update {update}: {north_star} {best:.2f} against the clone's "
        f"{clone:.2f} on the same seeds.",
        north_star,
        clone,
        best,
        update,
        bool(trouble),
    )
