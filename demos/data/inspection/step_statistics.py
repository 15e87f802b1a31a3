"""Statistics of a dataset's steps: pace, idleness, doubles, ratings, and who acted."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import NANOSECONDS, Actor, Episode
from demos.data.inspection.idle import idle_action, is_idle
from environments.system.errors import UserError

STRETCH = 2.0  # s without an action, from which on it is told


@dataclass
class StepStatistics:
    """What only the steps tell; filled an episode at a time. E = episodes that can be read."""

    damaged: list[str] = field(default_factory=list)  # a sentence each
    numbers: list[int] = field(default_factory=list)  # [E]
    returns: list[float] = field(default_factory=list)  # [E]
    lengths: list[int] = field(default_factory=list)  # [E], steps
    stars: list[float] = field(default_factory=list)  # [E], of what the world is judged by
    broken: set[int] = field(
        default_factory=set
    )  # numbers of those that their environment broke off
    gaps: list[npt.NDArray[np.float64]] = field(default_factory=list)  # [E][T-1], s between steps
    ticks: Counter[float] = field(default_factory=Counter)  # s, as intended
    late: int = 0  # steps
    steps: int = 0
    idle: int | None = 0  # steps; None where nobody knows what idle is
    stretches: list[float] = field(default_factory=list)  # s each, of at least STRETCH
    doubles: list[list[int]] = field(default_factory=list)  # episodes with the very same actions
    ratings: Counter[int | None] = field(default_factory=Counter)
    marks: int = 0
    actors: Counter[str] = field(default_factory=Counter)  # steps
    shielded: int = 0  # episodes that were played behind a shield
    devices: Counter[str] = field(default_factory=Counter)  # episodes
    players: dict[str, list[float]] = field(default_factory=dict)  # north star of each episode

    @property
    def rate(self) -> float | None:
        """Steps a second, really: the median over all steps."""
        gaps = np.concatenate(self.gaps) if self.gaps else np.zeros(0)
        median = float(np.median(gaps)) if len(gaps) else 0.0
        return 1 / median if median > 0 else None


def compute_step_statistics(dataset: Dataset) -> StepStatistics:
    """Read every episode; a damaged one is named and nothing else of it is told."""
    statistics = StepStatistics()
    try:
        none = idle_action(dataset)
    except UserError:
        none, statistics.idle = None, None
    same: dict[str, list[int]] = defaultdict(list)
    for number in range(len(dataset)):
        try:
            episode = dataset.load(number)
        except UserError as problem:
            statistics.damaged.append(str(problem))
            continue
        statistics.numbers.append(number)
        if episode.meta.get("broken_off"):
            statistics.broken.add(number)
        _count(statistics, dataset, episode, none)
        # The streams of one game may well hold the same actions: of a seat, not of the dataset.
        actions = hashlib.sha256(episode.actions.tobytes()).hexdigest()
        same[f"{episode.agent} {actions}"].append(number)
    statistics.doubles = [numbers for numbers in same.values() if len(numbers) > 1]
    return statistics


def _count(statistics: StepStatistics, dataset: Dataset, episode: Episode, none: Any) -> None:
    star = dataset.facts["north_star"]
    statistics.returns.append(float(episode.rewards.sum(dtype=np.float64)))
    statistics.lengths.append(len(episode))
    statistics.stars.append(
        episode.total(star) if star in episode.terms else statistics.returns[-1]
    )
    statistics.gaps.append(np.diff(episode.capture_times) / NANOSECONDS)
    if tick := episode.meta.get("tick"):
        statistics.ticks[float(tick)] += 1
    statistics.late += int(episode.late.sum())
    statistics.steps += len(episode)
    statistics.ratings[episode.meta.get("rating")] += 1
    statistics.marks += len(episode.meta.get("marks", []))
    for code, steps in zip(*np.unique(episode.actors, return_counts=True), strict=True):
        statistics.actors[Actor(int(code)).name.lower()] += int(steps)
    statistics.shielded += bool(episode.meta.get("shield")) or bool(
        (episode.actors == Actor.SHIELD).any()
    )
    statistics.devices[str(episode.meta.get("device", "unknown"))] += 1
    if episode.player and not episode.meta.get("broken_off"):
        statistics.players.setdefault(episode.player, []).append(statistics.stars[-1])
    if statistics.idle is not None:
        idle = is_idle(episode.requested_actions, dataset.revision.action_space, none)
        statistics.idle += int(idle.sum())
        pace = episode.seconds / len(episode) or float(episode.meta.get("tick", 0.0))
        statistics.stretches += [s for run in runs(idle) if (s := run * pace) >= STRETCH]


def runs(flags: npt.NDArray[np.bool_]) -> list[int]:
    """The lengths of the stretches of True, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [int(length) for length in edges[1::2] - edges[::2]]


def quantiles(values: Sequence[float]) -> list[float]:
    """Mean, least, lower quartile, median, upper quartile, most."""
    return [float(np.mean(values)), *map(float, np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))]
