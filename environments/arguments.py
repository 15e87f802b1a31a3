"""Arguments of the command line: a mistake in them is one sentence; for every room that has verbs."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable
from typing import Any, NoReturn

from environments.problem import Problem
from environments.trust import allow


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

    def error(self, message: str) -> NoReturn:
        raise Problem(f"{message.rstrip('.')}; type `{self.prog} --help`.")


class _Trust(argparse.Action):
    """Allows a module."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        allow(values)


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
