"""Manner: how an agent is played, which is part of what is judged and of what is handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents.networks.policy import AgentPolicy
from agents.players.from_agent import player_in_manner
from agents.players.player import Player


@dataclass(frozen=True)
class Manner:
    """How an agent is played."""

    greedy: bool = False  # takes its likeliest actions, instead of samples
    stuck_steps: int = 0  # of the stuck rule (`agents.players.unstuck`); 0 is without it

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Manner:
        """As an agent file says that it is to be played."""
        return cls(bool(facts.get("greedy", False)), int(facts.get("stuck_steps", 0)))

    @property
    def facts(self) -> dict[str, Any]:
        """What an agent file says of it."""
        return {"greedy": self.greedy, "stuck_steps": self.stuck_steps}

    def player(self, policy: AgentPolicy, seed: int, body: slice | None = None) -> Player:
        """A policy that is played so, from a generator of its own: the same seed gives the same noise."""
        return player_in_manner(policy, self.facts, body, seed)

    def __str__(self) -> str:
        """In words."""
        return "its likeliest actions" if self.greedy else "sampled actions"


def manners(own: Manner, body: slice | None, only_greedy: bool = False) -> tuple[Manner, ...]:
    """Every manner that a clone is judged in, its own first: sampled and greedy, with its rule and without.

    Args:
        own: as its file says.
        body: the part of an observation that the stuck rule reads; None where there is no such rule.
        only_greedy: whether the recipe has everybody take the likeliest actions.
    """
    rules = dict.fromkeys((own.stuck_steps, 0)) if body is not None else {0: None}
    choices = (True,) if only_greedy else (own.greedy, not own.greedy)
    return tuple(Manner(greedy, steps) for steps in rules for greedy in choices)
