"""Arguments of the command line: a mistake in them is one sentence; for every room that has verbs."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from environments.files.readers import DIGITS, SyntaxUnreadable, Unreadable, parse_toml
from environments.files.trusted_code import allow
from environments.system.errors import UserError, shortened

MOST = 2**31 - 1  # of steps and games: a game counts its ticks in 32 bits
SEEDS = 2**63 - 1  # a game's seed has 64 bits, and games count on from the first one's
SPAN = 1_000_000  # episodes that one command may name
COMPONENT, PATH = 255, 4096  # bytes of a file's name and of a path

LONGEST = 86400.0  # s, that anybody waits


class Parser(argparse.ArgumentParser):
    """argparse, except that a mistake is one sentence and options are never abbreviated."""

    def __init__(self, verb: str, about: str | None) -> None:
        super().__init__(
            prog=f"gpo {verb}",
            description=about,
            allow_abbrev=False,
            # What was not given is not passed on: defaults stand once, where they are used.
            argument_default=argparse.SUPPRESS,
        )

    def add_trust(self) -> None:
        """`--trust MODULE`, for verbs that read files which name environments; done as it is read."""
        self.add_argument(
            "--trust",
            metavar="MODULE",
            action=_Trust,
            help="run environments of this module where a file names them; kept for this folder",
        )

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """As argparse's, after words that are none were refused, and before names that no disk takes."""
        words = list(sys.argv[1:] if args is None else args)
        for word in words:
            if (complaint := complaint_of(word)) is not None:
                self.error(complaint)
        given = super().parse_args(words, namespace)
        for value in vars(given).values():
            for name in value if isinstance(value, list) else [value]:
                if isinstance(name, (str, Path)) and (complaint := unfit(str(name))) is not None:
                    self.error(complaint)
        return given

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UserError(f"{shortened(message.rstrip('.'), 400)}; type `{self.prog} --help`.")


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


class _Trust(argparse.Action):
    """Allows a module."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        allow(values)


def at_least(low: int, high: int = MOST) -> Callable[[str], int]:
    """A whole number with bounds, for argparse; 2_000_000 is one."""

    def whole(text: str) -> int:
        digits = sum(letter.isdigit() for letter in text)
        try:
            number = int(text) if digits <= DIGITS else None
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{shortened(text)}' is not a whole number") from None
        if number is None:
            raise argparse.ArgumentTypeError(f"'{shortened(text)}' has {digits:,} digits")
        if number < low:
            raise argparse.ArgumentTypeError(f"{number} is less than {low}")
        if number > high:
            raise argparse.ArgumentTypeError(f"{number} is more than {high}")
        return number

    return whole


def a_seed(text: str) -> int:
    """The seed of a first game, for argparse."""
    return at_least(0, SEEDS)(text)


def amount(low: float | None = None, high: float | None = None) -> Callable[[str], float]:
    """A number with bounds, for argparse; infinity is none."""

    def number(text: str) -> float:
        found = _finite(text)
        if low is not None and found < low:
            raise argparse.ArgumentTypeError(f"{found:g} is less than {low:g}")
        if high is not None and found > high:
            raise argparse.ArgumentTypeError(f"{found:g} is more than {high:g}")
        return found

    return number


def _finite(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{shortened(text)}' is not a number") from None
    if not math.isfinite(found):
        raise argparse.ArgumentTypeError(f"'{shortened(text)}' is not a finite number")
    return found


def numbers(text: str) -> range:
    """`3` or `7-9`, for argparse: the whole numbers that are meant."""
    first, dash, last = text.partition("-")
    try:
        low, high = (at_least(0)(part) for part in (first, last if dash else first))
        found = range(low, high + 1)
    except argparse.ArgumentTypeError:
        found = range(0)
    if not found:
        raise argparse.ArgumentTypeError(
            f"'{shortened(text)}' is neither a number, like 3, nor a span, like 7-9, up to {MOST}"
        )
    return found


def joined(spans: Iterable[Sequence[int]]) -> list[int]:
    """The numbers of several spans, end to end.

    Raises:
        UserError: more than anybody means.
    """
    each = list(spans)
    if (count := sum(map(len, each))) > SPAN:
        raise UserError(f"That names {count:,} episodes; name at most {SPAN:,}.")
    return [number for span in each for number in span]


def pair(text: str) -> tuple[str, float]:
    """`collision=3`, for argparse: a name and its number."""
    name, equals, value = text.partition("=")
    try:
        if equals and name:
            return name, _finite(value)
    except argparse.ArgumentTypeError:
        pass
    raise argparse.ArgumentTypeError(f"'{shortened(text)}' is not NAME=NUMBER")


def setting(text: str) -> tuple[str, Any]:
    """`layout=counter_circuit`, for argparse: a name and its value, as `meant` reads it."""
    name, equals, value = text.partition("=")
    if not (equals and name):
        raise argparse.ArgumentTypeError(f"'{shortened(text)}' is not NAME=VALUE")
    try:
        found = meant(value)
    except Unreadable as error:
        raise argparse.ArgumentTypeError(f"the value of '{shortened(name)}' {error}") from None
    if not _all_finite(found):  # no recording could say so, and no world be made so again
        raise argparse.ArgumentTypeError(f"'{shortened(text)}' is not finite")
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
    """A finite number of seconds above 0, for argparse."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds") from None
    if not 0 < number <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and up to {LONGEST:g} s")
    return number


def add_workers(parser: Parser) -> None:
    """`--workers` and `--patience`, of every verb that plays an environment of other people."""
    parser.add_argument("--workers", metavar="N", type=at_least(0),
                        help="processes for an environment that may hang or die (0: none)")  # fmt: skip
    parser.add_argument("--patience", metavar="SECONDS", type=seconds,
                        help="after which one that does not answer is ended (30)")  # fmt: skip
