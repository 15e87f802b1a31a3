"""Going on from a checkpoint: to the same bits, and the same rows, as if nothing had interrupted the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback, CallbackList

from environments.system.errors import UserError
from training.gate.best_agent import BestAgentKeeper
from training.ppo.update import Diverged
from training.run.checkpoint import Checkpoint, read_checkpoint, restore_optimiser
from training.run.tensorboard import event_logger


def learn(
    model: Any,
    steps: int,
    floor: BestAgentKeeper,
    beside: list[BaseCallback],
    folder: Path,
    say: Callable[[str], None],
) -> None:
    """Learn for what remains of the steps, with the floor and the callbacks beside it."""
    model.set_logger(event_logger(folder / "tensorboard"))
    start = go_on(model, floor, folder / "checkpoints", steps, say)
    remaining = steps - model.num_timesteps
    if remaining <= 0:
        return
    floor.drop_rows(0 if start is None else start.update)
    try:
        callbacks = CallbackList([floor, *beside])
        model.learn(remaining, callbacks, log_interval=1, reset_num_timesteps=False)
        floor.spent = str(model.clock)
    except Diverged as diverged:  # the best so far is still good
        floor.trouble = str(diverged)
    finally:
        model.logger.close()


def go_on(
    model: Any, floor: BestAgentKeeper, folder: Path, steps: int, say: Callable[[str], None]
) -> Checkpoint | None:
    """Put a model and its floor where the newest whole checkpoint left them; None if there is none.

    Args:
        model: a `Refiner` that has not learned yet, with its logger.
        floor: that judges it.
        folder: of the checkpoints.
        steps: of the whole run.
        say: is told of each damaged checkpoint that was passed over.

    Raises:
        UserError: the checkpoint is whole, but not of such a run.
    """
    start, damaged = read_checkpoint(folder)
    since = "from the clone" if start is None else f"from update {start.update}"
    for path in damaged:
        say(f"{path} is damaged and was passed over: the refining goes on {since}.")
    if start is None:
        return None
    try:
        _restore(model, floor, start)
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(
            f"{folder / f'{start.update:08d}.safetensors'} is no checkpoint of such a run "
            f"({type(error).__name__}): delete it and repeat the command."
        ) from error
    model._current_progress_remaining = 1 - model.num_timesteps / steps
    return start


def _restore(model: Any, floor: BestAgentKeeper, start: Checkpoint) -> None:
    model.policy.load_tensors(start.part("policy"))
    restore_optimiser(model.policy.optimizer, start.part("optimiser"))
    model.restore(start.facts["refiner"])
    floor.resume(start)
    # What the last update said stands in the next row; older checkpoints did not keep it.
    for name, value in start.facts.get("logged", {}).items():
        model.logger.record(name, math.nan if value is None else value)
