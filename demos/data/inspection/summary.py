"""Summary of a dataset from the facts beside its episodes; no steps are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demos.data.dataset.dataset import Dataset
from environments.system.errors import UserError


@dataclass(frozen=True)
class Summary:
    """What a dataset holds; damaged episodes are counted apart and nowhere else."""

    episodes: int
    damaged: tuple[str, ...]  # one sentence for each
    aborted: int  # those that the environment broke off with them
    broken: int  # that the environment broke off; they count in no total
    steps: int
    seconds: float  # of play; the streams of one match count once
    matches: int
    players: tuple[str, ...]
    totals: dict[str, list[float]]  # by term or cost: its sum in each episode

    def mean(self, name: str | None) -> float | None:
        """The mean over episodes of a term or cost; None if there is nothing to average."""
        values = self.totals.get(name or "", [])
        return sum(values) / len(values) if values else None


def summarise(dataset: Dataset) -> Summary:
    """Count what can be read."""
    whole: list[dict[str, Any]] = []
    damaged: list[str] = []
    for number in range(len(dataset)):
        try:
            whole.append(dataset.episode_facts(number))
        except UserError as problem:
            damaged.append(str(problem))
    lengths = _match_lengths(whole)
    kept = [facts for facts in whole if not facts["meta"].get("broken_off")]
    names = (*dataset.facts["terms"], *dataset.facts["costs"])
    return Summary(
        episodes=len(whole),
        damaged=tuple(damaged),
        aborted=sum(facts["aborted"] for facts in whole),
        broken=len(whole) - len(kept),
        steps=sum(facts["total_steps"] for facts in whole),
        seconds=sum(lengths),
        matches=len(lengths),
        players=tuple(sorted({facts["player"] for facts in whole if facts["player"]})),
        totals={name: [facts["totals"][name] for facts in kept] for name in names},
    )


def _match_lengths(whole: Sequence[dict[str, Any]]) -> list[float]:
    """Seconds of each match, the longest of its streams; a stream without a match is its own."""
    lengths: dict[object, float] = {}
    for number, facts in enumerate(whole):
        match = facts["match"] if facts["match"] is not None else number
        lengths[match] = max(lengths.get(match, 0.0), facts["seconds"])
    return list(lengths.values())
