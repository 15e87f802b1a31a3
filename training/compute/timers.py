"""Timers of the phases of training, in seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StageTimer:
    """Adds up seconds by name; a part inside another is not counted twice."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inside = [0.0]  # seconds of the parts within each part that is open

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the block's seconds under `name`."""
        self._inside.append(0.0)
        began = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - began
            own = took - self._inside.pop()
            self._inside[-1] += took
            self.seconds[name] = self.seconds.get(name, 0.0) + own

    def __str__(self) -> str:
        """`update 31 s, world 8 s, inference 6 s`, the longest first."""
        parts = sorted(self.seconds.items(), key=lambda part: -part[1])
        return ", ".join(f"{name} {seconds:.0f} s" for name, seconds in parts)
