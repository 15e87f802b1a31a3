"""Options of `gpo watch`; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from demos.data.options import StoreOptions
from environments.system.errors import UserError
from environments.terminal.arguments import Argument, at_least, seed_number
from environments.terminal.shared_options import GameOptions


@dataclass(frozen=True)
class WatchOptions(StoreOptions, GameOptions):
    """Whom to watch, with whom, and how."""

    name: Annotated[str, Argument("AGENT|RUN|WORLD", positional=True)]
    """An agent file, a run folder (its best agent) or a world."""
    against: Annotated[str | None, Argument("PLAYER")] = None
    """Who has the other seats, to be beaten: random, still, human, a script, a file or a run (itself)."""
    partner: Annotated[str | None, Argument("PLAYER")] = None
    """Who has the other seats, to be played with: the same names as for --against (itself)."""
    seat: Annotated[int, Argument("N", at_least(0))] = 0
    """Seat of the one that is watched."""
    seed: Annotated[int | None, Argument("N", seed_number)] = None
    """Seed of the first game; each further one has the next (any)."""
    games: Annotated[int | None, Argument("N", at_least(1))] = None
    """Games after which it ends (without a window 1, else no end)."""
    greedy: bool = False
    """Take the likeliest actions, not samples."""
    evaluated: Annotated[str | None, Argument("FIRST:GAMES")] = None
    """Seeds are numbers of the games that gpo evaluate played at once (1000000:100)."""
    player: Annotated[str | None, Argument("PLAYER")] = None
    """Who is watched where a world is named: the same names as for --against (random)."""
    device: Literal["keyboard", "gamepad"] = "keyboard"
    """What you take over with."""
    dataset: Annotated[str | None, Argument("NAME")] = None
    """Where games go in which you took over (named after the world)."""
    live: bool = False
    """Always the newest checkpoint of a run that is training."""
    panels: bool = True
    """Show the panels."""
    record: Annotated[Path | None, Argument("FILE")] = None
    """Write a video of it, .mp4 or .gif."""
    headless: bool = False
    """No window, as fast as it goes."""
    script: Annotated[Path | None, Argument("FILE")] = None
    """Timed keys that are played as if you pressed them, as TOML."""

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UserError: it says what.
        """
        if self.against and self.partner:
            raise UserError("The other seats are either --against's or --partner's: give one.")
        if self.script is not None and not Path(self.script).is_file():
            raise UserError(f"There is no script {self.script}: give the path of a TOML file.")
        if self.record is not None:
            from demos.window.video.film import check_film  # heavy, and rarely asked for

            check_film(self.record)
