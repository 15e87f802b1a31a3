"""How far recordings play again as they were recorded, in units of each observation's own spread.

T steps of an episode, O numbers of an observation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Episode
from demos.data.inspection.resimulate import CannotResimulate, aligned, matches, world_of
from demos.data.inspection.verify import replayed
from environments.catalog import make_batch
from environments.external.games.named_values import SUCCESS
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.warmup import warm_up

SAME = 0.01  # spreads, up to which an episode plays again as recorded
STEPS = 50_000  # that are played again at most
_STILL = 1e-6  # share of a number's size that counts as spread where it never changes


@dataclass(frozen=True)
class EpisodeReplay:
    """How far one episode is from its recording: root mean squares over its numbers, in spreads."""

    episode: int
    median: float  # over its steps
    worst: float
    solved: bool  # whether the replay reached success


@dataclass(frozen=True)
class ReplayScore:
    """How far a dataset plays again."""

    episodes: tuple[EpisodeReplay, ...]
    untold: tuple[tuple[int, str], ...]  # episodes that cannot be played again, and why
    total: int  # episodes of the dataset
    has_success: bool
    longest: int  # steps of the longest episode that was played
    horizon: int | None  # steps after which the world itself ends a game; None for none of its own

    @property
    def sentence(self) -> str:
        """It in words."""
        if not self.episodes:
            why = f": {self.untold[0][1]}" if self.untold else ""
            return f"Replay: no episode can be played again{why}."
        same = sum(one.worst <= SAME for one in self.episodes)
        worst = [one.worst for one in self.episodes]
        median = float(np.median([one.median for one in self.episodes]))
        tried = len(self.episodes) + len(self.untold)
        some = "" if tried == self.total else f" ({tried} of {self.total} episodes were tried)"
        told = (
            f"Replay: {same} of {len(self.episodes)} episodes play again as recorded{some}; the error is "
            f"{median:.3g} in the median and {max(worst):.3g} at worst, in spreads of the observations."
        )
        if self.has_success:
            solved = sum(one.solved for one in self.episodes)
            told += f" {solved} of {len(self.episodes)} replays reach success."
        if self.horizon is not None and self.longest > self.horizon:
            told += (
                f" The world ends a game after {self.horizon} steps, and recordings have up to "
                f"{self.longest}: one of Gymnasium's goes on with --param max_episode_steps="
                f"{self.longest + 1}."
            )
        if self.untold:
            number, why = self.untold[0]
            told += f" {len(self.untold)} cannot be played again (episode {number}: {why})."
        return told


def replay_score(
    dataset: Dataset, progress: Callable[[float], None] = lambda part: None
) -> ReplayScore:
    """Play episodes again, spread over the dataset, and compare what is seen.

    Args:
        dataset: whose world is as it was.
        progress: is told which part is done.

    Raises:
        UserError: the world is another one by now, or an episode is damaged.
    """
    world = world_of(dataset)
    dataset.require_world(world)
    warm_up(world, lambda words: None)
    games = _chosen(dataset, matches(dataset, range(len(dataset))))
    spread = spreads([dataset.load(game[0]).observations for game in games])
    batch = make_batch(world, 1, restart=False)
    found: list[EpisodeReplay] = []
    untold: list[tuple[int, str]] = []
    try:
        for done, game in enumerate(games):
            streams = [dataset.load(number) for number in game]
            try:
                found += _compare(world, game, streams, batch, spread)
            except (CannotResimulate, UserError) as why:
                untold += [(number, str(why).rstrip(".")) for number in game]
            progress((done + 1) / len(games))
    finally:
        batch.close()
    longest = max((int(dataset.episode_facts(g[0])["total_steps"]) for g in games), default=0)
    horizon = None if world.horizon_assumed else world.horizon
    success = SUCCESS in world.terms
    return ReplayScore(tuple(found), tuple(untold), len(dataset), success, longest, horizon)


def _chosen(dataset: Dataset, games: list[list[int]]) -> list[list[int]]:
    """As many games as there are steps for, spread evenly over the dataset."""
    steps = [int(dataset.episode_facts(game[0])["total_steps"]) for game in games]
    share = min(1.0, STEPS / max(sum(steps), 1))
    count = max(1, int(len(games) * share)) if games else 0
    return [games[k] for k in np.linspace(0, len(games) - 1, count).astype(int)] if count else []


def spreads(rows: Sequence[npt.NDArray[np.generic]]) -> npt.NDArray[np.float64]:
    """The standard deviation of each number of what was seen: [O]; never 0."""
    flat = np.concatenate([one.reshape(len(one), -1) for one in rows]).astype(np.float64)
    size = np.abs(flat).max(axis=0)
    found: npt.NDArray[np.float64] = np.maximum(flat.std(axis=0), _STILL * np.maximum(size, 1.0))
    return found


def _compare(
    world: World,
    game: list[int],
    streams: Sequence[Episode],
    batch: Batch,
    spread: npt.NDArray[np.float64],
) -> list[EpisodeReplay]:
    played = replayed(world, streams, batch, strict=False)
    solved = list(world.terms).index(SUCCESS) if SUCCESS in world.terms else None
    found = []
    for number, stream in zip(game, streams, strict=True):
        seat, own = world.agents.index(stream.agent), aligned(played, stream)
        rows = len(stream) + 1
        seen = own.observations[:rows, seat].reshape(rows, -1).astype(np.float64)
        gaps = (seen - stream.observations.reshape(rows, -1)) / spread
        each = np.sqrt((gaps**2).mean(axis=1))  # [T+1]
        reached = solved is not None and bool(own.terms[: len(stream), seat, solved].max() > 0)
        found.append(EpisodeReplay(number, float(np.median(each)), float(each.max()), reached))
    return found
