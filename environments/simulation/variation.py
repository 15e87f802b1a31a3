"""Variation of a world from episode to episode (domain randomisation, Tobin et al. 2017).

A table names parameters and where each is drawn from: `{"mass": {"uniform": [0.8, 1.2], "by": "keyword"}}`,
`log_uniform`, or `choices`; `whole` draws whole numbers. A value follows from the episode's seed and the name
alone, whatever else is drawn. A parameter that varies may also be given like an option of the episode: then
it is that, and nothing is drawn.

B games.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from environments.system.errors import UserError, shortened
from environments.system.suggestions import nearest

KINDS = ("uniform", "log_uniform", "choices")
WAYS = ("param", "keyword", "attribute", "option")  # how a value gets into a world
MOST, CHOICES = 64, 256  # parameters; choices of one
_GOLDEN, _ONE, _TWO = (
    np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def read_variation(given: Any, world: str) -> dict[str, dict[str, Any]]:
    """A table of variation, checked as far as can be without the world: complete but for `by` and `whole`.

    Args:
        given: as above; two numbers alone are the ends of `uniform`.
        world: as sentences name it.

    Raises:
        UserError: it is none.
    """
    if not isinstance(given, Mapping) or len(given) > MOST:
        raise UserError(f"What varies of '{world}' is a table of up to {MOST} parameters.")
    return {str(name): _read(str(name), one, world) for name, one in given.items()}


def _read(name: str, given: Any, world: str) -> dict[str, Any]:
    table = {"uniform": given} if isinstance(given, list | tuple) else given
    where = f"The variation of '{shortened(name)}' in '{world}'"
    if not isinstance(table, Mapping) or len(kinds := [k for k in KINDS if k in table]) != 1:
        raise UserError(
            f"{where} is not told: give two numbers, or a table with one of {', '.join(KINDS)}."
        )
    for key in table:
        if key not in (*KINDS, "by", "whole"):
            raise UserError(f"{where} has '{key}': {nearest(str(key), (*KINDS, 'by'))}")
    (kind,) = kinds
    values = list(table[kind]) if isinstance(table[kind], list | tuple) else []
    found: dict[str, Any] = {kind: values}
    if kind == "choices":
        if not 1 <= len(values) <= CHOICES or not all(map(_is_plain, values)):
            raise UserError(f"{where} needs 1 to {CHOICES} plain values as choices.")
    elif len(values) != 2 or not all(map(_is_number, values)) or not values[0] < values[1]:
        raise UserError(f"{where} needs two numbers as {kind}, the lower first.")
    elif kind == "log_uniform" and values[0] <= 0:
        raise UserError(f"{where} is log_uniform, whose numbers lie above 0.")
    if "by" in table:
        if table["by"] not in WAYS:
            raise UserError(f"{where} goes by '{table['by']}': {nearest(str(table['by']), WAYS)}")
        found["by"] = table["by"]
    if table.get("whole"):
        found["whole"] = True
    return found


def _is_number(value: Any) -> bool:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    return fits and -1e30 <= value <= 1e30


def _is_plain(value: Any) -> bool:
    return _is_number(value) or isinstance(value, bool | str)


def ends_of(about: Mapping[str, Any]) -> list[Any]:
    """The least and the greatest value of a parameter, or all its choices."""
    return list(next(about[kind] for kind in KINDS if kind in about))


def points_of(about: Mapping[str, Any], count: int) -> list[Any]:
    """Values spread evenly over what a parameter is drawn from, at most so many."""
    values = ends_of(about)
    if "choices" in about:
        return values[:count]
    odds = np.linspace(0.0, 1.0, count)
    return list(dict.fromkeys(_value(about, float(chance)) for chance in odds))


def drawn(about: Mapping[str, Any], name: str, seed: int, episode: int) -> Any:
    """The value of a parameter in an episode."""
    return _value(about, _chance(name, seed, episode))


def _value(about: Mapping[str, Any], chance: float) -> Any:
    values = ends_of(about)
    if "choices" in about:
        return values[min(int(chance * len(values)), len(values) - 1)]
    low, high = values
    whole = bool(about.get("whole"))
    top = high + 1 if whole else high
    if "log_uniform" in about:
        found = math.exp(math.log(low) + chance * (math.log(top) - math.log(low)))
    else:
        found = low + chance * (top - low)
    return min(int(found), int(high)) if whole else min(max(float(found), low), high)


def _chance(name: str, seed: int, episode: int) -> float:
    """A number in [0, 1) from a name and an episode (splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        state = _mixed(np.uint64(seed) + np.uint64(zlib.crc32(name.encode())) * _GOLDEN)
        return float(_mixed(state + np.uint64(episode) * _GOLDEN) >> np.uint64(11)) / 2.0**53


def _mixed(state: np.uint64) -> np.uint64:
    state = state + _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * _ONE
    state = (state ^ (state >> np.uint64(27))) * _TWO
    return state ^ (state >> np.uint64(31))


class Variation:
    """The values of a batch's games: drawn when an episode begins, unless they were given.

    Args:
        table: as `read_variation` gave it and a world completed it.
        size: B.
    """

    def __init__(self, table: Mapping[str, Mapping[str, Any]], size: int) -> None:
        self.table = table
        self.given: list[dict[str, Any]] = [{} for _ in range(size)]  # not drawn, by game
        self.values: list[dict[str, Any]] = [{} for _ in range(size)]  # of the episodes, by game

    def take(self, game: int, options: dict[str, Any]) -> dict[str, Any]:
        """Keep what is given of a game's episodes; the options that are left."""
        self.given[game] = {name: options[name] for name in options if name in self.table}
        for name, value in self.given[game].items():
            if not _is_plain(value):
                raise UserError(f"'{name}' is {shortened(repr(value))}: give it a plain value.")
        return {name: value for name, value in options.items() if name not in self.table}

    def begin(self, game: int, seed: int, episode: int) -> dict[str, Any]:
        """The values of a game's episode."""
        given = self.given[game]
        self.values[game] = {
            name: given[name] if name in given else drawn(about, name, seed, episode)
            for name, about in self.table.items()
        }
        return self.values[game]

    def of(self, game: int, *ways: str) -> dict[str, Any]:
        """Those values of a game's episode that go in by these ways."""
        values = self.values[game]
        return {name: values[name] for name, about in self.table.items() if about.get("by") in ways}
