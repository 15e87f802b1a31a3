"""Whether two ways of training rank their agents alike, as far as their games can tell.

Potential-based terms may only speed learning up (Ng, Harada, Russell 1999): whoever ends above another with
them is to end above it without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]  # of each agent its last evaluation, with "low" and "high"
WORDS = {1: "above", -1: "below", 0: "not told apart from"}


def above(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """1 if one's last policy is better than the other's, -1 if worse, 0 if their intervals overlap."""
    return int(one["low"] > other["high"]) - int(one["high"] < other["low"])


def show_ranking(hinted: Rows, plain: Rows) -> None:
    """Who ends above whom with the potentials and without, where the games can tell."""
    print("\nPairs of final policies that 95 % intervals tell apart, with potentials and without:")
    same = other = open_ = 0
    for one, two in combinations(hinted, 2):
        with_, without = (above(rows[one], rows[two]) for rows in (hinted, plain))
        same += with_ == without != 0
        other += with_ * without < 0
        open_ += 0 in (with_, without)
        print(f"  {one} is {WORDS[with_]} {two} with, {WORDS[without]} it without")
    print(f"{same} pairs alike, {other} turned round, {open_} that the games do not tell apart.")
