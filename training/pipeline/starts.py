"""Starts of training in states of the demonstrations, from their ends backwards if that is asked for.

Florensa et al. 2017 (arXiv 1707.05300), Salimans and Chen 2018 (arXiv 1812.03381): what is far away when a
game begins is near in a state that a person has reached. Agents are judged from the world's own starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from demos.data.dataset.dataset import Dataset
from demos.data.inspection.replay_score import spreads
from demos.data.inspection.resimulate import CannotResimulate, matches
from demos.data.inspection.verify import replayed
from environments.catalog import make_batch
from environments.external.states.state_access import State
from environments.external.world import ExternalWorld
from environments.simulation.world import World
from environments.system.errors import UserError

MOST = 10_000  # states that are kept, spread over all recordings
NEAR = 0.5  # spreads of what is seen, up to which a replay is where the recording was
FIRST = 0.05  # share of a recording that a reversed training begins with
_STREAM = 3  # so that starts are drawn otherwise than games


@dataclass
class DemonstrationStarts:
    """States that were reached in recordings, of which each game begins in one: `Starts` of a batch."""

    states: Sequence[Sequence[State]]  # by recording, in their order
    share: float = 1.0  # of each recording, counted from its end, that is drawn from

    def draw(self, seed: int, episode: int) -> State:
        """A recording, then a state of it; the same for the same game."""
        random = np.random.default_rng([seed, episode, _STREAM])
        states = self.states[int(random.integers(len(self.states)))]
        first = min(int(len(states) * (1 - self.share)), len(states) - 1)
        return states[int(random.integers(first, len(states)))]


class MoveStarts(BaseCallback):
    """Lets starts move from the end of recordings to their beginning, at the start of each rollout.

    Args:
        starts: which.
        until: share of the steps after which they are anywhere; 0 from the first.
    """

    def __init__(self, starts: DemonstrationStarts, until: float) -> None:
        super().__init__()
        self.starts, self.until = starts, until

    def _on_rollout_start(self) -> None:
        done = 1 - self.model._current_progress_remaining
        self.starts.share = share_at(done, self.until)

    def _on_step(self) -> bool:
        return True


def share_at(done: float, until: float) -> float:
    """The share of each recording that starts are drawn from, when so much of the training is done."""
    return 1.0 if until <= 0 else min(1.0, max(FIRST, done / until))


def require_starts(world: World, has_recordings: bool) -> None:
    """Refuse a world whose states cannot be read and set, or a recipe without recordings.

    Raises:
        UserError: the sentence says why.
    """
    asked = '[world] start = "demonstrations"'
    if not has_recordings:
        raise UserError(f"{asked} needs recordings: name a dataset, with `train` under [data].")
    if not isinstance(world, ExternalWorld) or len(world.agents) > 1:
        raise UserError(
            f"{asked} is for environments of others with one agent; games of {world.id} begin as it says: "
            "leave it out."
        )
    batch: Any = make_batch(world.with_workers(0), 1)
    try:
        batch.read_state()
    except UserError as problem:
        raise UserError(f"{asked}: {problem}") from problem
    finally:
        batch.close()


def demonstration_starts(
    world: World, dataset: Dataset, progress: Callable[[float], None] = lambda done: None
) -> DemonstrationStarts:
    """The states of recordings, had by playing each again as far as it goes as recorded.

    Args:
        world: as `require_starts` wants it.
        dataset: the recordings.
        progress: is told how many are done.

    Raises:
        UserError: not one state can be had.
    """
    alone: Any = world
    batch: Any = make_batch(alone.with_workers(0), 1, restart=False)
    numbers = dataset.whole()
    steps = sum(int(dataset.episode_facts(number)["total_steps"]) for number in numbers)
    spread = spreads([dataset.load(number).observations for number in numbers])
    found: list[list[State]] = []
    why = ""
    try:
        for done, (number,) in enumerate(matches(dataset, numbers)):
            try:
                states = _states(world, dataset, number, batch, spread)
            except (CannotResimulate, UserError) as problem:
                why, states = str(problem).rstrip("."), []
            if kept := states[:: max(1, -(-steps // MOST))]:
                found.append(kept)
            progress(done + 1)
    finally:
        batch.close()
    if not found:
        why = why or "they go another way from the first step"
        raise UserError(
            f"No state of dataset {dataset.name} can be a start: its games cannot be played again, {why}. "
            f"Leave out [world] start, or look closer: gpo demos verify {dataset.name}"
        )
    return DemonstrationStarts(found)


def _states(
    world: World, dataset: Dataset, number: int, batch: Any, spread: np.ndarray
) -> list[State]:
    """The states of a recording before each of its steps, up to the first that is not near it."""
    states: list[State] = []
    stream = dataset.load(number)
    played = replayed(
        world, [stream], batch, strict=False, watch=lambda _: states.append(batch.read_state())
    )
    rows = len(stream)
    gaps = (played.observations[:rows, 0] - stream.observations[:rows]).reshape(rows, -1) / spread
    far = np.sqrt((gaps.astype(np.float64) ** 2).mean(axis=1)) > NEAR  # [T]
    return states[: int(np.append(far, True).argmax())]
