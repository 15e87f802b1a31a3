"""What `gpo evaluate` is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from agents.evaluation.games import GAMES, HELD_OUT
from environments.external.trial.isolated import PATIENCE


@dataclass(frozen=True)
class EvaluateOptions:
    """Who is evaluated, with whom, and on which games."""

    agent: str
    """An agent file, a run, an ONNX file, random, still or a script of the world."""
    world: str | None = None
    """Any world or environment id; needed only if the agent is not a file of ours."""
    partner: str | None = None
    """Who plays the other seats, named likewise (the agent itself)."""
    seat: int | None = None
    """Which seat to show (every one)."""
    episodes: int = GAMES
    """Games per seat."""
    horizon: int | None = None
    """Steps of a game (the world's own)."""
    seed: int = HELD_OUT
    """Of the first game; each has the next one."""
    greedy: bool = False
    """Take the likeliest actions, not samples."""
    shield: bool = False
    """Play behind the world's shield; an agent that was trained behind it always does."""
    workers: int = 0
    """Processes for the games of an external environment that may hang or die."""
    patience: float = PATIENCE
    """Seconds, after which one that does not answer is ended."""
