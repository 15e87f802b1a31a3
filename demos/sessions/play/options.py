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
    """A person plays with or against agents, or coaches one; every game is kept and counted."""

    name: str
    """An agent file, a run folder, or a run's name under runs/."""

    level: str | None = None
    """Strength of the agent: easy, normal or hard, as measured; the agent as it is if left out."""

    levels: bool = False
    """Measure the levels, print them, and end."""

    against: tuple[str, ...] = ()
    """Whom the levels are measured against; the run's human model, else its clone, if left out."""

    coach: bool = False
    """Watch the agent in your seat: your keys, or T held, take over."""

    partner: str | None = None
    """Who plays the other seats beside a coached agent; the run's human model, its clone, or the agent."""

    settle: float | None = None
    """Seconds after which a coached agent drives on; 0.3 if left out."""

    seat: int = 0
    """Your seat, from 0."""

    player: str | None = None
    """Who plays."""

    dataset: str | None = None
    """Where games go; one named after the world if left out, made on first use."""

    games: int | None = None
    """Games to keep before it ends by itself; with levels the games of each measurement."""

    seed: int | None = None
    """Of the first game, each further one has the next; any if left out."""

    device: str = "keyboard"
    """keyboard or gamepad."""

    controls: Path | None = None
    """A TOML table of keys instead of the world's own."""

    params: Mapping[str, Any] | None = None
    """Parameters of the world, such as layout."""

    options: Mapping[str, Any] | None = None
    """Options of every episode, such as horizon."""

    headless: bool = False
    """Without a window, in simulated time; needs a script."""

    script: Path | None = None
    """A TOML list of timed key and gamepad events that are played as if a person made them."""

    root: Path = Path("datasets")
    """The folder of datasets."""

    shield: bool = False
    """Play behind the world's shield; with an agent that was trained behind it one always does."""

    workers: int = 0
    """Processes for the games of an external environment that may hang or die; 0 is none."""

    patience: float = 30.0
    """Seconds after which an external environment that does not answer is ended."""

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
