"""A second core for what has nothing to wait for, and to the same bits as one thing after the other.

A policy and its values share no layers (`agents.towers`), so neither's gradient waits for the other's. torch
lets go of Python's lock while it computes, and a thread is enough: nothing is copied, nothing is averaged,
and a run may go on with another number of cores and stay exact. (A partner that chose while the learner
does was tried: its steps are so short that the two threads mostly waited for Python's lock.)
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import torch

First = TypeVar("First")
Second = TypeVar("Second")
Item = TypeVar("Item")
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3)
_KEPT = 1 << 30  # bytes


def free_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_memory() -> None:
    """Let glibc keep what tensors give back: asking the system anew, two threads wait for each other."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            library.mallopt(option, _KEPT)


class Crew:
    """Runs two pieces of work at once if it has two cores, else one after the other.

    Args:
        cores: 1 or 2; more are not used.
    """

    def __init__(self, cores: int = 1) -> None:
        self.cores = min(cores, 2)
        self._pool: ThreadPoolExecutor | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "_pool": None,
        }  # SB3 saves and copies whole models; threads it cannot

    def both(
        self, first: Callable[[], First], second: Callable[[], Second]
    ) -> tuple[First, Second]:
        """Results of two pieces of work that do not touch what the other writes."""
        if self.cores < 2:
            return first(), second()
        if self._pool is None:
            keep_memory()
            # A thread of its own has torch's default number of threads again, which is all cores.
            self._pool = ThreadPoolExecutor(1, "crew", lambda: torch.set_num_threads(1))
        other = self._pool.submit(second)
        try:
            mine = first()
        finally:  # nothing may go on alone after an error
            other.exception()
        return mine, other.result()

    def each(self, work: Callable[[Item], First], items: Sequence[Item]) -> list[First]:
        """`work` on every item, in order; half of them on the other core."""
        half = (len(items) + 1) // 2
        mine, others = self.both(
            lambda: [work(item) for item in items[:half]],
            lambda: [work(item) for item in items[half:]],
        )
        return mine + others
