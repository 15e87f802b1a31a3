"""Checks of the values of a recipe, whatever they are for: plain, finite, and no longer than a name."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from environments.files.readers import DEPTH
from environments.system.errors import UserError, shortened
from environments.terminal.arguments import complaint_of, unfit

Place = tuple[Any, ...]  # keys from the top; of an entry of a list its number
# What the world alone can judge: its texts may have lines.
_OF_A_WORLD = (("world", "params"), ("world", "options"))


def unfit_values(content: dict[str, Any], where: str) -> list[tuple[Place, UserError]]:
    """What no setting may be, and where it stands: everything that is wrong, in the order of the recipe.

    That is a number that is not finite where it must be, a date, a name of letters that no name has or of too
    many, or values too deep inside each other.
    """
    found: list[tuple[Place, UserError]] = []
    for place, value in _walk(content):
        if isinstance(value, UserError):
            found.append((place, UserError(f"{where}: {value}")))
        elif (complaint := _complaint(place, value)) is not None:
            told = ".".join(shortened(str(part), 40) for part in place)
            sentence = f"{where}: {told} = {shortened(repr(value))}: {complaint}."
            found.append((place, UserError(sentence)))
    return found


def without(content: Any, place: Place) -> Any:
    """A copy without the setting that a place belongs to, so that the others can be checked."""
    head, *rest = place
    if not isinstance(content, dict) or head not in content:
        return content
    inner, below = content[head], tuple(rest)
    if isinstance(inner, dict) and below:
        return {**content, head: without(inner, below)}
    if isinstance(inner, list) and len(below) > 1:  # of tables, such as the members of a mixture
        number, *rest = below
        entries = [without(e, tuple(rest)) if n == number else e for n, e in enumerate(inner)]
        return {**content, head: entries}
    return {name: value for name, value in content.items() if name != head}


def _walk(content: dict[str, Any]) -> Iterator[tuple[Place, Any]]:
    """Every single value and its place; what cannot be walked through comes as the mistake that it is."""
    waiting: list[tuple[Place, Any]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        if len(place) > DEPTH:
            yield place[:1], UserError(f"{place[0]} is nested more than {DEPTH} deep.")
        elif isinstance(value, dict):
            for name in [n for n in value if not isinstance(n, str) or _steers(n)]:
                sentence = f"{shortened(repr(name))} is no name of a setting."
                yield (*place, name), UserError(sentence)
            named = {n: inner for n, inner in value.items() if isinstance(n, str)}
            waiting += [((*place, n), inner) for n, inner in reversed(named.items())
                        if not _steers(n)]  # fmt: skip
        elif isinstance(value, (list, tuple)):
            waiting += [((*place, n), inner) for n, inner in reversed(list(enumerate(value)))]
        else:
            yield place, value


def _complaint(place: Place, value: Any) -> str | None:
    """What is wrong with a single value, or None."""
    if isinstance(value, (date, time)):
        return "put dates and times into quotes"
    if isinstance(value, float) and not math.isfinite(value):
        is_limit = len(place) == 3 and place[0] == "costs" and place[2] == "limit"
        return None if is_limit and value > 0 else "give a finite number"
    if not isinstance(value, str):
        return None
    if place[:2] in _OF_A_WORLD:
        return complaint_of(value) if value else None
    return "leave out what is no letter" if _steers(value) else unfit(value)


def _steers(text: str) -> bool:
    """Whether a text holds control characters."""
    return not text.isprintable() and any(unicodedata.category(c) == "Cc" for c in text)
