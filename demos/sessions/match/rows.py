"""A table of numbers that grows step by step, and is cut when the viewer goes back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BEGIN = 256  # rows that are set aside at first


class Rows:
    """A table that grows at its end: [rows, width]."""

    def __init__(self, width: int) -> None:
        self._held = np.full((BEGIN, width), np.nan)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def table(self) -> npt.NDArray[np.float64]:
        """All rows so far, not a copy: [rows, width]."""
        return self._held[: self._count]

    def add(self, row: npt.ArrayLike) -> None:
        """Take down a row; what there is no number for is nan."""
        if self._count == len(self._held):
            self._held = np.concatenate([self._held, np.full_like(self._held, np.nan)])
        self._held[self._count] = row
        self._count += 1

    def cut(self, count: int) -> None:
        """Keep only the first rows."""
        self._count = min(self._count, count)
