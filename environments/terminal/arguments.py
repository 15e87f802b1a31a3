"""Command-line arguments of the fields of an options class, and the readers of single values.

A reader takes the text of one word and returns its value, or raises `ValueError` with what is wrong with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from environments.files.readers import DIGITS, SyntaxUnreadable, Unreadable, parse_toml
from environments.system.errors import UserError, shortened
from environments.system.suggestions import closest

MOST = 2**31 - 1  # of steps and games: a game counts its ticks in 32 bits
SEEDS = 2**63 - 1  # a game's seed has 64 bits, and games count on from the first one's
SPAN = 1_000_000  # episodes that one command may name
COMPONENT, PATH = 255, 4096  # bytes of a file's name and of a path

LONGEST = 86400.0  # s, the longest wait that can be asked for


@dataclass(frozen=True)
class Argument:
    """How a field of an options class is written on the command line; it stands in the field's `Annotated`.

    Without one a field is `--its-name`, read by its type. The docstring under the field is its help.
    """

    metavar: str = ""
    """What stands for the value in the help; the field's name in capitals if left out."""
    read: Callable[[str], Any] | None = None
    """From one word to a value; by the field's type if left out."""
    flag: str = ""
    """`--param` for a field `params`."""
    positional: bool = False
    """Known by its place; it must be given if the field has no default."""
    repeat: bool = False
    """`--against a --against b`; for a tuple that is not written as `--against a b`."""
    gather: Callable[[list[Any]], Any] | None = None
    """From the values of several words to the field's value; by its type if left out."""


def complaint_of(word: str) -> str | None:
    """Why a word of the command line is none, or None."""
    if not word:
        return "an argument is empty"
    if "\0" in word or not _encodes(word):
        return f"the argument {shortened(repr(word))} is no text: leave out what is no letter"
    return None


def unfit(name: str) -> str | None:
    """Why a text can name nothing, neither a file nor a person, or None."""
    if not name:
        return "a name is empty"
    if "\0" in name or not _encodes(name):
        return f"the name {shortened(repr(name))} is no text: leave out what is no letter"
    longest = max(len(part.encode()) for part in name.split("/"))
    if longest > COMPONENT or len(name.encode()) > PATH:
        return f"the name '{shortened(name)}' is too long: give at most {COMPONENT} letters"
    return None


def _encodes(text: str) -> bool:
    """Whether it is text: bytes that were not, on the command line, are kept as halves of letters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def one_of(choices: Iterable[Any]) -> Callable[[str], Any]:
    """One of a few values."""
    by_text = {str(choice): choice for choice in choices}

    def choose(text: str) -> Any:
        if text not in by_text:
            near = closest(text, by_text)
            hint = f"did you mean {near}?" if near else f"give {' or '.join(by_text)}"
            raise ValueError(f"'{shortened(text)}' is none of its values; {hint}")
        return by_text[text]

    return choose


def at_least(low: int, high: int = MOST) -> Callable[[str], int]:
    """A whole number with bounds; 2_000_000 is one."""

    def whole(text: str) -> int:
        digits = sum(letter.isdigit() for letter in text)
        try:
            number = int(text) if digits <= DIGITS else None
        except ValueError:
            raise ValueError(f"'{shortened(text)}' is not a whole number") from None
        if number is None:
            raise ValueError(f"'{shortened(text)}' has {digits:,} digits")
        if number < low:
            raise ValueError(f"{number} is less than {low}")
        if number > high:
            raise ValueError(f"{number} is more than {high}")
        return number

    return whole


def seed_number(text: str) -> int:
    """The seed of a first game."""
    return at_least(0, SEEDS)(text)


def amount(low: float | None = None, high: float | None = None) -> Callable[[str], float]:
    """A number with bounds; infinity is none."""

    def number(text: str) -> float:
        found = _finite(text)
        if low is not None and found < low:
            raise ValueError(f"{found:g} is less than {low:g}")
        if high is not None and found > high:
            raise ValueError(f"{found:g} is more than {high:g}")
        return found

    return number


def _finite(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise ValueError(f"'{shortened(text)}' is not a number") from None
    if not math.isfinite(found):
        raise ValueError(f"'{shortened(text)}' is not a finite number")
    return found


def span(text: str) -> range:
    """`3` or `7-9`: the whole numbers that are meant."""
    first, dash, last = text.partition("-")
    try:
        low, high = (at_least(0)(part) for part in (first, last if dash else first))
        found = range(low, high + 1)
    except ValueError:
        found = range(0)
    if not found:
        raise ValueError(
            f"'{shortened(text)}' is neither a number, like 3, nor a span, like 7-9, up to {MOST}"
        )
    return found


def joined(spans: Iterable[Sequence[int]]) -> list[int]:
    """The numbers of several spans, end to end.

    Raises:
        UserError: more than one command may name.
    """
    each = list(spans)
    if (count := sum(map(len, each))) > SPAN:
        raise UserError(f"That names {count:,} episodes; name at most {SPAN:,}.")
    return [number for span in each for number in span]


def pair(text: str) -> tuple[str, float]:
    """`collision=3`: a name and its number."""
    name, equals, value = text.partition("=")
    try:
        if equals and name:
            return name, _finite(value)
    except ValueError:
        pass
    raise ValueError(f"'{shortened(text)}' is not NAME=NUMBER")


def setting(text: str) -> tuple[str, Any]:
    """`layout=counter_circuit`: a name and its value, as `meant` reads it."""
    name, equals, value = text.partition("=")
    if not (equals and name):
        raise ValueError(f"'{shortened(text)}' is not NAME=VALUE")
    try:
        found = meant(value)
    except Unreadable as error:
        raise ValueError(f"the value of '{shortened(name)}' {error}") from None
    if not _all_finite(found):  # no recording could say so, and no world be made so again
        raise ValueError(f"'{shortened(text)}' is not finite")
    return name, found


def _all_finite(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return all(map(_all_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def meant(text: str) -> Any:
    """A value of the command line, read as TOML or else as plain text.

    Raises:
        Unreadable: it is TOML, but holds what no setting may be.
    """
    try:
        found = parse_toml(f"value = {text}")
    except SyntaxUnreadable:
        return text
    return found["value"] if list(found) == ["value"] else text


def seconds(text: str) -> float:
    """A finite number of seconds above 0."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a number of seconds") from None
    if not 0 < number <= LONGEST:
        raise ValueError(f"{text} is not above 0 and up to {LONGEST:g} s")
    return number
