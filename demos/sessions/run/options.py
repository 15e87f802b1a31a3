"""Options of `gpo run`; light, so that what cannot be meant is said at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from demos.data.options import StoreOptions
from environments.files.readers import Unreadable, parse_toml
from environments.system.errors import UserError
from environments.terminal.arguments import Argument, amount, at_least, seed_number
from environments.terminal.shared_options import GameOptions


def _action(text: str) -> Any:
    """An action: a number, or numbers as [0, 0.5]."""
    try:
        return parse_toml(f"action = {text}")["action"]
    except Unreadable:
        raise ValueError(
            f"'{text[:60]}' is no action: give a number, or numbers as [0, 0]"
        ) from None


@dataclass(frozen=True)
class RunOptions(StoreOptions, GameOptions):
    """Who drives what, how fast, and what is done when something comes too late."""

    name: Annotated[str, Argument("AGENT|RUN", positional=True)]
    """An agent file, a run (its best agent), an ONNX file, a script, or module:Class."""
    world: Annotated[str | None, Argument("WORLD")] = None
    """What is driven: any world or environment id (the one that the agent was made for)."""
    hz: Annotated[float | None, Argument("HZ", amount(0.01, 10_000))] = None
    """Ticks a second (the world's own)."""
    seconds: Annotated[float | None, Argument("SECONDS", amount(0.0))] = None
    """Time after which it ends (no end)."""
    budget: Annotated[float, Argument("SHARE", amount(0.01, 1.0))] = 0.8
    """Share of a tick after which a decision comes too late."""
    stale: Annotated[float | None, Argument("SECONDS", amount(0.0))] = None
    """Age of what is seen from which on it is too old to act by (three ticks)."""
    on_miss: Literal["hold", "safe"] = "hold"
    """What is done in a tick without a decision: hold the last action, or the safe one."""
    safe: Annotated[Any, Argument("ACTION", _action)] = None
    """The safe action, such as [0, 0]; sent at the end too (the world's idle one)."""
    rate: Annotated[float | None, Argument("MOST", amount(0.0))] = None
    """Most that a number of an action may change in a tick."""
    seat: Annotated[int, Argument("N", at_least(0))] = 0
    """Seat that is driven."""
    partner: Annotated[str | None, Argument("PLAYER")] = None
    """Who has the other seats (the same)."""
    seed: Annotated[int, Argument("N", seed_number)] = 0
    """Seed of the first episode; each further one has the next."""
    greedy: bool = False
    """Take the likeliest actions, not samples."""
    device: Literal["keyboard", "gamepad"] = "keyboard"
    """What you take over with."""
    dataset: Annotated[str | None, Argument("NAME")] = None
    """Where episodes are kept (named after the world)."""
    log: bool = True
    """Keep what is driven as episodes."""
    headless: bool = False
    """No window; nobody takes over."""
    script: Annotated[Path | None, Argument("FILE")] = None
    """Timed keys that are played as if you pressed them, as TOML; with --headless in simulated time."""

    def check(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UserError: it says what.
        """
        if self.script is not None and not Path(self.script).is_file():
            raise UserError(f"There is no script {self.script}: give the path of a TOML file.")
        if self.headless and self.script is not None and self.seconds is None:
            raise UserError("In simulated time it would never end: say how long, with --seconds.")
