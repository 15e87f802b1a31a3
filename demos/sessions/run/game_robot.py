"""A seat of a game as a robot for the control loop, and its log: episodes of a dataset."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from agents.control import Tick
from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Actor
from demos.data.journal.records import StepRecord, Stream
from demos.data.journal.take import OpenEpisode
from demos.sessions.game.game import Game
from demos.sessions.game.match_recording import META, NOBODY
from demos.sessions.game.recording import Recording
from environments.files.atomic import DiskFull
from environments.shields.shield import ShieldedBatch
from environments.system.errors import UserError
from environments.system.os_errors import os_sentence


class ControlLog(Recording):
    """As `Recording`, of a loop: a stream for each agent, the driven seat's with who drove it.

    Args:
        game: that is driven.
        dataset: where episodes go; it is held for writing by the caller.
        tick: s between two steps, as intended.
        names: of the agents, by seat.
        say: is told once, in a sentence, that something cannot be kept for now.
    """

    def __init__(
        self,
        game: Game,
        dataset: Dataset,
        tick: float,
        names: list[str],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(game, (), dataset, tick)
        self._meta.pop("partner", None)
        self._meta["control"] = {"hz": 1 / tick}
        self.names, self._say = names, say
        self.kept: list[int] = []  # numbers in the dataset
        self.unkept = ""  # why an episode was not kept, in a sentence
        self._last: list[StepRecord] = []  # rows of the last tick, which may turn out to be the end

    def coach(self, settle: int) -> None:
        """Note that a person may take over, and drives for so many steps after they let go.

        Then what they drove are corrections, as of `gpo watch`.
        """
        seat, world = self.game.seats[0], self.game.world
        about = {"seat": world.agents[seat], "person": "", "agent": self.names[seat], "sha256": ""}
        more = {"level": "", "coach": True, "settle_steps": settle, "horizon": self.game.horizon}
        self._meta[META] = {**about, **more}

    def begin(self, seed: int) -> None:
        """Begin a take of the game, which has just begun.

        Raises:
            DiskFull: no journal can be begun; nothing is open then.
        """
        game, agents = self.game, self.game.world.agents
        self._last = []
        self.take = OpenEpisode.begin(
            self.dataset,
            [
                Stream(agent, name, "none", ())
                for agent, name in zip(agents, self.names, strict=True)
            ],
            [game.observation(n) for n in range(len(agents))],
            match=uuid.uuid4().hex[:12],
            seed=seed,
            options=game.episode_options,
            meta=self._meta,
        )

    def add(self, ns: int, tick: Tick) -> None:
        """The tick just done; a full disk does not hold the robot up."""
        if self.take is None or self.note_end(False):
            return
        seat = self.game.seats[0]
        actor = Actor.HUMAN if tick.person else Actor.AGENT
        self._put()
        self._last = [
            self._row(n, NOBODY, ns, bool(tick.miss), False, actor if n == seat else Actor.AGENT)
            for n in range(len(self.names))
        ]

    def _put(self) -> None:
        """Put the last tick into the journal."""
        if self.take is None or not self._last:
            return
        try:
            self.take.step(self._last)
        except (DiskFull, OSError) as error:  # it waits in memory, and is tried again
            self._say(_told(error))
        self._last = []

    def end(self) -> None:
        """Keep the episode, cut where it was left."""
        if self.take is None:
            return
        if not self.game.over:  # it is cut where it was left
            self._last = [replace(one, truncated=one.present) for one in self._last]
        self._put()
        if not self.take.steps:
            self.discard()
            return
        self._ending = {**self._ending, "left": not self.game.over}
        try:
            self.kept += self.keep(None)
        except (DiskFull, OSError) as error:
            self.leave()
            name = self.dataset.name
            self.unkept = f"{_told(error)} `gpo demos repair {name}` gets the last episode back."


class GameRobot:
    """A seat of a game: `read` shows what it sees, `write` takes a step.

    Args:
        game: that has just begun.
        seat: that is driven; everybody else's actions are the game's own affair.
        seed: of the first episode.
        safe: the action of the step that is taken at the end.
        log: of the episodes; None keeps nothing.
    """

    def __init__(
        self, game: Game, seat: int, seed: int, safe: Any, log: ControlLog | None = None
    ) -> None:
        self.game, self.seat, self.seed, self.safe, self.log = game, seat, seed, safe, log
        self.interventions = 0  # of a shield or a mask, in all episodes
        self.reward = 0.0  # of this episode
        self._fresh = True
        if log is not None:
            log.begin(seed)

    @property
    def over(self) -> bool:
        """Whether the episode has ended."""
        return self.game.over

    def read(self) -> np.ndarray | None:
        """What the seat sees after the last step, [1, O]; None if none was taken since."""
        if not self._fresh:
            return None
        self._fresh = False
        batch = self.game.batch
        shown: Any = batch.observation[:, self.seat]  # with what the environment itself shows
        kept: np.ndarray = shown.kept() if hasattr(shown, "kept") else shown.copy()
        return kept

    def write(self, action: Any) -> None:
        """Take a step."""
        self.game.step({self.seat: action})
        self.interventions += self.game.shield_acted(self.seat)
        self._fresh = True

    def reset(self) -> None:
        """Keep the episode and begin the next."""
        if self.log is not None:
            self.log.end()
        self.seed += 1
        self.game.begin(self.seed)
        self._fresh = True
        if self.log is not None:
            self.log.begin(self.seed)

    def stop(self) -> None:
        """Leave the robot with the safe action, which is no part of the log, and keep what is open."""
        if self.log is not None:
            self.log.end()
        if not self.game.over:
            batch = self.game.batch
            actions = np.zeros_like(batch.actions)
            actions[:] = self.game.world.idle
            actions[0, self.seat] = self.safe
            past = batch.step_past if isinstance(batch, ShieldedBatch) else batch.step
            with suppress(UserError):  # it has been told what is wrong
                past(actions)


def _told(error: Exception) -> str:
    return os_sentence(error) if isinstance(error, OSError) else str(error)
