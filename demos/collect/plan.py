"""The plan of a collection: which games are played, and what of them is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CollectPlan:
    """How games are collected, beside who plays."""

    seed: int = 0  # of the first game, each has the next one
    options: Mapping[str, Any] = field(default_factory=dict)  # of every episode, such as `horizon`
    shield: bool = False  # play behind the world's shield
    turns: bool = False  # the first player takes the seats in turn, else it has the first
    alone: bool = False  # keep its streams only; what the others did stands among the raw numbers
    names: Sequence[Sequence[str]] = ()  # of each player, or of the members of a mixture
    description: str = ""  # in words, for `gpo demos info`
    provenance: Mapping[str, Any] | None = None  # where the play comes from, likewise
