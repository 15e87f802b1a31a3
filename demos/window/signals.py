"""Handling of Ctrl-C and SIGTERM while a window is open: noted first, and insisted on after a moment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE = 1.2  # s, for what runs to notice; then it is interrupted where it is
SIGNALS = (signal.SIGINT, signal.SIGTERM)
INSISTS = hasattr(signal, "setitimer")  # Windows has no such alarm: there it is only asked for


class Stopped(Exception):
    """The process was told to end, and what ran did not notice."""

    def __init__(self, code: int = 128) -> None:
        super().__init__(code)
        self.code = code  # the exit code that says so


class Stop:
    """Whether, and by which signal, the process was told to end."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def code(self) -> int:
        """The exit code that says so: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or 0)

    def noticed(self) -> bool:
        """Whether to end now; from here on nothing is interrupted any more."""
        if self.signal is not None:
            _alarm(0)
        return self.signal is not None


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Within the block, signals are noted instead of obeyed.

    Raises:
        Stopped: in the middle of what runs, if it does not ask `noticed` in time.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals are the main thread's alone
        return

    def note(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        _alarm(PATIENCE)

    def insist(number: int, frame: FrameType | None) -> None:
        raise Stopped(stop.code)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    if INSISTS:
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, insist)
    try:
        yield stop
    finally:
        _alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _alarm(seconds: float) -> None:
    """Interrupt what runs in so many seconds; 0 calls it off."""
    if INSISTS:
        signal.setitimer(signal.ITIMER_REAL, seconds)
