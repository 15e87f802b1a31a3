"""What a person asks `gpo record` for; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.system.errors import UserError

if TYPE_CHECKING:  # heavy
    from environments.simulation.world import World


@dataclass(frozen=True)
class RecordOptions:
    """People play a world, and what they do is kept."""

    world: str
    """Id of any world or environment, ours or another's."""

    dataset: str | None = None
    """Where kept games go; one named after the world if left out, made on first use."""

    player: str | None = None
    """Who plays; for two people both names: anna,ben."""

    partner: str | None = None
    """Who plays the other seats beside you: random, still, a script or an agent file."""

    opponent: str | None = None
    """Who plays the other seats against you: random, still, a script or an agent file."""

    fps: float | None = None
    """Steps a second; the world's own pace if left out."""

    seed: int | None = None
    """Of the first game, each further one has the next; any if left out."""

    device: str = "keyboard"
    """keyboard, gamepad, or one for each of two people: keyboard,gamepad."""

    controls: Path | None = None
    """A TOML table of keys instead of the world's own."""

    headless: bool = False
    """Without a window, in simulated time; needs a script."""

    script: Path | None = None
    """A TOML list of timed key and gamepad events that are played as if a person made them."""

    root: Path = Path("datasets")
    """The folder of datasets."""

    episodes: int | None = None
    """Games to keep before it ends by itself; no limit if left out."""

    people: int = 1
    """How many play at this machine: 1 or 2."""

    seat: int = 0
    """Seat of the one person, from 0."""

    params: Mapping[str, Any] | None = None
    """Parameters of the world, such as layout."""

    options: Mapping[str, Any] | None = None
    """Options of every episode, such as horizon."""

    limits: Mapping[str, float] | None = None
    """Limits of costs by name, shown beside them."""

    shield: bool = False
    """Play behind the world's shield; with an agent that was trained behind it one always does."""

    workers: int = 0
    """Processes for the games of an external environment that may hang or die; 0 is none."""

    patience: float = 30.0
    """Seconds after which an external environment that does not answer is ended."""

    def tick(self, world: World) -> float:
        """Seconds a step takes."""
        return world.tick if self.fps is None else 1 / self.fps

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UserError: it says what.
        """
        if self.headless and self.script is None:
            raise UserError("--headless has nobody at the keys: give it --script FILE.")
        if self.script is not None and not Path(self.script).is_file():
            raise UserError(f"There is no script {self.script}: give the path of a TOML file.")
        if self.partner and self.opponent:
            raise UserError("The other seat is either a --partner's or an --opponent's: give one.")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise UserError(f"--fps is {self.fps}; give steps a second, above 0 and up to 1000.")
        if self.episodes is not None and self.episodes < 1:
            raise UserError(f"--episodes is {self.episodes}; give at least one.")
