"""JudgedBy: the figure by which a candidate and its clone are compared, and only they.

It is the world's north star unless a recipe says otherwise. An agent that is paid with weights of its own, as
a cautious or an aggressive one is, does what they ask and may be worse by the north star: its recipe then has
them judge, or a single term.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from environments.simulation.world import World
from environments.system.errors import UserError
from training.run.recipe import Recipe

NORTH_STAR, REWARD = "north_star", "reward"  # what `by` may say beside the name of a term


@dataclass(frozen=True)
class JudgedBy:
    """A figure of a game."""

    name: str  # of a term, or `REWARD`
    # By term, of the sum that it is; without any it is the term of that name.
    weights: Mapping[str, float] = field(default_factory=dict)

    def of(self, terms: Mapping[str, np.ndarray]) -> np.ndarray:
        """The figure of games whose terms have such totals, in their shape."""
        if not self.weights:
            return terms[self.name]
        found: np.ndarray = np.sum([w * terms[name] for name, w in self.weights.items()], axis=0)
        return found

    def told(self, world: World) -> dict[str, Any]:
        """What an agent file keeps of it, and `judged_by_of` reads: nothing of the world's north star."""
        if self.name == world.north_star and not self.weights:
            return {}
        return {"judged_by": {"name": self.name, "weights": dict(self.weights)}}

    def said(self, protocol: str) -> str:
        """How agents are judged, in words, with this at the end."""
        return f"{protocol}; judged by {'the reward of the recipe' if self.weights else self.name}"

    def is_of(self, terms: Iterable[str]) -> bool:
        """Whether these terms are all that it takes."""
        return set(self.weights or (self.name,)) <= set(terms)


def judged_by(recipe: Recipe, world: World) -> JudgedBy:
    """The figure that a recipe judges by.

    Of the reward neither what fades counts nor potentials: they help to learn, and are no aim.

    Raises:
        UserError: it is none of the world's terms, or nothing is left of the reward.
    """
    by = recipe.refine.judge.by
    if by == NORTH_STAR:
        return JudgedBy(world.north_star)
    if by != REWARD:
        if by in world.terms:
            return JudgedBy(by)
        names = ", ".join(f"'{name}'" for name in world.terms)
        raise UserError(
            f"The recipe judges by '{by}', which is no term of {world.id}: refine.judge.by is "
            f"'{NORTH_STAR}', '{REWARD}' or one of its terms, {names}."
        )
    if REWARD in (*world.terms, *world.costs):
        raise UserError(
            f"The recipe judges by '{REWARD}', the sum of its terms, and {world.id} has a term or cost of "
            "that name: give that another, or judge by another term."
        )
    hints = {*recipe.reward.faded, *world.potentials}
    weights = recipe.reward.weights or world.weights
    counted = {n: float(w) for n, w in weights.items() if w and n in world.terms and n not in hints}
    if not counted:
        raise UserError(
            f"The recipe judges by its '{REWARD}', of which nothing is left: each term has no weight, fades "
            "or is a potential."
        )
    return JudgedBy(REWARD, counted)


def judged_by_of(facts: Mapping[str, Any], world: World) -> JudgedBy | None:
    """What the facts of an agent say that it was judged by, if not by the north star of its world.

    None too where the world does not name what it takes any more.
    """
    told = facts.get("judged_by")
    if told is None:
        return None
    found = JudgedBy(told["name"], told["weights"])
    return found if found.is_of(world.terms) else None
