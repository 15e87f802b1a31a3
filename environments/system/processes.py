"""Child processes that end when this one does, however that ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection, util
from typing import Any

from environments.system.shared_arrays import Layout, map_arrays, shared_memory

ENDING = 3.0  # s, for a process to end
BEAT = 0.25  # s, between two beats of a process that runs
GLANCE = 1.0  # s, between two looks at another process
PATIENCE = 60  # glances in which a process may be still before it is given up
LOADING = 5  # times that patience, while it loads
_FIRST = (
    100  # of what is done at exit: before multiprocessing waits for processes, maybe stopped ones
)
_PULSE: Layout = {"beats": ((1,), "i8")}


def start(
    owner: object, name: str, work: Callable[..., None], *arguments: Any
) -> tuple[Any, Any, Callable[[], Any]]:
    """Start a process that does `work(pipe, *arguments)`; the process, our end of the pipe, and what ends it.

    It is also ended when `owner` is forgotten and when Python exits. Its work begins with `end_with_parent`.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    pipe, child_end = spawn.Pipe()
    process = spawn.Process(target=work, args=(child_end, *arguments), daemon=True, name=name)
    with _deaf():
        process.start()
    child_end.close()  # so that the pipe ends when the process does
    return process, pipe, util.Finalize(owner, _kill, (process, pipe), exitpriority=_FIRST)


def can_start() -> bool:
    """Whether this process may start others: one that was itself started so may not."""
    return not multiprocessing.current_process().daemon


def end_with_parent(pulse: Any = None) -> None:
    """In a process that was started so: leave Ctrl-C to the parent, and end when it does, even if stuck.

    Args:
        pulse: of a `Pulse`, which shows from now on that this process runs.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    if pulse is not None:
        threading.Thread(target=_beat, args=(pulse,), daemon=True).start()


class Pulse:
    """Distinguishes a process that is at work, however long it takes, from one that was stopped or is stuck.

    Its `memory` is handed to the process, which hands it to `end_with_parent`.
    """

    def __init__(self) -> None:
        self.memory = shared_memory(_PULSE)
        self._beats = map_arrays(_PULSE, self.memory)["beats"]
        self._seen, self._still = -1, 0

    def stopped(self) -> bool:
        """Whether it has not run for so many glances; to be called after each of them, and only then.

        Glances are counted, not seconds: if all of us were stopped, with Ctrl-Z or a closed lid, that is one.
        """
        beats = int(self._beats[0])
        self._still = 0 if beats != self._seen else self._still + 1
        self._seen = beats
        return self._still >= (PATIENCE if beats else LOADING * PATIENCE)


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started in the block never hear Ctrl-C, not even while they still load."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import (
        resource_tracker,
    )  # here: there is none where there are no such masks

    resource_tracker.ensure_running()  # its own start would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill(process: Any, pipe: Any) -> None:
    process.kill()
    process.join(ENDING)
    pipe.close()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _beat(pulse: Any) -> None:
    beats = map_arrays(_PULSE, pulse)["beats"]
    while True:
        beats[0] += 1
        time.sleep(BEAT)


def how_it_ended(code: int | None) -> str:
    """What an exit code says, as a sentence goes on: `ended its process (exit code 7)`."""
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"ended its process ({signal.Signals(-code).name})"
    return f"ended its process (exit code {code})"
