"""Options that several verbs have: how a world is made and where its games are played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from environments.terminal.arguments import Argument, at_least, seconds, setting


@dataclass(frozen=True, kw_only=True)
class WorldOptions:
    """How the world is made."""

    params: Annotated[Mapping[str, Any], Argument("NAME=VALUE", setting, flag="--param")] = field(
        default_factory=dict
    )
    """A parameter of the world, such as layout=counter_circuit."""


@dataclass(frozen=True, kw_only=True)
class NamesOptions:
    """What an environment of other people may name in its infos; what of any world varies."""

    terms: Annotated[Sequence[str], Argument("NAME", flag="--term", repeat=True)] = ()
    """A term that it names now and then; 0 where it does not."""
    costs: Annotated[Sequence[str], Argument("NAME", flag="--cost", repeat=True)] = ()
    """A cost that it names now and then; 0 where it does not."""
    vary: Annotated[Mapping[str, Any], Argument("NAME=VALUES", setting, flag="--vary")] = field(
        default_factory=dict
    )
    """A parameter drawn anew for each game, such as mass=[0.8,1.2]."""


@dataclass(frozen=True, kw_only=True)
class ProcessOptions:
    """Where an environment of other people is run, which may hang or die."""

    workers: Annotated[int, Argument("N", at_least(0))] = 0
    """Processes for an environment that may hang or die; 0 for none."""
    patience: Annotated[float, Argument("SECONDS", seconds)] = 30.0
    """Time after which an environment in such a process that does not answer is ended, s."""


@dataclass(frozen=True, kw_only=True)
class ShieldOptions(ProcessOptions):
    """How any game is played."""

    shield: bool = False
    """Play behind the world's shield; what was trained behind it always does."""
    shield_by: Annotated[str | None, Argument("NAME|FILE")] = None
    """A shield of yours: a function of observation and action, or a .toml or .json file of rules."""


@dataclass(frozen=True, kw_only=True)
class GameOptions(WorldOptions, ShieldOptions):
    """How the games of a world are made and played."""

    options: Annotated[Mapping[str, Any], Argument("NAME=VALUE", setting, flag="--option")] = field(
        default_factory=dict
    )
    """An option of every episode, such as horizon=400."""
