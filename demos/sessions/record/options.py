"""Options of `gpo record`; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from demos.data.options import StoreOptions
from environments.system.errors import UserError
from environments.terminal.arguments import Argument, amount, at_least, pair, seed_number
from environments.terminal.shared_options import GameOptions, NamesOptions

if TYPE_CHECKING:  # heavy
    from environments.simulation.world import World


@dataclass(frozen=True)
class RecordOptions(StoreOptions, GameOptions, NamesOptions):
    """Who is recorded, where, and how."""

    world: Annotated[str, Argument("WORLD", positional=True)]
    """Any world or environment id."""
    dataset: Annotated[str | None, Argument("NAME")] = None
    """Where games go (named after the world)."""
    player: Annotated[str | None, Argument("NAME")] = None
    """Who plays; of two people: anna,ben."""
    partner: Annotated[str | None, Argument("PLAYER")] = None
    """Who has the other seats, as a friend: random, still, a script or an agent file."""
    opponent: Annotated[str | None, Argument("PLAYER")] = None
    """Who has the other seats, to be beaten: random, still, a script or an agent file."""
    fps: Annotated[float | None, Argument("FPS", amount(0.01, 1000))] = None
    """Steps a second (the world's own)."""
    seed: Annotated[int | None, Argument("N", seed_number)] = None
    """Seed of the first game; each further one has the next (any)."""
    device: Annotated[str, Argument("DEVICE")] = "keyboard"
    """What is played with: keyboard, gamepad, or one each: keyboard,gamepad."""
    controls: Annotated[Path | None, Argument("FILE")] = None
    """A table of keys, as TOML, instead of the world's own."""
    headless: bool = False
    """No window, in simulated time; needs --script."""
    script: Annotated[Path | None, Argument("FILE")] = None
    """Timed keys that are played as if you pressed them, as TOML."""
    episodes: Annotated[int | None, Argument("N", at_least(1))] = None
    """Games to keep, then it ends (no end)."""
    people: Literal[1, 2] = 1
    """People who play at this machine."""
    seat: Annotated[int, Argument("N", at_least(0))] = 0
    """Seat of the one person."""
    limits: Annotated[Mapping[str, float] | None, Argument("COST=MOST", pair, flag="--limit")] = (
        None
    )
    """Limit that is shown beside a cost."""

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
