"""Readers of JSON and TOML: plain values within limits, or a refusal in words.

The standard library's parsers trust what they read: nesting without end ends in a RecursionError, a number
of many digits in a ValueError of another kind, and a long dotted key takes half a minute. Every file, header
and option that holds JSON or TOML comes through here instead.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from environments.files.plain_values import Limits, flaw, half_letter, too_deep
from environments.system.errors import UserError, shortened

DEPTH = 64  # lists and tables inside each other
DIGITS = 40  # of a whole number: seeds of 128 bits fit
KEYS = 100_000  # of all tables together
LISTS = 1_000_000  # lists and tables: an empty one is two bytes of a file, and thirty times as many in memory
SMALL = 2**20  # bytes of what a person writes
LARGE = 2**26  # bytes of what a program writes (a space lists every bound)

TOO_DEEP = too_deep(DEPTH)
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # of a letter, as JSON can spell it

BINARY = getattr(os, "O_BINARY", 0)  # Windows would change what looks like an end of line
NO_WAIT, NO_LINK = getattr(os, "O_NONBLOCK", 0), getattr(os, "O_NOFOLLOW", 0)

# A key of very many parts, for which tomllib takes time that grows with the square of their number. Nothing
# here is tried again (`++`, the look-behind), so the search takes a time that grows with the text alone.
# Keys begin lines, headers, inline tables and what follows a comma in one; comments and texts may have dots.
_WORD = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*+{_WORD}(?:[ \t]*+\.[ \t]*+{_WORD}){{{DEPTH}}}")


class Unreadable(ValueError):
    """What is wrong with a text, as words that go on after its name: "is not JSON: ..."."""


class SyntaxUnreadable(Unreadable):
    """It is not written in that language at all."""


def parse_json(
    data: bytes | str, most: int = LARGE, *, infinite: bool = False, most_keys: int = KEYS
) -> Any:
    """The plain values that a JSON text holds.

    Args:
        data: UTF-8, or text.
        most: bytes that it may have.
        infinite: take NaN and infinity, which JSON does not have but Python writes (bounds of a space).
        most_keys: of all tables together.

    Raises:
        Unreadable: not JSON; larger, deeper, or with more keys or lists than is allowed; a key twice in one
            table; a number of too many digits, or one that is not finite.
    """
    text = _text(data, most, "JSON")
    opened = text.count("[") + text.count("{")
    if opened > (lists := max(LISTS, most_keys)):
        raise Unreadable(f"has more than {lists:,} lists and tables")
    try:
        found = json.loads(
            text,
            object_pairs_hook=_Tables(most_keys).table,
            parse_int=_whole,
            parse_float=float if infinite else _finite,
            parse_constant=_infinite if infinite else _no_number,
        )
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable(TOO_DEEP) from None
    except ValueError as error:
        raise SyntaxUnreadable(f"is not JSON: {error}") from None
    if opened > DEPTH:
        _refuse(flaw(found, Limits(DEPTH, DIGITS, most_keys), infinite=infinite))
    if _HALF.search(text):
        _refuse(half_letter(found))
    return found


def parse_toml(data: bytes | str, most: int = SMALL) -> dict[str, Any]:
    """The plain values that a TOML text holds; infinity is one of them, NaN and dates are not.

    Raises:
        Unreadable: as `parse_json`.
    """
    text = _text(data, most, "TOML")
    # A key ends with its line; most lines have no need of the search.
    if any(line.count(".") >= DEPTH and _LONG_KEY.search(line) for line in text.split("\n")):
        raise Unreadable(f"has a key of more than {DEPTH} parts")
    try:
        found = tomllib.loads(text)
    except RecursionError:
        raise Unreadable(TOO_DEEP) from None
    except tomllib.TOMLDecodeError as error:
        raise SyntaxUnreadable(f"is not TOML: {str(error).rstrip('.')}") from None
    except ValueError as error:  # a number of 4,400 digits, or a day that no month has
        raise Unreadable(f"holds a value that is none: {str(error).rstrip('.')}") from None
    # The whole is a table that nobody wrote.
    _refuse(flaw(found, Limits(DEPTH, DIGITS, KEYS), above=-1))
    return found


def read_json(
    path: Path, most: int = LARGE, *, infinite: bool = False, most_keys: int = KEYS
) -> Any:
    """The plain values of a JSON file.

    Raises:
        Unreadable: as `parse_json`; or it is no ordinary file.
        OSError: it cannot be read.
    """
    data = read_ordinary(path, most)
    return parse_json(data, most, infinite=infinite, most_keys=most_keys)


def read_toml(path: Path, what: str = "") -> dict[str, Any]:
    """The plain values of a TOML file that a person named; a sentence calls it `what` before its path.

    Raises:
        UserError: it cannot be read, or is not as `parse_toml` wants it; the sentence names the file.
    """
    try:
        return parse_toml(read_bytes(path, SMALL))
    except Unreadable as error:
        raise UserError(f"{what}{path} {error}.") from None
    except OSError as error:
        raise UserError(f"{what}{path} cannot be read: {error.strerror}.") from None


def read_bytes(path: Path, most: int) -> bytes:
    """All bytes of a file, of which there may be so many.

    Raises:
        Unreadable: there are more.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(most + 1)  # no more, whatever its size is said to be
    if len(data) > most:
        raise Unreadable(f"has more than {most:,} bytes")
    return data


def read_ordinary(path: Path | str, most: int = LARGE, folder: int | None = None) -> bytes:
    """All bytes of a file that programs wrote: never a device, nor a pipe, for which one waits for ever.

    Args:
        path: of the file.
        most: bytes that it may have.
        folder: an open one that `path` is in; then `path` may be no link either.

    Raises:
        Unreadable: it is no ordinary file, or has more bytes.
        OSError: it cannot be read.
    """
    flags = os.O_RDONLY | BINARY | NO_WAIT | (0 if folder is None else NO_LINK)
    # Thousands at each loading: without Python's buffer in between it takes half the time.
    with os.fdopen(os.open(path, flags, dir_fd=folder), "rb", buffering=0) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("is no ordinary file")
        if found.st_size > most:
            raise Unreadable(f"has more than {most:,} bytes")
        return file.readall()


def _text(data: bytes | str, most: int, kind: str) -> str:
    if len(data) > most:
        raise Unreadable(f"has more than {most:,} bytes")
    try:
        return data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SyntaxUnreadable(f"is not {kind}: {error}") from None


class _Tables:
    """Makes the tables of a JSON text out of their keys and values, and counts the keys."""

    def __init__(self, most_keys: int) -> None:
        self.keys, self.most = 0, most_keys

    def table(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One table.

        Raises:
            Unreadable: a key stands in it twice, or the text has too many.
        """
        self.keys += len(pairs)
        if self.keys > self.most:
            raise Unreadable(f"has more than {self.most:,} keys")
        made = dict(pairs)
        if len(made) < len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise Unreadable(f"has the key '{shortened(twice)}' twice")
        return made


def _refuse(words: str | None) -> None:
    if words is not None:
        raise Unreadable(words)


def _no_number(name: str) -> float:
    raise Unreadable(f"holds {name}, which is no number")


def _infinite(name: str) -> float:
    return float(name.replace("Infinity", "inf"))


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > DIGITS:
        raise Unreadable(f"holds a number of {len(text.lstrip('-')):,} digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Unreadable(f"holds the number {shortened(text)}, which is too large")
    return number
