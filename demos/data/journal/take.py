"""One game being recorded: every step in the journal, then kept as episodes or thrown away."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Episode
from demos.data.episodes.files import LONGEST
from demos.data.journal.format import FIRST, KEEP, MARK, STEP
from demos.data.journal.journal import NAME, Journal
from demos.data.journal.records import GameHeader, RecordLayout, StepRecord, Stream
from demos.data.journal.recovery import recover
from demos.data.journal.to_episodes import make_episodes, notes
from environments.files.atomic import defer_signals
from environments.system.errors import UserError

_TOOLS = ("gymnasium", "minari", "numpy", "pyarrow", "pygame")


class OpenEpisode:
    """A game that is being recorded, from its first observation on, of every recorded seat.

    Its steps are in memory and, at most half a second later, in the dataset's journal; when the disk is
    full they stay in memory until there is room. A take ends with `keep`, `discard`, or, for a program
    that must go, `close`; as a context manager it closes itself unless one of the others came first.
    """

    def __init__(
        self, dataset: Dataset, game: GameHeader, layout: RecordLayout, journal: Journal
    ) -> None:
        """Use `begin`."""
        self._dataset, self._game, self._layout, self._journal = dataset, game, layout, journal
        self._over = False

    @classmethod
    def begin(
        cls,
        dataset: Dataset,
        streams: Sequence[Stream],
        first: Sequence[np.ndarray],
        *,
        match: str,
        seed: int | None,
        options: Mapping[str, Any],
        meta: Mapping[str, Any],
    ) -> OpenEpisode:
        """Begin to record; a game that a crash left in the journal becomes an aborted episode first.

        Args:
            dataset: held for writing (`with dataset.writing():`) until the take is over.
            streams: who is recorded.
            first: the observation of each stream before its first step.
            match: names this game, shared by its streams.
            seed: it began with, if any.
            options: it began with, plain JSON.
            meta: whatever else each episode should carry, plain JSON; `tick` in seconds.

        Raises:
            DiskFull: no room for a journal; nothing was begun.
            UserError: another game is being recorded into the dataset.
            ValueError: the dataset is not held for writing, or an argument does not fit it.
        """
        if not dataset.is_writing:
            raise ValueError("dataset: a take needs `with dataset.writing():` around it")
        game = GameHeader.of(
            dataset,
            streams,
            match=match,
            seed=seed,
            options=dict(options),
            meta={"tools": _tools(), **meta},
        )
        layout = RecordLayout(dataset, game)
        head, beginning = game.to_json(), layout.pack_first(first)
        recover(dataset)
        journal = Journal.create(dataset.folder / NAME, f"dataset {dataset.name}", head, beginning)
        return cls(dataset, game, layout, journal)

    @property
    def steps(self) -> int:
        """How many there are so far."""
        return self._journal.steps

    def step(self, rows: Sequence[StepRecord]) -> None:
        """Record a step, a row for each stream; it waits for no disk.

        Raises:
            DiskFull: the journal could not be written lately. This step is recorded even so, in memory;
                the journal is tried again and again, and each failure is told once.
            UserError: the game has as many steps as an episode can hold.
            ValueError: a row does not fit the dataset, or the game is over; the step is not recorded.
        """
        self._still_open()
        if self.steps >= LONGEST:
            raise UserError(
                f"An episode holds at most {LONGEST:,} steps: keep this game or discard it."
            )
        self._journal.add(STEP, self._layout.pack(rows))
        self._journal.check()

    def mark(self) -> None:
        """Mark the step to come, in all streams."""
        self._still_open()
        self._journal.add(MARK, b"")

    def keep(self, rating: int | None = None, ending: Mapping[str, Any] | None = None) -> list[int]:
        """Make the game an episode of each stream; their numbers, in the order of the streams.

        Ctrl-C and SIGTERM wait until it is done. If the process dies in it, `recover` finishes it. Of its
        ending may be noted `left` and `broken_off` (`Episode`).

        Raises:
            DiskFull: nothing was kept, the take is as it was: make space and call it again.
            ValueError: no step was recorded, or the rating is not 1 to 5.
        """
        self._still_open()
        if rating is not None and rating not in range(1, 6):
            raise ValueError(f"rating: {rating}, not 1 to 5")
        if self.steps == 0:
            raise ValueError("steps: none was recorded, there is nothing to keep")
        with defer_signals():
            # First what is meant to happen: the process that finds the journal after a crash can finish it.
            self._journal.add(KEEP, json.dumps({"rating": rating, **(ending or {})}).encode())
            self._journal.flush()
            numbers = self._dataset.append_many(self._episodes(rating, ending))
            self._finish()
        return numbers

    def discard(self) -> None:
        """Throw the game away."""
        self._still_open()
        with defer_signals():
            self._finish()

    def close(self) -> int:
        """Leave the game in the journal for the next recorder or `gpo demos repair`.

        Returns:
            How many of its last steps are not there, because the disk refused them.
        """
        self._over = True
        return self._journal.close()

    def __enter__(self) -> OpenEpisode:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._over:
            self.close()

    def _episodes(self, rating: int | None, ending: Mapping[str, Any] | None) -> list[Episode]:
        entries = self._journal.entries()
        steps = [entry.payload for entry in entries if entry.kind == STEP]
        first = next(entry.payload for entry in entries if entry.kind == FIRST)
        return make_episodes(
            self._dataset, self._game, first, steps, notes(entries, rating, ending)
        )

    def _finish(self) -> None:
        self._over = True
        self._journal.remove()

    def _still_open(self) -> None:
        if self._over:
            raise ValueError("take: it is over")


@cache
def _tools() -> dict[str, str]:
    """Versions of what has a part in an episode."""
    return {tool: importlib.metadata.version(tool) for tool in _TOOLS}
