"""What a person asks `gpo play` for; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments.system.errors import UserError

LEVELS = ("easy", "normal", "hard")


@dataclass(frozen=True)
class PlayOptions:
    """What somebody asked for on the command line; `play_command` says what each is."""

    name: str
    level: str | None = None
    levels: bool = False
    against: tuple[str, ...] = ()
    coach: bool = False
    partner: str | None = None
    settle: float | None = None
    seat: int = 0
    player: str | None = None
    dataset: str | None = None
    games: int | None = None
    seed: int | None = None
    device: str = "keyboard"
    controls: Path | None = None
    params: Mapping[str, Any] | None = None
    options: Mapping[str, Any] | None = None
    headless: bool = False
    script: Path | None = None
    root: Path = Path("datasets")
    shield: bool = False
    workers: int = 0
    patience: float = 30.0

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
