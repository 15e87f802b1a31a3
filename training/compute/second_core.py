"""A background thread on a second core for independent work, with the same bits as one after the other.

A policy and its values share no layers (`agents.networks.layers`), so neither's gradient waits for the
other's, and a rollout can be passed forward in pieces. torch lets go of Python's lock while it
computes, and a thread is enough: nothing is copied, nothing is averaged, and a run may go on with
another number of cores and stay exact. (For steps as short as those of a rollout it is not enough: see
`agents.players.remote_player`.)
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import torch

First = TypeVar("First")
Result = TypeVar("Result")
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3)
_KEPT = 1 << 30  # bytes


def free_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_memory() -> None:
    """Let glibc keep what tensors give back: fresh pages cost more than most of what is written to them."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            library.mallopt(option, _KEPT)


class Task(Generic[Result]):
    """A piece of work that the other core may have taken up by the time its result is asked for."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self.work = work
        self.future: Future[Result] | None = None

    def result(self) -> Result:
        """What came of it; what has not begun there is done here and now."""
        if self.future is None or self.future.cancel():
            return self.work()
        return self.future.result()

    def settle(self) -> None:
        """See to it that it goes on no more, whatever comes of it."""
        if self.future is not None and not self.future.cancel():
            self.future.exception()


class SecondCore:
    """Does work on a second core if it has one, else when the result is asked for.

    Args:
        cores: 1 or 2; more are not used.
    """

    def __init__(self, cores: int = 1) -> None:
        self.cores = min(cores, 2)
        self._pool: ThreadPoolExecutor | None = None
        self._less_urgent: list[Task[Any]] = []

    def __getstate__(self) -> dict[str, Any]:
        # SB3 saves and copies whole models; threads it cannot
        return {**self.__dict__, "_pool": None, "_less_urgent": []}

    def begin(self, work: Callable[[], Result]) -> Task[Result]:
        """Let the other core do this, after what it was given before."""
        task = Task(work)
        waiting, self._less_urgent = self._less_urgent, []
        for each in [task, *waiting]:
            self._hand_over(each)
        return task

    def begin_after(self, work: Callable[[], Result]) -> Task[Result]:
        """Let the other core do this after what it is given next."""
        task = Task(work)
        self._less_urgent.append(task)
        return task

    def _hand_over(self, task: Task[Any]) -> None:
        if self.cores < 2:
            return
        if self._pool is None:
            # A thread of its own has torch's default number of threads again, which is all cores.
            self._pool = ThreadPoolExecutor(1, "second core", lambda: torch.set_num_threads(1))
        task.future = self._pool.submit(task.work)

    def both(
        self, first: Callable[[], First], second: Callable[[], Result]
    ) -> tuple[First, Result]:
        """Results of two pieces of work that do not touch what the other writes."""
        other = self.begin(second)
        try:
            return first(), other.result()
        finally:  # nothing may go on alone after an error
            other.settle()
