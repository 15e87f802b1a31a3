"""A session with agents without a window, in simulated time, for tests, and a person whose hands are keys."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pygame

from demos.sessions.game.phases import Phase
from demos.sessions.play.options import PlayOptions
from demos.sessions.play.prepare import open_dataset, prepare_match
from demos.sessions.play.ratings import Ratings
from demos.sessions.play.session import MatchSession
from demos.window.controls.devices import Devices
from demos.window.pacing import SimulatedClock
from tests.demos.support.sessions import Session


class PlaySession(Session):
    """A `MatchSession` and all that it needs.

    Args:
        root: the folder of datasets.
        name: of an agent or a run.
        asked: as `PlayOptions` has them.
    """

    def __init__(self, root: Path, name: str | Path, **asked: Any) -> None:
        self._later = ExitStack()
        pygame.display.init()
        given = PlayOptions(str(name), root=root, headless=True, **{"seed": 7, **asked})
        self.ready = prepare_match(given)
        self.dataset = open_dataset(given, self.ready)
        self._later.callback(self.ready.game.close)
        self._later.enter_context(self.dataset.writing())
        self.ratings, self.clock, self.devices = Ratings(root), SimulatedClock(), Devices()
        self.recorder: Any = MatchSession(
            self.ready.recording(self.dataset),
            self.devices,
            self.clock,
            self.ready.world.tick,
            seed=given.seed or 0,
            episodes=given.games,
            changed=self.count,
        )

    def __enter__(self) -> PlaySession:
        return self

    def count(self) -> None:
        self.ratings.catch_up(self.dataset)

    def correct(self, games: int, keys: Callable[[Any], str | None]) -> None:
        """Play games; before each step `keys` says of what the seat sees which key is to be held."""
        held: str | None = None
        for _ in range(games):
            if self.at(Phase.TITLE):
                self.tap("return")
            while not self.at(Phase.CARD):
                if self.at(Phase.PLAY):
                    wanted = keys(self.ready.game.observation(self.ready.person.seat))
                    if wanted != held:
                        if held is not None:
                            self.up(held)
                        if wanted is not None:
                            self.down(wanted)
                        held = wanted
                self.clock.wait(self.recorder.next_due)
                self.recorder.advance(self.clock.now())
            self.tap("return")  # keeps it, and begins the next
