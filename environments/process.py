"""Processes of our own beside this one, that end when it does, however that ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from typing import Any

ENDING = 3.0  # s, for a process to end


def start(
    owner: object, name: str, work: Callable[..., None], *arguments: Any
) -> tuple[Any, Any, Callable[[], Any]]:
    """Start a process that does `work(pipe, *arguments)`; the process, our end of the pipe, and what ends it.

    It is also ended when `owner` is forgotten and when Python exits. Its work begins with `attend_parent`.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    pipe, theirs = spawn.Pipe()
    process = spawn.Process(target=work, args=(theirs, *arguments), daemon=True, name=name)
    process.start()
    theirs.close()  # so that the pipe ends when the process does
    return process, pipe, weakref.finalize(owner, _kill, process, pipe)


def possible() -> bool:
    """Whether this process may start others: one that was itself started so may not."""
    return not multiprocessing.current_process().daemon


def attend_parent() -> None:
    """In a process that was started so: leave Ctrl-C to the parent, and end when it does, even if stuck."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _kill(process: Any, pipe: Any) -> None:
    process.kill()
    process.join(ENDING)
    pipe.close()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def how_it_ended(code: int | None) -> str:
    """What an exit code says, as a sentence goes on: `ended its process (exit code 7)`."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"ended its process ({signal.Signals(-code).name})"
    return f"ended its process (exit code {code})"
