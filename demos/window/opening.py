"""Opens a session: display check, window, loading screen, signals, clock and script; light until it opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from demos.window.display import NO_SCRIPT, SIZE, require_display

if TYPE_CHECKING:  # heavy: a missing screen is said before they load
    from demos.window.pacing import Clock
    from demos.window.script import Script
    from demos.window.session import Session
    from demos.window.signals import Stop
    from demos.window.window import AppWindow

LOADING = "This takes some seconds."
Ready = TypeVar("Ready")


@dataclass(frozen=True)
class Opening:
    """How a session's window opens, and what it shows until all is ready."""

    title: str
    waiting: str = "Getting the world ready"  # heading of the loading screen
    why: str = LOADING  # below it, until the work itself says what it waits for
    cure: str = NO_SCRIPT  # what to do where there is no screen, as a sentence ends with it
    size: tuple[int, int] = SIZE  # pixels
    headless: bool = False  # draw into memory, in simulated time
    script: Path | None = None  # events that come as if a person made them


@dataclass(frozen=True)
class OpenSession(Generic[Ready]):
    """A window that is open, with all that a session needs beside it."""

    window: AppWindow
    ready: Ready | None  # None: the person closed the window before it was
    clock: Clock
    stop: Stop
    script: Script | None = None

    @property
    def code(self) -> int:
        """The exit code: 130 or 143 if a signal came, else 0."""
        return self.stop.code if self.stop.signal else 0

    def run(self, session: Session) -> None:
        """Drive a session until it is over."""
        from demos.window.loop import run

        run(self.window, session, self.clock, self.stop, self.script)


@contextmanager
def open_session(how: Opening, prepare: Callable[[], Ready]) -> Iterator[OpenSession[Ready]]:
    """Open a window, and get ready what is to be done in it while a loading screen is shown.

    Args:
        how: the window.
        prepare: what may take long; runs beside the main thread unless headless.

    Raises:
        UserError: there is no screen, or the script is none; or what `prepare` raises.
        Stopped: a signal came, and what ran did not notice it.
    """
    if not how.headless:
        require_display(how.cure)
    from demos.window.loading_screen import wait_for
    from demos.window.pacing import RealClock, SimulatedClock
    from demos.window.script import Script
    from demos.window.signals import stoppable
    from demos.window.window import AppWindow

    script = None if how.script is None else Script.read(how.script)
    clock = SimulatedClock() if how.headless else RealClock()
    with (
        stoppable() as stop,
        AppWindow(how.title, how.size, headless=how.headless, cure=how.cure) as window,
    ):
        ready = wait_for(window, prepare, how.waiting, how.why, stop)
        yield OpenSession(window, ready, clock, stop, script)
