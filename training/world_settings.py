"""Settings of `[world]` in a recipe: which world, what it names, and how its games are played."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from environments.terminal.arguments import MOST
from training.settings import Settings

# Told in a recipe only where they are set: without them it is the recipe that it was before there were any.
NEWER = (
    "shield", "vary", "north_star", "terms", "costs", "success", "options", "start", "reverse_until",
)  # fmt: skip


class WorldSettings(Settings):
    """Which world."""

    id: str
    """Any world or environment id."""
    params: dict[str, Any] = {}
    """Parameters of the world, such as layout; keywords of an environment of others."""
    north_star: str | None = None
    """Term that agents are judged by, such as success; the world's own if left out."""
    terms: list[str] = []
    """Terms that an environment of others names now and then, beside those that its trial shows."""
    costs: list[str] = []
    """Costs that it names now and then, likewise; one that has a limit need not stand here."""
    success: str | None = None
    """Key of its info that says whether a game is solved; is_success or success if left out."""
    options: dict[str, Any] = {}
    """Options of every episode, such as level; those of the recordings if left out."""
    horizon: int | None = Field(None, ge=1, le=MOST)
    """Length of an episode; the world's own if left out. [steps]"""
    start: Literal["world", "demonstrations"] = "world"
    """Where training games begin: as the world says, or in any state of the recordings."""
    reverse_until: float = Field(0.0, ge=0, le=1)
    """Point until which such starts move from the recordings' end to their beginning. [share of the steps]"""
    shield: bool | str | dict[str, Any] = False
    """Play, learn and be judged behind the world's shield (true), a function of yours ("my_robot:limit"), or
    rules (a table: docs/robots.md)."""
    vary: dict[str, Any] = {}
    """Parameters drawn anew for each episode, such as mass = [0.8, 1.2] (docs/robots.md)."""
    workers: int = Field(0, ge=0, le=1024)
    """Processes for an environment of others that may hang or die; 0 for none."""
    patience: float = Field(30.0, gt=0, le=10**6)
    """Time after which a game in such a process that does not answer is ended. [s]"""

    @property
    def shielded(self) -> bool:
        """Whether a shield stands between players and games."""
        return bool(self.shield)

    @property
    def shield_rules(self) -> Any:
        """The rules that stand in the recipe, as they stand there; empty without."""
        return {} if isinstance(self.shield, bool) else self.shield

    def told(self, plain: dict[str, Any]) -> dict[str, Any]:
        """As `plain`, without the newer settings that have their defaults."""
        usual = type(self).model_fields
        left = {name for name in NEWER if getattr(self, name) == usual[name].default}
        return {name: value for name, value in plain.items() if name not in left}
