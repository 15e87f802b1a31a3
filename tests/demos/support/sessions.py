"""A recording session without a window, in simulated time, for tests: keys go in, what was kept comes out."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pygame

from demos.sessions.game.phases import COUNTDOWN, Phase
from demos.sessions.game.recording import Recording
from demos.sessions.record.options import RecordOptions
from demos.sessions.record.prepare import open_dataset, prepare_recording
from demos.sessions.record.session import RecordSession
from demos.window.controls.devices import Devices
from demos.window.pacing import SimulatedClock

FRAME = 1 / 60  # s


class Session:
    """A recorder and all that it needs.

    Args:
        root: the folder of datasets.
        world: what is played.
        options: as `RecordOptions` has them.
    """

    def __init__(self, root: Path, world: str = "gpo/Kitchen-v0", **options: Any) -> None:
        self._later = ExitStack()
        pygame.display.init()
        asked = RecordOptions(world, root=root, headless=True, **{"seed": 7, **options})
        self.ready: Any = prepare_recording(asked)  # Any, as below: tests put fakes into it
        self.dataset = open_dataset(asked, self.ready.world)
        self._later.callback(self.ready.game.close)
        self._later.enter_context(self.dataset.writing())
        tick = asked.tick(self.ready.world)
        self.clock = SimulatedClock()
        recording = Recording(
            self.ready.game, self.ready.people, self.dataset, tick, self.ready.partner
        )
        self.devices = Devices()
        self.recorder: Any = RecordSession(
            recording,
            self.devices,
            self.clock,
            tick,
            seed=asked.seed or 0,
            episodes=asked.episodes,
            limits=asked.limits,
        )

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._later.close()
        pygame.display.quit()

    def at(self, phase: Phase) -> bool:
        """Whether that is on the screen."""
        return bool(self.recorder.phase is phase)

    @property
    def said(self) -> str:
        """The message that is shown."""
        return self.recorder.message.words if self.recorder.message else ""

    def event(self, kind: int, **facts: Any) -> None:
        """Something happens."""
        self.recorder.take(pygame.event.Event(kind, **facts), self.clock.now())

    def down(self, key: str) -> None:
        self.event(pygame.KEYDOWN, key=pygame.key.key_code(key), mod=0, unicode="", scancode=0)

    def up(self, key: str) -> None:
        self.event(pygame.KEYUP, key=pygame.key.key_code(key), mod=0, unicode="", scancode=0)

    def tap(self, key: str) -> None:
        """Press and let go at once."""
        self.down(key)
        self.up(key)

    def play(self, seconds: float) -> None:
        """Let time pass, a frame at a time."""
        end = self.clock.now() + seconds + 1e-6  # so that what is due at the end is done
        while self.clock.now() < end:
            self.recorder.advance(self.clock.now())
            self.clock.wait(min(self.recorder.next_due, self.clock.now() + FRAME, end))
        self.recorder.advance(self.clock.now())

    def begin(self) -> None:
        """Leave the title, and wait until the game begins."""
        self.tap("return")
        assert self.at(Phase.COUNTDOWN)
        self.play(COUNTDOWN)
        assert self.at(Phase.PLAY)
