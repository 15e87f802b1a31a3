"""JSON files and lines with a checksum, so that damage is noticed; people can read them.

A file is what `durable.seal` writes. A file of lines is added to, a row each time, so every line has a seal
of its own and its number. A kill in the middle of a line leaves an end without a line break: the line is
torn, which is no damage. Anything else that does not fit is: a changed character, a line that is missing or
that stands in another place.

What was written before there were seals has none. Whether that is to be taken (`bare`), who reads must know.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments.files.atomic import BINARY, SEAL, naming_path, replace, to_json, write_all
from environments.files.readers import LARGE, Unreadable, parse_json, read_bytes, read_json

NUMBER = "line"
_NO_SEAL = "is damaged: its checksum is missing"
_WRONG = "is damaged: its content does not match its own checksum"


def read_sealed(path: Path, bare: bool = False) -> dict[str, Any]:
    """The content of a file that `durable.seal` wrote.

    Args:
        path: of the file.
        bare: take one that has no seal, too.

    Raises:
        Unreadable: it is damaged; the words go on after its path.
        OSError: it cannot be read.
    """
    return _checked(read_json(path, infinite=bare), bare)


def _checked(found: Any, bare: bool) -> dict[str, Any]:
    """The content without its seal, which must fit."""
    if not isinstance(found, dict):
        raise Unreadable("is damaged: it holds no JSON object")
    if SEAL not in found:
        if not bare:
            raise Unreadable(_NO_SEAL)
        return found
    sha256 = found.pop(SEAL)
    try:
        fits = sha256 == hashlib.sha256(to_json(found)).hexdigest()
    except ValueError:  # what is infinite was not written by us
        fits = False
    if not fits:
        raise Unreadable(_WRONG)
    return found


@dataclass(frozen=True)
class CheckedLines:
    """What a file of lines holds."""

    rows: list[dict[str, Any]]  # those that are whole
    damage: str = ""  # what is wrong with the first that is not, in words that go on after the path
    torn: bool = False  # whether its last line was cut off


def read_lines(path: Path, bare: bool = False) -> CheckedLines:
    """The rows of a file of lines; see `read_sealed`.

    Raises:
        OSError: it cannot be read.
    """
    try:
        *lines, rest = read_bytes(path, LARGE).split(b"\n")
    except Unreadable as error:
        return CheckedLines([], str(error))
    rows, damage = [], ""
    for number, line in enumerate(lines, 1):
        try:
            row = _checked(parse_json(line, infinite=bare), bare)
        except Unreadable as error:
            damage = damage or f"{error} (line {number})"
            continue
        if row.pop(NUMBER, number if bare else 0) != number:
            damage = damage or f"is damaged: a line is missing or misplaced before line {number}"
        rows.append(row)
    return CheckedLines(rows, damage, bool(rest))


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Put a file of lines in place in one step."""
    replace(path, b"".join(_line(row, number) for number, row in enumerate(rows, 1)))


class LinesFile:
    """A file of lines that is added to; a torn end is cut off first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end: tuple[int, int] | None = None  # lines and bytes; None before anything was added

    def rewrite(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Hold these rows instead."""
        write_lines(self.path, rows)
        self._end = None

    def add(self, row: Mapping[str, Any]) -> None:
        """Write a row through to the disk."""
        with naming_path(self.path):
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | BINARY, 0o666)
            try:
                count, end = self._end or self._found()
                line = _line(row, count + 1)
                os.ftruncate(handle, end)
                write_all(handle, line, end)
                os.fsync(handle)
            finally:
                os.close(handle)
        self._end = count + 1, end + len(line)

    def _found(self) -> tuple[int, int]:
        """How many lines there are, and where the last of them ends."""
        data = self.path.read_bytes()
        return data.count(b"\n"), data.rfind(b"\n") + 1


def _line(row: Mapping[str, Any], number: int) -> bytes:
    """A row with its number and its seal, in one line; what is no finite number becomes null."""
    plain = {name: _finite(value) for name, value in row.items()} | {NUMBER: number}
    seal = hashlib.sha256(to_json(plain)).hexdigest()
    return json.dumps({**plain, SEAL: seal}, allow_nan=False).encode() + b"\n"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
