"""What somebody asked `gpo record` for; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.system.errors import UserError

if TYPE_CHECKING:
    from environments.simulation.world import World


@dataclass(frozen=True)
class RecordOptions:
    """What somebody asked for on the command line; `record.record_command` says what each is."""

    world: str
    dataset: str | None = None
    player: str | None = None
    partner: str | None = None
    opponent: str | None = None
    fps: float | None = None
    seed: int | None = None
    device: str = "keyboard"
    controls: Path | None = None
    headless: bool = False
    script: Path | None = None
    root: Path = Path("datasets")
    episodes: int | None = None
    people: int = 1
    seat: int = 0
    params: Mapping[str, Any] | None = None
    options: Mapping[str, Any] | None = None
    limits: Mapping[str, float] | None = None
    shield: bool = False
    workers: int = 0
    patience: float = 30.0

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
