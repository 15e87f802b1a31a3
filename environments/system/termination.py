"""Ctrl-C and SIGTERM, handled alike: what is open is closed, and processes end.

Python raises KeyboardInterrupt wherever the program is. Where that is an import, a `__del__`, or a callback
of a weak reference or of the compiler, it is swallowed, or comes out as something else; there a signal waits
a moment.
"""

from __future__ import annotations

import _weakrefset
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

LONGEST = 5.0  # s that a signal waits for such a place to be left; the second is not kept waiting
AGAIN = 0.02  # s until the next try
_FILES = {"<frozen importlib._bootstrap>", weakref.__file__, _weakrefset.__file__}
_COMPILER = f"{os.sep}llvmlite{os.sep}"  # calls Python back from C, which drops exceptions


class Terminated(KeyboardInterrupt):
    """SIGTERM came; what handles Ctrl-C handles it, too."""


def exit_code(stop: KeyboardInterrupt) -> int:
    """What a program that was stopped so exits with."""
    return 128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)


@contextmanager
def terminable() -> Iterator[None]:
    """In the block Ctrl-C raises KeyboardInterrupt where it can be caught, and SIGTERM `Terminated`, once.

    Only the main thread hears signals, and handlers that were set before are kept.
    """
    usual: dict[int, tuple[Any, ...]] = {
        signal.SIGINT: (signal.default_int_handler, interrupted),
        signal.SIGTERM: (signal.SIG_DFL,),
    }
    alone = threading.current_thread() is threading.main_thread()
    found = {number: signal.getsignal(number) for number in usual if alone}
    replaced = {number: before for number, before in found.items() if before in usual[number]}
    ear = _Ear()
    for number in replaced:
        signal.signal(number, ear.hear)
    try:
        try:
            yield
        finally:  # who was told to stop meanwhile has stopped, however it ended
            ear.last_call()
    finally:
        ear.closed = True
        for number, before in replaced.items():
            signal.signal(number, before)


def interrupted(number: int, frame: FrameType | None) -> None:
    """Ctrl-C as Python handles it, by a function that a traceback shows."""
    raise KeyboardInterrupt


class _Ear:
    """Hears signals, and raises what they stand for as soon as it will be noticed."""

    def __init__(self) -> None:
        self.closed = False
        self._waiting: int | None = None  # the signal that has not been raised yet
        self._since = 0.0
        self._trying = False  # whether the next signal is our own try

    def hear(self, number: int, frame: FrameType | None) -> None:
        """A signal came, or comes again."""
        insisted = self._waiting is not None and not self._trying
        self._trying = False
        if self._waiting is None:
            self._waiting, self._since = number, time.monotonic()
        patient = not insisted and time.monotonic() - self._since < LONGEST
        if patient and _is_unheard(frame):
            threading.Thread(target=self._try_again, daemon=True).start()
            return
        self.last_call()

    def last_call(self) -> None:
        """Raise what is still waiting."""
        number, self._waiting = self._waiting, None
        if number == signal.SIGTERM:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # clearing away is not disturbed again
            raise Terminated
        if number is not None:
            raise KeyboardInterrupt

    def _try_again(self) -> None:
        time.sleep(AGAIN)
        if (number := self._waiting) is None or self.closed:
            return
        self._trying = True
        if hasattr(signal, "pthread_kill"):  # it also wakes who waits
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        else:
            signal.raise_signal(number)


def _is_unheard(frame: FrameType | None) -> bool:
    """Whether an exception that is raised here would be swallowed, or turned into another one."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or code.co_filename in _FILES or _COMPILER in code.co_filename:
            return True
        frame = frame.f_back
    return False
