"""Options of `gpo evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from environments.terminal.arguments import Argument, at_least, seed_number, setting
from environments.terminal.shared_options import ShieldOptions


@dataclass(frozen=True)
class EvaluateOptions(ShieldOptions):
    """Whom to evaluate, with whom, and on how many games."""

    agent: Annotated[str, Argument("AGENT", positional=True)]
    """An agent file, a run, an ONNX file, random, still or a script of the world."""
    rival: Annotated[str | None, Argument("AGENT", positional=True)] = None
    """Another, judged on the same seeds: both are shown, with the difference."""
    world: Annotated[str | None, Argument("ID")] = None
    """Any world or environment id, if the agent file does not say."""
    partner: Annotated[str | None, Argument("PLAYER")] = None
    """Who has the other seats (the agent itself)."""
    seat: Annotated[int | None, Argument("N", at_least(0))] = None
    """Which seat to show (every one)."""
    episodes: Annotated[int, Argument("N", at_least(1))] = 100
    """Games per seat."""
    horizon: Annotated[int | None, Argument("STEPS", at_least(1))] = None
    """Steps of a game (the world's own)."""
    seed: Annotated[int, Argument("N", seed_number)] = 1_000_000
    """Seed of the first game; each further one has the next, and training has those below."""
    options: Annotated[Mapping[str, Any], Argument("NAME=VALUE", setting, flag="--option")] = field(
        default_factory=dict
    )
    """An option of every episode, such as level=2 (those that the agent was trained with)."""
    greedy: bool = False
    """Take the likeliest actions, not samples."""
