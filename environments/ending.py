"""SIGTERM ends a program as Ctrl-C does: what is open is closed, processes end, and it says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM came; whoever handles Ctrl-C handles it, too."""


def exit_code(stop: KeyboardInterrupt) -> int:
    """What a program that was stopped so exits with."""
    return 128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)


@contextmanager
def terminable() -> Iterator[None]:
    """In the block SIGTERM raises `Terminated`, once: what is cleared away for it is not disturbed again.

    Only the main thread hears signals, and whoever has made arrangements of their own keeps them.
    """
    alone = threading.current_thread() is threading.main_thread()
    if not alone or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _raise(_number: int, _frame: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
