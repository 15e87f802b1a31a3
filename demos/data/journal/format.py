"""The file format of a journal: a row of frames, each written once and in order.

    marker 4 bytes | kind 1 | steps so far 4 | length of the payload 4 | CRC-32 4 | payload

A process that dies leaves a file whose last frame may be cut short; the CRC, which covers the rest of the
frame, tells that and any later damage. The process that records holds a lock on the file.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from environments.files.atomic import try_lock
from environments.system.errors import UserError

# Kinds: the game in JSON, first observations, a step, a mark, the request to keep, closed in order.
HEAD, FIRST, STEP, MARK, KEEP, END = b"H", b"O", b"S", b"M", b"K", b"E"
_MARKER = b"\xf7GPO"
_FRAME = struct.Struct("<4scII")
_CRC = struct.Struct("<I")
_LEAD = _FRAME.size + _CRC.size  # bytes before the payload


class JournalFrame(NamedTuple):
    """One thing that happened."""

    kind: bytes
    payload: bytes
    steps: int  # of the game, this one counted


def frame(entry: JournalFrame) -> tuple[bytes, bytes, bytes]:
    """An entry as it stands in the file, in pieces."""
    lead = _FRAME.pack(_MARKER, entry.kind, entry.steps, len(entry.payload))
    return lead, _CRC.pack(zlib.crc32(entry.payload, zlib.crc32(lead))), entry.payload


@dataclass(frozen=True)
class JournalContents:
    """What a journal says."""

    entries: list[JournalFrame]  # whole, from the first on without a gap
    rest: int  # bytes after them that are no whole frame
    beyond: (
        int  # steps of the game that whole frames behind the damage speak of; 0 if there are none
    )

    @property
    def closed(self) -> bool:
        """Whether its writer came to the end."""
        return self.rest == 0 and bool(self.entries) and self.entries[-1].kind == END


def read_journal(path: Path) -> JournalContents:
    """Read as far as nothing is amiss, and look behind that for what is lost.

    Raises:
        UserError: another process, or another game of this one, is still writing it.
    """
    with path.open("rb") as file:
        if not try_lock(file.fileno()):
            raise UserError(
                f"A game is being recorded into {path.parent.name}: keep or discard that one first."
            )
        data = file.read()
    entries: list[JournalFrame] = []
    place = 0
    while (entry := _entry(data, place)) and _follows(entry, entries):
        entries.append(entry)
        place += _LEAD + len(entry.payload)
    return JournalContents(entries, len(data) - place, _furthest(data, place))


def _entry(data: bytes, place: int) -> JournalFrame | None:
    """The frame that begins at `place`, if it is whole."""
    if len(data) < place + _LEAD:
        return None
    marker, kind, steps, length = _FRAME.unpack_from(data, place)
    payload = data[place + _LEAD : place + _LEAD + length]
    entry = JournalFrame(kind, payload, steps)
    if marker != _MARKER or len(payload) != length:
        return None
    return entry if b"".join(frame(entry)) == data[place : place + _LEAD + length] else None


def _follows(entry: JournalFrame, entries: list[JournalFrame]) -> bool:
    steps = entries[-1].steps if entries else 0
    return entry.steps == steps + (entry.kind == STEP)


def _furthest(data: bytes, place: int) -> int:
    steps = 0
    while (place := data.find(_MARKER, place)) >= 0:
        entry = _entry(data, place)
        steps = max(steps, entry.steps if entry else 0)
        place += 1
    return steps
