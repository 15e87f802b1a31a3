"""What values of a recipe may be, whatever they are for: plain, finite, and no longer than a name."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from environments.files.readers import DEPTH
from environments.system.errors import UserError, shortened
from environments.terminal.command_line import complaint_of, unfit

Place = tuple[str, ...]
_OF_A_WORLD = ("world", "params")  # what the world alone can judge: its texts may have lines


def check_values(content: dict[str, Any], where: str) -> None:
    """Refuse what no setting may be, by the place where it stands.

    Raises:
        UserError: a number that is not finite where it must be, a date, a name of letters that no name has or
            of too many, or values too deep inside each other.
    """
    for place, value in _all(content, where):
        told = ".".join(shortened(part, 40) for part in place)
        if (complaint := _complaint(place, value)) is not None:
            raise UserError(f"{where}: {told} = {shortened(repr(value))}: {complaint}.")


def _all(content: dict[str, Any], where: str) -> Iterator[tuple[Place, Any]]:
    """Every single value and its place."""
    waiting: list[tuple[Place, Any]] = [((), content)]
    while waiting:
        place, value = waiting.pop()
        if len(place) > DEPTH:
            raise UserError(f"{where}: {place[0]} is nested more than {DEPTH} deep.")
        if isinstance(value, dict):
            for name in value:
                if not isinstance(name, str) or _steers(name):
                    raise UserError(f"{where}: {shortened(repr(name))} is no name of a setting.")
            waiting += [((*place, name), inner) for name, inner in value.items()]
        elif isinstance(value, (list, tuple)):
            waiting += [((*place, str(n)), inner) for n, inner in enumerate(value)]
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
    if place[:2] == _OF_A_WORLD:
        return complaint_of(value) if value else None
    return "leave out what is no letter" if _steers(value) else unfit(value)


def _steers(text: str) -> bool:
    """Whether a text holds control characters."""
    return not text.isprintable() and any(unicodedata.category(c) == "Cc" for c in text)
