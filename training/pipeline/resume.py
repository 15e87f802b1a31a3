"""Resuming from a checkpoint: to the same bits, and the same rows, as if nothing had interrupted the run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback, CallbackList

from environments.system.errors import UserError
from training.gate.best_agent import BestAgentKeeper
from training.gate.writers import CheckpointWriter, MetricsWriter
from training.partners.pool import PartnerPool
from training.ppo.update import Diverged
from training.run.checkpoint import Checkpoint, read_checkpoint, restore_optimiser
from training.run.reporter import Reporter
from training.run.tensorboard import event_logger


@dataclass(frozen=True)
class Company:
    """What stands beside a learner, and goes on with it from a checkpoint."""

    keeper: BestAgentKeeper
    weights: Mapping[str, float]  # by term, what a row of metrics counts as the proxy
    pool: PartnerPool | None
    reporter: Reporter


def learn(
    model: Any, steps: int, company: Company, callbacks: Sequence[BaseCallback], folder: Path
) -> str:
    """Learn for what remains of the steps; where the time went, in words.

    Args:
        model: a `Refiner` that has not learned yet.
        steps: of the whole run.
        company: what judges and plays beside it.
        callbacks: called after those that judge and write.
        folder: of the run.
    """
    keeper, pool = company.keeper, company.pool
    model.set_logger(event_logger(folder / "tensorboard"))
    keeper.model = model  # which it asks in the end, even if there is nothing left to learn
    start = go_on(model, company, folder / "checkpoints", steps)
    remaining = steps - model.num_timesteps
    if remaining <= 0:
        return ""
    metrics = MetricsWriter(keeper, folder, company.weights, company.reporter.row)
    metrics.drop_rows(0 if start is None else start.update)
    facts = dict if pool is None else pool.facts
    try:
        ours = [keeper, metrics, CheckpointWriter(keeper, folder, facts)]
        everything = CallbackList([*ours, *callbacks])
        model.learn(remaining, everything, log_interval=1, reset_num_timesteps=False)
        model.logger.dump(model.num_timesteps)  # no rollout follows that would do it
        return str(model.clock)
    except Diverged as diverged:  # the best so far is still good
        keeper.trouble = str(diverged)
        return ""
    finally:
        model.logger.close()


def go_on(model: Any, company: Company, folder: Path, steps: int) -> Checkpoint | None:
    """Put a model and its company where the newest whole checkpoint left them; None if there is none.

    Args:
        model: a `Refiner` that has not learned yet, with its logger.
        company: is told of each damaged checkpoint that was passed over.
        folder: of the checkpoints.
        steps: of the whole run.

    Raises:
        UserError: the checkpoint is whole, but not of such a run.
    """
    start, damaged = read_checkpoint(folder)
    since = "from the clone" if start is None else f"from update {start.update}"
    for path in damaged:
        company.reporter.say(
            f"{path} is damaged and was passed over: the refining goes on {since}."
        )
    if start is None:
        if company.pool is not None:
            company.pool.restore({})
        return None
    try:
        _restore(model, company, start)
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(
            f"{folder / f'{start.update:08d}.safetensors'} is no checkpoint of such a run "
            f"({type(error).__name__}): delete it and repeat the command."
        ) from error
    model._current_progress_remaining = 1 - model.num_timesteps / steps
    return start


def _restore(model: Any, company: Company, start: Checkpoint) -> None:
    model.policy.load_tensors(start.part("policy"))
    restore_optimiser(model.policy.optimizer, start.part("optimiser"))
    model.restore(start.facts["refiner"])
    company.keeper.resume(start)
    if company.pool is not None:
        company.pool.restore(start.facts)
    # What the last update said stands in the next row; older checkpoints did not keep it.
    for name, value in start.facts.get("logged", {}).items():
        model.logger.record(name, math.nan if value is None else value)
