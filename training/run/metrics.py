"""MetricsRow: one line of a run's `metrics.jsonl`, written after each judgement of the refining."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environments.files.checked_json import read_lines

METRICS = "metrics.jsonl"
_HIGH, _PLAY = "high/", "play/"
_FIXED = ("update", "steps", "north_star", "low", "high", "proxy", "clone", "best", "judged_by")


@dataclass(frozen=True)
class MetricsRow:
    """How good the agent was at one judgement, and what its last update logged."""

    update: int  # updates done
    steps: int  # of the environment, done
    north_star: float  # mean per game; of the figure `judged_by`, if there is one
    low: float  # its 95 % interval
    high: float
    clone: float  # the clone's mean on the same seeds
    proxy: float | None = None  # what the weights of the recipe pay per game; older rows lack it
    best: float | None = None  # the mean of the agent that is kept; older rows lack it
    judged_by: str | None = None  # what is judged instead of the north star, if anything
    cost_high: Mapping[str, float] = field(default_factory=dict)  # by limited cost: upper 95 % end
    play: Mapping[str, float] = field(default_factory=dict)  # mean per game, by term and cost
    training: Mapping[str, float] = field(default_factory=dict)  # as the logger calls them

    def to_json(self) -> dict[str, Any]:
        """The line: `high/COST`, `play/TERM`, and the logger's own names."""
        fixed = {name: getattr(self, name) for name in _FIXED}
        return {
            **{name: value for name, value in fixed.items() if value is not None},
            **{f"{_HIGH}{name}": value for name, value in self.cost_high.items()},
            **{f"{_PLAY}{name}": value for name, value in self.play.items()},
            **self.training,
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> MetricsRow:
        """The row of a line that `training.run.repair` takes as whole."""
        others = {name: value for name, value in line.items() if name not in _FIXED}
        return cls(
            **{name: line[name] for name in _FIXED if name in line},
            cost_high=_below(_HIGH, others),
            play=_below(_PLAY, others),
            training={n: v for n, v in others.items() if not n.startswith((_HIGH, _PLAY))},
        )


def read_metrics(folder: Path) -> list[MetricsRow]:
    """The whole rows of a run's `metrics.jsonl` (`training.run.repair` tells of the others)."""
    path = folder / METRICS
    lines = read_lines(path, bare=True).rows if path.exists() else []
    return [MetricsRow.from_json(line) for line in lines]


def _below(prefix: str, line: Mapping[str, Any]) -> dict[str, float]:
    return {n.removeprefix(prefix): v for n, v in line.items() if n.startswith(prefix)}
