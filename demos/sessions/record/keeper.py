"""The keeper of a session's games: kept, taken back, discarded, or left in their journal."""

from __future__ import annotations

import shutil
import sys

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.revision import FIRST
from demos.data.journal.journal import NAME as JOURNAL
from demos.data.journal.journal import DiskFull
from demos.sessions.game.recording import Recording
from environments.system.errors import UserError
from environments.system.os_errors import os_sentence


class GameKeeper:
    """Keeps the games of a recording, and counts what became of them.

    Args:
        recording: plays the games; its dataset is held for writing.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.kept: list[list[int]] = []  # numbers in the dataset, a list a game
        self.broken_off: list[int] = []  # of those, what was not played to an end
        self.discarded = 0
        self.left_open = False  # a game that could not be kept is in its journal
        self.trouble = ""  # why the last thing that should be kept is not, in a sentence
        self.lost = 0  # steps of a game that was left, for which the disk had no room

    def keep(self, rating: int | None) -> None:
        """Keep the open game.

        Raises:
            DiskFull: it is still open, and can be kept later.
        """
        self.kept.append(self.recording.keep(rating))
        self.trouble = ""

    def take_back(self) -> list[int]:
        """Undo the last game that was kept; returns the numbers it had.

        Raises:
            UserError: there is none, or the dataset does not allow it.
        """
        if not self.kept:
            raise UserError("Nothing was kept in this session that could be taken back.")
        self.recording.dataset.take_back(self.kept[-1])
        return self.kept.pop()

    def discard(self) -> None:
        """Keep nothing of the open game."""
        self.discarded += bool(self.recording.game.steps)
        self.recording.discard()

    def refused(self, error: DiskFull | OSError) -> str:
        """What the disk refused, remembered until it takes something again."""
        self.trouble = str(error) if isinstance(error, UserError) else os_sentence(error)
        return self.trouble

    def close(self, rating: int | None, played_out: bool, insist: bool) -> str:
        """Keep the open game as far as it was played; why that cannot be, empty if nothing is open any more.

        Where the disk refuses it, it stays open the first time, so that the person can make space; the
        second time, or if `insist`, it is left in its journal.
        """
        if self.recording.open and not self.recording.game.steps:
            self.recording.discard()
        elif self.recording.open:
            try:
                self.keep(rating)
            except (DiskFull, OSError) as error:
                refused, again = self.refused(error), self.left_open
                self.left_open = True
                if not (insist or again):
                    return refused
                self.lost = self.recording.leave()
            else:
                self.left_open = False
                self.broken_off += [] if played_out else self.kept[-1]
        return ""


def drop_unused(dataset: Dataset) -> bool:
    """Remove a dataset that a session has made and put nothing into; whether it did. Within `writing`."""
    recorded = len(dataset) or dataset.revision.name != FIRST
    if recorded or any(dataset.folder.glob(f"{JOURNAL}*")):
        return False
    shutil.rmtree(dataset.folder, ignore_errors=True)
    return True


def told(numbers: list[int]) -> str:
    """Episode numbers as people say them."""
    return " and ".join(str(number) for number in numbers)


def session_code(keeper: GameKeeper, signal: int | None) -> int:
    """How the command ends: 128 and the signal; 2, with a sentence, where the disk refused something."""
    if keeper.trouble:
        print(f"gpo: {keeper.trouble}", file=sys.stderr)
    if signal:
        return 128 + signal
    return 2 if keeper.trouble else 0


def farewell(keeper: GameKeeper, verb: str, signal: int | None) -> str:
    """What was kept and where, in a few sentences."""
    name = keeper.recording.dataset.name
    numbers = [number for game in keeper.kept for number in game]
    games = f"{len(keeper.kept)} game{'s' if len(keeper.kept) != 1 else ''}"
    words = [f"{verb}: stopped by a signal." if signal else f"{verb}:"]
    if numbers:
        which = f"episode{'s' if len(numbers) > 1 else ''} {told(numbers)}"
        words.append(f"kept {games} in dataset {name} ({which}).")
    else:
        words.append(f"no game was kept in dataset {name}.")
    if keeper.broken_off:
        several = len(keeper.broken_off) > 1
        which = f"{'Episodes' if several else 'Episode'} {told(keeper.broken_off)}"
        words.append(f"{which} {'were' if several else 'was'} broken off before the game ended.")
    if keeper.discarded:
        words.append(f"{keeper.discarded} discarded.")
    if keeper.left_open:
        but = f", but for at most its last {keeper.lost} steps" if keeper.lost else ""
        words.append(f"One game could not be kept; `gpo demos repair {name}` gets it back{but}.")
    if numbers:
        words.append(f"Look closer: gpo demos info {name}")
    return " ".join(words)
