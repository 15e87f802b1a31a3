"""What training results in, typed: scores of pairings, and what a whole run gives back.

The JSON of `scores.json` is `Scores.to_json`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.gate.verdict import Verdict

Spread = Mapping[str, float]  # "mean", and "low" and "high" of its 95 % interval


# Who learned, in that order: a run has clone, or fresh network, and refined agent; a round of corrections the
# other three.
LEARNED = ("fresh", "clone", "before", "corrected", "refined")
RECORDED = "recorded play"  # the row of recordings of one seat, or of scripts
PEOPLE = "people with people"  # of people's recordings
OTHERWISE = {
    True: "sampled actions",
    False: "likeliest actions",
}  # by whether it is played greedily


@dataclass(frozen=True)
class Pairing:
    """Who is judged beside whom."""

    name: str  # of its row
    player: str  # a role: one of those learned, or "human_model"
    partner: str | None = None  # who plays the other seats; None where there are none
    otherwise: bool = (
        False  # not as its file says: sampled instead of greedy, or greedy instead of sampled
    )


def pairings(
    seats: int, roles: Sequence[str], with_people: bool, alone: bool = False
) -> tuple[Pairing, ...]:
    """What a run judges in a world of so many seats.

    Args:
        seats: N.
        roles: of the agents that learned, the first of which has the other seats.
        with_people: whether there is a model of other people.
        alone: whether each has all seats instead, but for those of that model.
    """
    if seats == 1:
        return tuple(Pairing(role, role) for role in roles)
    beside = {role: role if alone else roles[0] for role in roles}
    found = [Pairing(f"{role} with {other}", role, other) for role, other in beside.items()]
    if with_people:
        people = [(role, f"{role} with human model") for role in roles]
        found.append(Pairing("human model with human model", "human_model", "human_model"))
        found += [Pairing(name, role, "human_model") for role, name in people]
    return tuple(found)


@dataclass(frozen=True)
class PairingScores:
    """How one pairing did."""

    seats: Sequence[Mapping[str, Spread]]  # by seat: "return", terms, the figure, costs, "shielded"
    games: int
    steps: tuple[int, int] | None = (
        None  # of the shortest and of the longest; None if it is not known
    )
    broken: int = 0  # games that the environment broke off, which do not count

    def to_json(self) -> dict[str, Any]:
        """As it stands in `scores.json`."""
        told: dict[str, Any] = {"seats": list(self.seats), "games": self.games}
        told |= {} if self.steps is None else {"steps": list(self.steps)}
        return told | ({"broken": self.broken} if self.broken else {})

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> PairingScores:
        """The scores of such a row."""
        steps = tuple(row["steps"]) if "steps" in row else None
        return cls(row["seats"], row["games"], steps, row.get("broken", 0))


@dataclass(frozen=True)
class Scores:
    """The last judgement of a run."""

    world: str  # id
    protocol: str  # in words
    rows: Mapping[str, PairingScores]  # by pairing, as they are shown
    likeness: Mapping[str, float] = field(default_factory=dict)  # log-likelihood, nats a step
    matches: Mapping[str, Any] = field(default_factory=dict)  # `training.evaluation.head_to_head`
    judged_by: str | None = None  # the figure that decided instead of the north star, if one did
    robustness: Mapping[str, Any] = field(default_factory=dict)  # `training.evaluation.robustness`

    @property
    def handed_on(self) -> PairingScores | None:
        """The last pairing of who learned last: with the model of other people where there is one."""
        for role in reversed(LEARNED):
            named = [n for n in self.rows if n == role or n.startswith(f"{role} with ")]
            found = [self.rows[n] for n in named if not n.endswith(tuple(OTHERWISE.values()))]
            if found:
                return found[-1]
        return None

    def to_json(self) -> dict[str, Any]:
        """As `scores.json` holds it."""
        told: dict[str, Any] = {"world": self.world, "protocol": self.protocol}
        told["rows"] = {name: row.to_json() for name, row in self.rows.items()}
        if self.likeness:
            told["likeness"] = dict(self.likeness)
        if self.judged_by is not None:
            told["judged_by"] = self.judged_by
        if self.robustness:
            told["robustness"] = dict(self.robustness)
        return told | ({"matches": dict(self.matches)} if self.matches else {})

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Scores:
        """The scores of such a file."""
        rows = {name: PairingScores.from_json(row) for name, row in told["rows"].items()}
        return cls(
            told["world"],
            told["protocol"],
            rows,
            told.get("likeness", {}),
            told.get("matches", {}),
            told.get("judged_by"),
            told.get("robustness", {}),
        )


@dataclass(frozen=True)
class TrainResult:
    """What a run has come to."""

    folder: Path  # of the run
    agent: Path | None  # the agent file that is handed on; None where no agent keeps every limit
    scores: Scores
    verdict: Verdict
