"""Arguments of the command line: a mistake in them is one sentence; for every room that has verbs."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable
from typing import NoReturn

from environments.problem import Problem

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

    def error(self, message: str) -> NoReturn:
        raise Problem(f"{message.rstrip('.')}; type `{self.prog} --help`.")


def at_least(low: int) -> Callable[[str], int]:
    """A whole number with a lower bound, for argparse; 2_000_000 is one."""

    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from None
        if number < low:
            raise argparse.ArgumentTypeError(f"{number} is less than {low}")
        return number

    return whole


def numbers(text: str) -> list[int]:
    """`3` or `7-9`, for argparse: the whole numbers that are meant."""
    first, dash, last = text.partition("-")
    try:
        found = list(range(int(first), int(last if dash else first) + 1))
    except ValueError:
        found = []
    if not found:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither a number, like 3, nor a span, like 7-9"
        )
    return found


def pair(text: str) -> tuple[str, float]:
    """`collision=3`, for argparse: a name and its number."""
    name, equals, value = text.partition("=")
    try:
        return name, float(value) if equals and name else float("none")
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=NUMBER") from None


def setting(text: str) -> tuple[str, object]:
    """`layout=counter_circuit`, for argparse: a name and its value, read as TOML or else as plain text."""
    name, equals, value = text.partition("=")
    if not (equals and name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    try:
        return name, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name, value


def joined(spans: list[list[int]]) -> list[int]:
    """The numbers of several spans, end to end."""
    return [number for span in spans for number in span]


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
