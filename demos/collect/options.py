"""Options of `gpo demos collect`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from demos.data.options import StoreOptions
from environments.terminal.arguments import Argument, at_least, seed_number
from environments.terminal.shared_options import GameOptions, NamesOptions


@dataclass(frozen=True)
class CollectOptions(StoreOptions, GameOptions, NamesOptions):
    """Whose play to collect, and how much of it."""

    name: Annotated[str, Argument("NAME", positional=True)]
    """Name of the new dataset."""
    world: Annotated[str, Argument("WORLD", positional=True)]
    """Any world or environment id."""
    player: Annotated[str, Argument("PLAYER")]
    """Whose play is kept: random, still, a script (sharpshooter-3), module:Class, an agent, a run."""
    against: Annotated[Sequence[str], Argument("PLAYER")] = ()
    """Who has the other seats; each game draws one (the player itself)."""
    episodes: Annotated[int, Argument("N", at_least(1))] = 200
    """Games to play."""
    seed: Annotated[int, Argument("N", seed_number)] = 0
    """Seed of the first game; each further one has the next."""
    horizon: Annotated[int | None, Argument("STEPS", at_least(1))] = None
    """Steps of a game (the world's own)."""
    keep: Literal["player", "all"] = "player"
    """What is kept: the streams of --player, or all of them."""

    @property
    def of_episodes(self) -> dict[str, Any]:
        """The options of every episode, with the horizon."""
        return {**self.options, **({} if self.horizon is None else {"horizon": self.horizon})}
