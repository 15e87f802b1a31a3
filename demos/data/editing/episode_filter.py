"""The criteria of an episode filter; light, because the command line is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from environments.terminal.arguments import Argument, amount, at_least, pair


@dataclass(frozen=True, kw_only=True)
class EpisodeFilter:
    """What an episode has to be; what is None or empty is not asked."""

    rating: Annotated[int | None, Argument("N", at_least(1))] = None
    """Rated N or better; one that nobody rated is left out."""
    player: Annotated[Sequence[str], Argument("NAME", repeat=True)] = ()
    """Played by one of these."""
    min_return: Annotated[float | None, Argument("X", amount())] = None
    """Least return."""
    max_return: Annotated[float | None, Argument("X", amount())] = None
    """Most return."""
    min_star: Annotated[float | None, Argument("X", amount())] = None
    """Least of what the world is judged by."""
    max_star: Annotated[float | None, Argument("X", amount())] = None
    """Most of what the world is judged by."""
    max_cost: Annotated[Mapping[str, float], Argument("COST=X", pair)] = field(default_factory=dict)
    """Most that the sum of a cost may be."""
    min_steps: Annotated[int | None, Argument("N", at_least(1))] = None
    """Least steps."""
    max_late: Annotated[float | None, Argument("SHARE", amount(0, 1))] = None
    """Most steps whose tick came late, share of all, such as 0.05."""
    finished: bool = False
    """Only those that were not broken off."""
