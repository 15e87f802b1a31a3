"""What a judgement leaves in the run folder: a row of metrics, and a checkpoint. SB3 callbacks.

They stand after the `BestAgentKeeper` in the list of callbacks, in this order: a run that is killed between
the two writes the row again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from environments.files.checked_json import LinesFile, read_lines
from training.gate.best_agent import BestAgentKeeper, Model
from training.gate.judge import Judgement
from training.run.checkpoint import optimiser_tensors, write_checkpoint
from training.run.metrics import METRICS, MetricsRow

_PLAY = "play/"


class JudgementWriter(BaseCallback):
    """Calls `write` after each judgement, at the start of a rollout and at the end of the training."""

    def __init__(self, keeper: BestAgentKeeper) -> None:
        super().__init__()
        self.keeper = keeper

    def write(self, judgement: Judgement) -> None:
        """Write what is to be kept of it."""
        raise NotImplementedError

    def _on_rollout_start(self) -> None:
        if self.keeper.judgement is not None:
            self.write(self.keeper.judgement)

    def _on_training_end(self) -> None:
        self._on_rollout_start()

    def _on_step(self) -> bool:
        return True

    def _logged(self) -> dict[str, float]:
        """What the last update logged; nothing of it depends on how long anything took."""
        said: Any = self.logger.name_to_value
        return {n: float(said[n]) for n in sorted(said) if not n.startswith(_PLAY)}


class MetricsWriter(JudgementWriter):
    """Adds a row to `metrics.jsonl` and to the logger.

    Args:
        keeper: who judges.
        folder: of the run.
        weights: by term, what the agent is paid for before anything fades: the proxy that stands beside the
            figure it is judged by, so that one rising while the other falls can be seen.
        report: is given each row once it is written.
    """

    def __init__(
        self,
        keeper: BestAgentKeeper,
        folder: Path,
        weights: Mapping[str, float],
        report: Callable[[MetricsRow], None] = lambda row: None,
    ) -> None:
        super().__init__(keeper)
        self.weights, self.report = dict(weights), report
        self.lines = LinesFile(folder / METRICS)

    def drop_rows(self, update: int) -> None:
        """Remove the rows from `update` on, which will be written again."""
        if self.lines.path.exists():
            rows = read_lines(self.lines.path, bare=True).rows
            self.lines.rewrite(row for row in rows if row["update"] < update)

    def write(self, judgement: Judgement) -> None:
        """Add the row."""
        row = self.row(judgement, self._logged())
        for name, value in row.play.items():
            self.logger.record(f"{_PLAY}{name}", value)
        self.lines.add(row.to_json())
        self.report(row)

    def row(self, judgement: Judgement, logged: Mapping[str, float]) -> MetricsRow:
        """The row of a judgement."""
        found, totals = judgement.figure, judgement.totals
        settings = self.keeper.settings
        return MetricsRow(
            update=judgement.update,
            steps=judgement.steps,
            north_star=found.mean,
            low=found.low,
            high=found.high,
            proxy=float(sum(w * totals[name] for name, w in self.weights.items())),
            clone=self.keeper.clone_mean,
            best=self.keeper.best_mean,
            judged_by=None if settings.is_north_star else settings.judged_by,
            cost_high={name: one.high for name, one in judgement.limited.items()},
            play={**totals, **judgement.shield},
            training=logged,
        )


class CheckpointWriter(JudgementWriter):
    """Writes all that is needed to go on to the same bits.

    Args:
        keeper: who judges.
        folder: of the run.
        facts: further facts to keep, asked at each checkpoint.
    """

    def __init__(
        self,
        keeper: BestAgentKeeper,
        folder: Path,
        facts: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        super().__init__(keeper)
        self.folder, self.facts = folder / "checkpoints", facts

    def write(self, judgement: Judgement) -> None:
        """Write the checkpoint."""
        model: Model = self.model
        logged = self._logged()
        parts = {
            "policy": model.policy.tensors(),
            **self.keeper.parts(),
            "optimiser": optimiser_tensors(model.policy.optimizer),
        }
        facts = {
            "refiner": model.facts(),
            **self.keeper.facts(),
            "logged": {n: value if math.isfinite(value) else None for n, value in logged.items()},
            **self.facts(),
        }
        write_checkpoint(self.folder, judgement.update, parts, facts)
