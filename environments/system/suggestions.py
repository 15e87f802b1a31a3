"""Suggestions in messages about an unknown name: the known name that was probably meant, or all there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

ALIKE = 0.6  # how alike two names must be, from 0 to 1 (Ratcliff and Obershelp, as difflib has it)


def closest(name: str, known: Iterable[str], alike: float = ALIKE) -> str | None:
    """The known name that is most like the given one; None if none is alike.

    What many names begin with, as the dashes of options, makes none of them alike.
    """
    names = {one.lstrip("-"): one for one in known}
    found = difflib.get_close_matches(name.lstrip("-"), names, n=1, cutoff=alike)
    return names[found[0]] if found else None


def nearest(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """How a sentence about an unknown name ends.

    Args:
        name: what was given.
        known: what would have been right.
        otherwise: the end where nothing known is alike; a list of all that is known if None.
    """
    names = list(known)
    if (near := closest(name, names)) is not None:
        return f"did you mean '{near}'?"
    if otherwise is not None:
        return otherwise
    return f"it has {', '.join(names)}." if names else "it has none."
