"""What a setting wants instead of what it was given, in our words instead of pydantic's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

# By the type of pydantic's complaint; `{}` is filled from what it says beside it.
_WANTED = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "finite_number": "a finite number",
    "literal_error": "{expected}",
    "too_short": "at least {min_length} values",
    "too_long": "at most {max_length} values",
    "string_too_short": "at least {min_length} letters",
    "string_too_long": "at most {max_length} letters",
}
_KINDS = {  # what the name of a type begins with
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
    "string": "a text in quotes",
    "path": "a path in quotes",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table",
    "mapping": "a table",
    "model": "a table",
    "none": "nothing: leave it out",
}


def wanted_value(complaint: Mapping[str, Any]) -> str | None:
    """What one of pydantic's complaints wants: `at least 0`, `a list`; None if it is in words of our own."""
    kind, beside = complaint["type"], complaint.get("ctx", {})
    if kind in _WANTED:
        return _WANTED[kind].format(**{key: _told(value) for key, value in beside.items()})
    return _KINDS.get(kind.partition("_")[0])


def pair_like(annotation: Any, default: Any) -> str | None:
    """What a weight at the start and at the end wants: `2 numbers, such as [1, 0]`; None of any other."""
    kinds = get_args(annotation) if get_origin(annotation) is tuple else ()
    if not kinds or ... in kinds or not isinstance(default, tuple):
        return None
    return f"{len(kinds)} numbers, such as {list(default)}"


def either(wanted: Sequence[str]) -> str:
    """`a whole number or 'auto'`."""
    return " or ".join(dict.fromkeys(wanted))


def _told(value: Any) -> str:
    return f"{value:,}".replace(",", "_") if isinstance(value, int) else f"{value}"
