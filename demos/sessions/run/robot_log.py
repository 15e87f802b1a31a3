"""The log of a robot of one's own: what an agent drove from Python, as episodes of a dataset.

What the robot showed after an action is what was read in the next tick, so each tick is put down one later.
Nothing is known of rewards, terms and costs: they are 0, and so is the seed: none.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from agents.control import Tick
from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Actor
from demos.data.journal.records import StepRecord, Stream
from demos.data.journal.recovery import recover
from demos.data.journal.take import OpenEpisode
from demos.sessions.game.match_recording import NOBODY, games_dataset
from environments.files.atomic import DiskFull
from environments.simulation.world import World


@contextmanager
def robot_log(
    world: World, root: Path | str, tick: float, *, dataset: str | None = None, player: str = ""
) -> Iterator[RobotLog]:
    """A log to hand to `agents.robots.drive` as `note`; what it holds is kept at the end, whatever happens.

    Args:
        world: that the robot is one of, as `agents.robots.world_of` finds it.
        root: folder in which datasets are kept.
        tick: s between two ticks.
        dataset: its name; after the world if None.
        player: who drives.

    Raises:
        UserError: the dataset is of another world, or in use.
        DiskFull: an episode could not be kept; its journal is got back by `gpo demos repair`.
    """
    found = games_dataset(world, Path(root), dataset, "run", "run")
    with found.writing():
        recover(found)
        log = RobotLog(found, world, tick, player)
        try:
            yield log
        finally:
            log.end()


class RobotLog:
    """Takes down ticks; use `robot_log`."""

    def __init__(self, dataset: Dataset, world: World, tick: float, player: str) -> None:
        self.dataset, self.world, self.player = dataset, world, player
        self.kept: list[int] = []  # numbers in the dataset
        self._meta = {"tick": tick, "control": {"hz": 1 / tick, "robot": True}}
        self._take: OpenEpisode | None = None
        self._last: Tick | None = None

    def __call__(self, tick: Tick) -> None:
        """The tick just done; a full disk does not hold the robot up."""
        if tick.seen is None:
            return
        if tick.number == 0:  # another episode
            self.end()
        if self._last is not None:
            self._put(self._last, tick.seen[0], False)
        if self._take is None:
            self._take = OpenEpisode.begin(
                self.dataset,
                [Stream(self.world.agents[0], self.player or None, "none", ())],
                [np.asarray(tick.seen[0])],
                match=uuid.uuid4().hex[:12],
                seed=None,
                options=self.world.episode_options,
                meta=self._meta,
            )
        self._last = tick

    def end(self) -> None:
        """Keep the episode, cut where it is: after its last tick nothing more was seen."""
        if self._take is None or self._last is None:
            return
        self._put(self._last, self._last.seen[0], True)
        take, self._take, self._last = self._take, None, None
        self.kept += take.keep(None, {"left": True})

    def _put(self, tick: Tick, after: np.ndarray, last: bool) -> None:
        world, kind = self.world, self.world.action_space.dtype
        applied = np.asarray(tick.applied, kind)
        requested = np.asarray(tick.action, kind)
        changed = not np.array_equal(applied, requested)
        driver = Actor.HUMAN if tick.person else Actor.AGENT
        row = StepRecord(
            observation=np.asarray(after),
            requested=requested,
            applied=applied,
            raw=NOBODY,
            reward=0.0,
            terms=np.zeros(len(world.terms), np.float32),
            costs=np.zeros(len(world.costs), np.float32),
            terminated=False,
            truncated=last,
            time=round((tick.due + tick.latency) * 1e9),
            late=bool(tick.miss),
            actor=Actor.SHIELD if changed else driver,
            present=True,
        )
        assert self._take is not None
        try:
            self._take.step([row])
        except (DiskFull, OSError):  # it waits in memory, and is tried again
            return
