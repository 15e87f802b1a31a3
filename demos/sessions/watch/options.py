"""What a person asks `gpo watch` for; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments.system.errors import UserError


@dataclass(frozen=True)
class WatchOptions:
    """Agents play in a window, with what stands behind each step, or in a video without one."""

    name: str
    """An agent file, a run folder (its best agent), a run's name under runs/, or a world."""

    against: str | None = None
    """Who plays the other seats, to be beaten: random, still, human, a script such as rusher-3, an agent
    file, or a run."""

    partner: str | None = None
    """Who plays the other seats, to be played with; the same names as against."""

    seat: int = 0
    """Seat of the one that is watched, from 0."""

    seed: int | None = None
    """Of the first game, each further one has the next; any if left out."""

    games: int | None = None
    """After how many games it ends; without a window 1, else no limit, if left out."""

    live: bool = False
    """Swap in the newest checkpoint of a run that is still training, between games."""

    panels: bool = True
    """Show the panels."""

    record: Path | None = None
    """A video of all of it, .mp4 or .gif."""

    headless: bool = False
    """Without a window, faster than real time."""

    script: Path | None = None
    """A TOML list of timed key events that are played as if a person made them."""

    shield: bool = False
    """Play behind the world's shield; an agent that was trained behind it always does."""

    greedy: bool = False
    """Take the likeliest actions, not samples."""

    evaluated: str | None = None
    """FIRST:GAMES, whose seeds are the games that gpo evaluate played at once; 1000000:100 if left out."""

    player: str | None = None
    """Who is watched where a world is named; the same names as against; random if left out."""

    device: str = "keyboard"
    """keyboard or gamepad, of a person who takes over or plays."""

    dataset: str | None = None
    """Where games go in which you took over; one named after the world if left out."""

    root: Path = Path("datasets")
    """The folder of datasets."""

    params: Mapping[str, Any] | None = None
    """Parameters of the world, such as layout."""

    options: Mapping[str, Any] | None = None
    """Options of every episode, such as horizon."""

    workers: int = 0
    """Processes for the games of an external environment that may hang or die; 0 is none."""

    patience: float = 30.0
    """Seconds after which an external environment that does not answer is ended."""

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
