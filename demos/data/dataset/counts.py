"""minari's counts of a revision's episodes (`data/metadata.json`): derived, and mended on opening."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from demos.data.dataset.reader import RevisionReader, episode_numbers
from demos.data.episodes.files import STEPS_FILE
from environments.files.atomic import locked, read_checked_json, replace, to_checked_json
from environments.system.errors import UserError

COUNTS_FILE = "metadata.json"


def write_counts(reader: RevisionReader) -> None:
    """Count the episodes and write down how many they are; OSError where that cannot be done."""
    # The digest and the seal let the next opening see, without reading the facts of every
    # episode, that the counts are still right.
    view = {**_minari_view(reader), "checksums": _digest(reader)}
    replace(reader.data / COUNTS_FILE, to_checked_json(view))


def mend_counts(reader: RevisionReader, lock: Path) -> None:
    """Make minari's counts agree with the listing, unless a writer is at it or we may not.

    Args:
        reader: of the episodes.
        lock: the file that a writer of the dataset holds.
    """
    with suppress(UserError, OSError, ValueError, KeyError):
        noted = read_checked_json(reader.data / COUNTS_FILE)
        if noted["checksums"] is not None and noted["checksums"] == _digest(reader):
            return
    with suppress(UserError, OSError), locked(lock, "busy", patience=0.0):
        write_counts(reader)


def _minari_view(reader: RevisionReader) -> dict[str, Any]:
    steps = 0
    size = 0  # bytes
    for number in episode_numbers(reader.data):
        with suppress(UserError, OSError):  # a damaged episode counts no steps
            steps += reader.facts(number)["total_steps"]
            size += (reader.data / str(number) / STEPS_FILE).stat().st_size
    return reader.revision.minari_view(reader.name, len(reader), steps, round(size / 1e6, 1))


def _digest(reader: RevisionReader) -> str | None:
    try:
        return reader.digest()
    except (UserError, OSError):
        return None  # an episode has lost its checksum: count anew at each opening
