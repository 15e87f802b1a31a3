"""What `gpo demos collect` is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environments.external.trial.isolated import PATIENCE


@dataclass(frozen=True)
class CollectOptions:
    """Who plays what, how often, and what is kept of it."""

    root: Path
    """Where datasets are kept."""
    name: str
    """Of the new dataset."""
    world: str
    """Any world or environment id."""
    player: str
    """Whose play is collected: random, still, a script (sharpshooter-3), an agent file or a run."""
    against: Sequence[str] = ()
    """Who has the other seats, each game one of them by chance (the player itself)."""
    episodes: int = 200
    """Games to play."""
    seed: int = 0
    """Of the first game; each has the next one."""
    shield: bool = False
    """Play behind the world's shield; an agent that was trained behind it always does."""
    horizon: int | None = None
    """Steps of a game (the world's own)."""
    keep: str = "player"
    """The streams of the player alone, or all: "player" or "all"."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the world, such as layout=counter_circuit."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of every episode."""
    workers: int = 0
    """Processes for the games of an external environment that may hang or die."""
    patience: float = PATIENCE
    """Seconds, after which one that does not answer is ended."""

    @property
    def of_episodes(self) -> dict[str, Any]:
        """The options of every episode, with the horizon."""
        return {**self.options, **({} if self.horizon is None else {"horizon": self.horizon})}
