"""The episodes of one revision, read from their folders: listing, facts, checksums, steps."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from demos.data.dataset.revision import Revision
from demos.data.dataset.validation import require_fitting
from demos.data.episodes.episode import Episode
from demos.data.episodes.files import CHECKSUM_FILE, FACTS_FILE, Damaged, read_own
from demos.data.episodes.parquet import decode, read_facts
from environments.system.errors import UserError

_NUMBER = re.compile("0|[1-9][0-9]{0,99}")  # as we write it: a folder 007 is none of ours
GAPS = 1000  # episodes that may be missing, beside as many as are there


class RevisionReader:
    """Reads the episodes in a revision's `data` folder; facts and checksums are remembered.

    Args:
        name: of the dataset, for messages.
        revision: what its episodes have to fit.
        data: the folder that holds a folder for each episode.
    """

    def __init__(self, name: str, revision: Revision, data: Path) -> None:
        self.name, self.revision, self.data = name, revision, data
        self._totals = {*revision.facts["terms"], *revision.facts["costs"]}
        self._facts: dict[int, dict[str, Any]] = {}  # of episodes, which never change
        self._checksums: dict[int, tuple[tuple[int, ...], bytes]] = {}  # each file as last read

    def __len__(self) -> int:
        return max(episode_numbers(self.data), default=-1) + 1

    def load(self, number: int) -> Episode:
        """Episode `number`, verified against its checksum.

        Raises:
            UserError: there is no such episode, or it is damaged.
        """
        # One look at the folder before the whole listing: a loop over `load` stays linear.
        if not (self.data / str(number)).is_dir() and not 0 <= number < len(self):
            raise UserError(
                f"Dataset {self.name} has no episode {number}: "
                f"it holds {len(self)}, numbered from 0."
            )
        try:
            episode = decode(self.data / str(number))
            require_fitting(self.revision, episode)
        except Damaged as damage:
            raise self.damaged(number, damage) from damage
        return episode

    def facts(self, number: int) -> dict[str, Any]:
        """What is noted about an episode beside its steps; far cheaper than `load`.

        Raises:
            UserError: it is damaged.
        """
        if number not in self._facts:
            try:
                facts = read_facts(self.data / str(number))
                if not self._totals <= facts["totals"].keys():
                    raise Damaged(FACTS_FILE, "has no total of a term or cost of the dataset")
                self._facts[number] = facts
            except Damaged as damage:
                raise self.damaged(number, damage) from damage
        return self._facts[number]

    def forget(self, number: int) -> None:
        """Drop what is remembered of an episode that is gone."""
        self._facts.pop(number, None)

    def checksum(self, number: int) -> bytes:
        """An episode's checksum file, read again only when it is another one: equal ones, equal play."""
        folder = f"{self.data}/{number}"
        now, known = stamp(f"{folder}/{CHECKSUM_FILE}"), self._checksums.get(number)
        if known is None or known[0] != now:
            known = self._checksums[number] = (now, self._read_checksum(number, folder))
        return known[1]

    def _read_checksum(self, number: int, folder: str) -> bytes:
        try:
            return read_own(folder, (CHECKSUM_FILE,))[CHECKSUM_FILE]
        except Damaged as damage:
            raise self.damaged(number, damage) from damage

    def digest(self) -> str:
        """SHA-256 over the checksums of all episodes, in hexadecimal."""
        return hashlib.sha256(b"".join(map(self.checksum, range(len(self))))).hexdigest()

    def damaged(self, number: int, damage: Damaged) -> UserError:
        """What to tell a person about an episode that is damaged."""
        return UserError(
            f"Dataset {self.name}, episode {number}: {damage.file} {damage.reason}; restore that "
            "folder from a copy or leave the episode out, the others still load."
        )


def stamp(path: str) -> tuple[int, ...]:
    """What changes when a file does: inode, size, time of change [ns]."""
    found = os.stat(path)  # noqa: PTH116  half the time, thousands at each opening
    return found.st_ino, found.st_size, found.st_mtime_ns


def episode_numbers(data: Path) -> list[int]:
    """The numbers of the episodes in a `data` folder, in no order.

    Raises:
        UserError: it cannot be read, or a number leaves more gaps than lost episodes would.
    """
    try:
        names = os.listdir(data)  # noqa: PTH208  a third of the time, at every look
    except OSError as error:
        raise UserError(
            f"{data} cannot be read ({error.strerror}): restore it from a copy."
        ) from error
    found = [int(name) for name in names if _NUMBER.fullmatch(name)]
    if found and (last := max(found)) > 2 * len(found) + GAPS:
        raise UserError(
            f"{data} holds {len(found)} episodes, and one that is numbered {last}: move the folder "
            f"{last} away, or restore those that are missing."
        )
    return found
