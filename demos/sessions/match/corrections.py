"""The recorder of corrections: keeps the games in which a person took over while watching.

A game is in memory from its beginning on, and in the dataset's journal from the moment of the first takeover,
so that a crash loses nothing of it. Going back strikes out what came after: an episode is one way
through a game, the one that was gone last. It is kept when the next game begins, cut where it was left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Actor
from demos.data.journal.records import StepRecord
from demos.sessions.game.match_recording import MatchRecording, MatchStart
from demos.sessions.match.match import Match
from demos.window.controls.devices import Held
from environments.files.atomic import DiskFull
from environments.system.errors import UserError
from environments.system.os_errors import os_sentence

MOST = 2 << 30  # bytes of observations that one game may take in memory


class CorrectionRecorder:
    """What is kept of the games that are watched.

    Args:
        recording: of a game that begins; into the dataset, if it is open.
        open_dataset: the dataset, made if there is none; asked when a person takes over.
    """

    def __init__(
        self,
        recording: Callable[[Match, Dataset | None], MatchRecording],
        open_dataset: Callable[[], Dataset],
    ) -> None:
        self._recording, self._open_dataset = recording, open_dataset
        self._later = ExitStack()
        self.dataset: Dataset | None = None
        self.kept: list[list[int]] = []  # numbers in the dataset, a list a game
        self.corrected = 0  # steps that the person drove in them
        self.trouble = ""  # why nothing is kept, in a sentence that was not told yet
        self.unkept = ""  # why some were not kept, to the end
        self._refused = False
        self._made: MatchRecording | None = None
        self._beginning: MatchStart | None = None
        self._rows: list[list[StepRecord]] = []  # a list a step, a row a seat
        self._driven = 0  # of them, by the person

    def begin(self, match: Match) -> None:
        """A game begins; the one before it is kept if a person took over in it."""
        self._end()
        self._made = self._recording(match, self.dataset)
        self._beginning, self._rows, self._driven = self._made.beginning(), [], 0

    def add(self, held: Held, ns: int, late: bool) -> None:
        """The step just taken."""
        if self._made is None or self._refused or self._made.game.broken_off:
            return
        row = self._made.rows(held, ns, late)
        self._rows.append(row)
        self._driven += _by_hand(row)
        if len(self._rows) * sum(one.observation.nbytes for one in row) > MOST:
            self._refuse("This game is too long to be kept as a whole: take over earlier.")
        try:
            if self._made.take is not None:
                self._note(row)
            elif self._driven:
                self._open()
        except (DiskFull, OSError) as error:  # tried again with the next step
            self.trouble = _told(error)

    def cut(self, steps: int) -> None:
        """Strike out what came after so many steps."""
        if len(self._rows) > steps:
            del self._rows[steps:]
            self._driven = sum(map(_by_hand, self._rows))
            if self._made is not None:
                self._made.discard()

    def close(self) -> None:
        """Keep what is open, and let go of the dataset."""
        try:
            self._end()
        finally:
            self._later.close()

    # -- the take -----------------------------------------------------------------------------

    def _open(self) -> None:
        """Put the game so far into the journal."""
        assert self._made is not None
        assert self._beginning is not None
        if self.dataset is None:
            try:
                dataset = self._open_dataset()
                self._later.enter_context(dataset.writing())
            except (UserError, OSError) as error:
                self._refuse(_told(error))
                return
            self.dataset = dataset
        self._made.dataset = self.dataset
        self._made.take = self._made.open_take(self._beginning)
        for row in self._rows:
            self._note(row)

    def _note(self, row: list[StepRecord]) -> None:
        """Put a step into the take; where the disk refuses it, it waits in memory."""
        assert self._made is not None
        assert self._made.take is not None
        try:
            self._made.take.step(row)
        except (DiskFull, OSError) as error:
            self.trouble = _told(error)

    def _refuse(self, why: str) -> None:
        self.trouble = self.unkept = f"Corrections are not kept: {why}"
        self._refused, self._rows, self._driven = True, [], 0
        if self._made is not None:
            self._made.discard()

    def _end(self) -> None:
        """Keep the game if the person drove in it; one that was left before its end is cut there."""
        made = self._made
        if made is None:
            return
        if not self._driven:
            made.discard()
            return
        last = self._rows[-1]
        try:
            if any(map(_goes_on, last)):
                self._rows[-1] = [
                    dataclasses.replace(one, truncated=True) if _goes_on(one) else one
                    for one in last
                ]
                made.discard()
            if made.take is None:
                self._open()
            if made.take is not None:
                self.kept.append(made.keep(None))
                self.corrected += self._driven
        except (DiskFull, OSError) as error:  # the journal has it, for `gpo demos repair`
            self.trouble = self.unkept = f"{_told(error)} {_left(made)}"
        self._rows, self._driven = [], 0

    def farewell(self) -> str:
        """What was kept, in a sentence; nothing if nobody took over."""
        if not self.kept or self.dataset is None:
            return ""
        games = f"{len(self.kept)} game{'s' if len(self.kept) != 1 else ''}"
        return (
            f"gpo watch: {self.corrected} steps driven by you in {games} are in dataset "
            f"{self.dataset.name}. Learn from them: gpo train RECIPE --corrections {self.dataset.name}"
        )


def _by_hand(row: list[StepRecord]) -> bool:
    """Whether the person drove in a step."""
    return row[0].present and row[0].actor is Actor.HUMAN


def _goes_on(record: StepRecord) -> bool:
    """Whether an agent's game was not over after a step."""
    return record.present and not (record.terminated or record.truncated)


def _told(error: Exception) -> str:
    return os_sentence(error) if isinstance(error, OSError) else str(error)


def _left(made: MatchRecording) -> str:
    """What becomes of a game that could not be kept."""
    said = "The game in which you took over could not be kept"
    if made.take is None:
        return f"{said}."
    lost = made.leave()
    but = f", but for at most its last {lost} steps" if lost else ""
    return f"{said}: `gpo demos repair {made.dataset.name}` gets it back{but}."
