"""What infos name: terms, costs and success, and names among them that nobody knew of before.

N agents, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from environments.external.games.step_values import InvalidStep, number

SUCCESS = "success"  # the term that says whether a game is solved
SUCCESS_KEYS = ("is_success", "success")  # of an info that says so, as most environments write it


def terms_of(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of the reward that an info names."""
    named = info.get("terms")
    return (
        {key: named[key] for key in named if key != "return"} if isinstance(named, Mapping) else {}
    )


def costs_of(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """The costs that an info names."""
    named = info.get("costs")
    if isinstance(named, Mapping):
        return named
    return {"cost": info["cost"]} if "cost" in info else {}


def success_key(info: Mapping[str, Any]) -> str | None:
    """The key under which an info says whether the game is solved; None if it does not."""
    for key in SUCCESS_KEYS:
        if (
            key in info
            and np.asarray(info[key]).size == 1
            and np.asarray(info[key]).dtype.kind in "biuf"
        ):
            return key
    return None


class NamedValues:
    """Writes what infos name into rows of terms and costs, and keeps the names that have no column.

    The term `success` is +1 in the step in which a game comes to be solved and -1 in that in which it no
    longer is: its sum over a game is whether the game ended solved. A step that says nothing changes nothing.

    Args:
        terms: with a column each, after the return's.
        costs: likewise.
        success: key of the info that says whether a game is solved; None for the usual ones.
    """

    def __init__(self, terms: Sequence[str], costs: Sequence[str], success: str | None) -> None:
        self.unknown: set[tuple[str, str]] = set()  # "term" or "cost", and the name
        self._terms, self._costs, self._success = tuple(terms), tuple(costs), success
        self._known = {"term": {*terms, "return"}, "cost": set(costs)}
        self._told = SUCCESS in self._terms
        self._solved: dict[tuple[int, int], float] = {}  # of game and agent, as said last

    def begin(self, game: int) -> None:
        """A game begins anew: nothing is solved."""
        self._solved = {key: value for key, value in self._solved.items() if key[0] != game}

    def write(
        self, at: tuple[int, int], info: Mapping[str, Any], terms: np.ndarray, costs: np.ndarray
    ) -> bool:
        """Write an info of an agent (game, agent) into `terms` [K-1] and `costs` [C].

        Returns:
            Whether it names something that nobody knew of.

        Raises:
            InvalidStep: a value is no number.
        """
        given = terms_of(info)
        if self._told and SUCCESS not in given:
            given = {**given, SUCCESS: self._change(at, info)}
        before = len(self.unknown)
        self._fill(terms, self._terms, given, "term")
        self._fill(costs, self._costs, costs_of(info), "cost")
        if not self._told and info and success_key(info) is not None:
            self.unknown.add(("term", SUCCESS))
        return len(self.unknown) > before

    def _fill(
        self, row: np.ndarray, names: Sequence[str], values: Mapping[str, Any], kind: str
    ) -> None:
        for k, name in enumerate(names):
            row[k] = number(values[name], f"{kind} '{name}'") if name in values else 0.0
        if values and not values.keys() <= self._known[kind]:
            self.unknown |= {(kind, str(name)) for name in values.keys() - self._known[kind]}

    def _change(self, at: tuple[int, int], info: Mapping[str, Any]) -> float:
        before, key = self._solved.get(at, 0.0), self._success or success_key(info)
        if key is None or info.get(key) is None:
            return 0.0
        self._solved[at] = number(info[key], f"value '{key}' of its info")
        return self._solved[at] - before


def check_values(infos: Iterable[Mapping[str, Any]]) -> None:
    """Refuse terms that are no numbers and costs that are none from 0 up.

    Raises:
        InvalidStep: it says which.
    """
    for info in infos:
        for name, value in terms_of(info).items():
            number(value, f"term '{name}'")
        for name, value in costs_of(info).items():
            if not 0 <= (cost := number(value, f"cost '{name}'")) < np.inf:
                raise InvalidStep(f"gave the cost '{name}' {cost:g}")
