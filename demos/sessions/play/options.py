"""Options of `gpo play`; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from demos.data.options import StoreOptions
from environments.system.errors import UserError
from environments.terminal.arguments import Argument, amount, at_least, seed_number
from environments.terminal.shared_options import GameOptions

LEVELS = ("easy", "normal", "hard")


@dataclass(frozen=True)
class PlayOptions(StoreOptions, GameOptions):
    """With whom to play, and how."""

    name: Annotated[str, Argument("AGENT|RUN", positional=True)]
    """An agent file, a run folder, or a run's name under runs/."""
    level: Annotated[str | None, Argument("LEVEL")] = None
    """Level: easy, normal or hard, as measured (the agent as it is)."""
    levels: bool = False
    """Measure the levels, print them, end."""
    against: Annotated[tuple[str, ...], Argument("PLAYER", repeat=True)] = ()
    """Whom levels are measured against (the run's human model, or its clone)."""
    coach: bool = False
    """Watch the agent in your seat: your keys, or T held, take over."""
    partner: Annotated[str | None, Argument("PLAYER")] = None
    """Who plays beside a coached agent (the run's human model, or its clone, or the agent)."""
    settle: Annotated[float | None, Argument("SECONDS", amount(0, 10))] = None
    """Pause after which a coached agent drives on, s (0.3)."""
    seat: Annotated[int, Argument("N", at_least(0))] = 0
    """Your seat."""
    player: Annotated[str | None, Argument("NAME")] = None
    """Who plays."""
    dataset: Annotated[str | None, Argument("NAME")] = None
    """Where games go (named after the world)."""
    games: Annotated[int | None, Argument("N", at_least(1))] = None
    """Games to keep, then it ends; with --levels, games of each measurement (no end)."""
    seed: Annotated[int | None, Argument("N", seed_number)] = None
    """Seed of the first game; each further one has the next (any)."""
    device: Annotated[str, Argument("DEVICE")] = "keyboard"
    """What you play with: keyboard or gamepad."""
    controls: Annotated[Path | None, Argument("FILE")] = None
    """A table of keys, as TOML, instead of the world's own."""
    headless: bool = False
    """No window, in simulated time; needs --script."""
    script: Annotated[Path | None, Argument("FILE")] = None
    """Timed keys that are played as if you pressed them, as TOML."""

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UserError: it says what.
        """
        if self.headless and self.script is None and not self.levels:
            raise UserError("--headless has nobody at the keys: give it --script FILE.")
        if self.script is not None and not Path(self.script).is_file():
            raise UserError(f"There is no script {self.script}: give the path of a TOML file.")
        if self.partner and not self.coach:
            raise UserError(
                "--partner says who plays beside an agent that you --coach; give both or none."
            )
        if self.settle is not None and not (self.coach and 0 <= self.settle <= 10):
            raise UserError(
                "--settle is the pause after which a coached agent drives on: 0 to 10 s."
            )
        if self.against and not self.levels:
            raise UserError("--against says whom --levels are measured against; give both or none.")
