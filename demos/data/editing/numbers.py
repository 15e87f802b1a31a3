"""Episode numbers and counts, as sentences say them."""

from __future__ import annotations

from collections.abc import Sequence


def listed(numbers: Sequence[int]) -> str:
    """`episode 3` or `episodes 0-2, 5`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(a) if a == b else f"{a}-{b}" for a, b in runs]
    return f"episode{'s' if len(numbers) != 1 else ''} {', '.join(words)}"


def count(episodes: int) -> str:
    """`1 episode` or `2 episodes`."""
    return f"{episodes} episode{'s' if episodes != 1 else ''}"
