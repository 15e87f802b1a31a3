"""Clocks, and the pacer that says when the next step of a game is due, whatever drawing takes.

Steps are of fixed length. A step that begins too long after it was due is late; after a stall a few are made
up for, the others are left out, so that no burst of steps runs away from the person who plays.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import Protocol

LATE = 0.25  # of a tick after it was due
CATCH_UP = 0.1  # s of steps that may be made up for at once
MEMORY = 2.0  # s over which the pace is measured
NANOSECONDS = 1_000_000_000  # in a second


class Clock(Protocol):
    """Tells and passes the time, in seconds from any moment on."""

    def now(self) -> float:
        """The time in s."""

    def ns(self) -> int:
        """The time in ns, which never runs backwards."""

    def wait(self, until: float) -> None:
        """Let time pass until then."""


class RealClock:
    """The machine's own monotonic clock."""

    def now(self) -> float:
        """The time in s."""
        return time.monotonic()

    def ns(self) -> int:
        """The time in ns."""
        return time.monotonic_ns()

    def wait(self, until: float) -> None:
        """Sleep until then."""
        left = until - time.monotonic()
        if left > 0:
            time.sleep(left)


class SimulatedClock:
    """A clock that moves only when it is waited on: hours pass at once, and always in the same way."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        """The time in s."""
        return self._now

    def ns(self) -> int:
        """The time in ns."""
        return round(self._now * NANOSECONDS)

    def wait(self, until: float) -> None:
        """Be there."""
        self._now = max(self._now, until)


class Pacer:
    """Says which steps are due, and how well that went.

    Args:
        tick: s a step takes.
    """

    def __init__(self, tick: float) -> None:
        self.tick = tick
        self.catch_up = max(1, int(CATCH_UP / tick))  # steps
        self.late = 0  # steps that began late
        self.skipped = 0  # steps left out after a stall
        self._next = float("inf")
        self._begun: deque[float] = deque()  # when the last steps began, s

    def start(self, now: float) -> None:
        """Begin, or go on after a pause: the first step is due in one tick."""
        self._next = now + self.tick
        self._begun.clear()

    def stop(self) -> None:
        """Nothing is due until the next start."""
        self._next = float("inf")

    def forget(self) -> None:
        """Count late steps from 0 again: another game."""
        self.late = self.skipped = 0

    @property
    def next_due(self) -> float:
        """When the next step is due, s; infinity while stopped."""
        return self._next

    @property
    def rate(self) -> float:
        """Steps a second over the last two seconds; 0 until there are two."""
        if len(self._begun) < 2:
            return 0.0
        span = self._begun[-1] - self._begun[0]
        return (len(self._begun) - 1) / span if span > 0 else 0.0

    def due(self, now: float) -> Iterator[bool]:
        """For each step to be taken now: whether it is late. It may be stopped within the loop."""
        for _ in range(self.catch_up):
            if self._next > now:
                return
            late = now - self._next > LATE * self.tick
            self._next += self.tick
            self.late += late
            self._note(now)
            yield late
        behind = now - self._next
        if behind >= 0:
            self.skipped += 1 + int(behind / self.tick)
            self._next = now + self.tick

    def _note(self, now: float) -> None:
        self._begun.append(now)
        while now - self._begun[0] > max(MEMORY, 4 * self.tick):
            self._begun.popleft()
