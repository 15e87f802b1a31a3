"""The journal: the game being recorded, on the disk before it is an episode.

Its file is laid out in `demos/data/journal/format.py`; what a crash leaves of it is read by
`demos/data/journal/recovery.py`.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from demos.data.journal.format import END, FIRST, HEAD, STEP, JournalFrame, frame
from environments.files.atomic import BINARY, raising_disk_full, sync, try_lock, write_all
from environments.files.atomic import DiskFull as DiskFull  # where those who record look for it

NAME = "journal"  # beside a dataset's revisions
PERIOD = 0.2  # seconds between two writes, and between two waits for the disk; the promise is 0.5


class Journal:
    """A growing journal: all of it in memory, written and synced by two threads that nobody waits for.

    Two, because waiting for a slow disk must not keep the next steps from the system, where they
    survive the end of the process.
    """

    def __init__(self, path: Path, on: str, file: int) -> None:
        self._path, self._on, self._file = path, on, file
        self._entries: list[
            JournalFrame
        ] = []  # appending is one operation, which no signal can split
        self._written = (0, 0)  # entries, bytes: given to the system
        self._synced = (0, 0)  # entries, bytes: on the disk itself
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._end = threading.Event()
        self._error: OSError | None = None  # met by a thread and not told yet
        self._threads = [
            threading.Thread(target=self._repeat, args=(work,), daemon=True)
            for work in (self._write, self._sync)
        ]

    @classmethod
    def create(cls, path: Path, on: str, head: bytes, first: bytes) -> Journal:
        """Begin a journal where none is; `on` is the dataset, as a message names it.

        Raises:
            DiskFull: there is no room for it, and no file either.
        """
        with raising_disk_full(on):
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | BINARY, 0o644)
            journal = cls(path, on, file)
            try:
                try_lock(file)
                journal.add(HEAD, head)
                journal.add(FIRST, first)
                journal._write()
                journal._sync()
                sync(path.parent)
            except BaseException:
                os.close(file)
                path.unlink(missing_ok=True)
                raise
        for thread in journal._threads:
            thread.start()
        atexit.register(journal.close)
        return journal

    @property
    def steps(self) -> int:
        return self._entries[-1].steps if self._entries else 0

    def add(self, kind: bytes, payload: bytes) -> None:
        """Note what happened; it costs no more than a list's append."""
        self._entries.append(JournalFrame(kind, payload, self.steps + (kind == STEP)))

    def entries(self) -> list[JournalFrame]:
        return self._entries.copy()

    def check(self) -> None:
        """Raise what a thread met since the last check: DiskFull, or OSError if it is something else.

        The thread tries again by itself; what it could not write stays in memory.
        """
        error, self._error = self._error, None
        if error is not None:
            with raising_disk_full(self._on):
                raise error

    def flush(self) -> None:
        """Wait until all that was added is on the disk itself. Raises as `check` does."""
        with raising_disk_full(self._on):
            self._write()
            self._sync()
        self._error = None

    def close(self) -> int:
        """Write the rest and let go of the file, which stays for `demos.data.journal.repair.recover`.

        Returns:
            How many steps at the end of the game did not reach the disk, because it refused them.
        """
        if not self._halt():
            return 0
        steps = self.steps
        self.add(END, b"")
        with suppress(OSError):
            self._write()
            self._sync()
        os.close(self._file)
        safe = self._synced[0]
        return steps - (self._entries[safe - 1].steps if safe else 0)

    def remove(self) -> None:
        """The game is an episode now, or thrown away: no trace of the journal stays."""
        if self._halt():
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            with suppress(OSError):
                sync(self._path.parent)

    # -- how it is written ------------------------------------------------------------------

    def _write(self) -> None:
        with self._writing:
            entries, offset = self._written
            fresh = self._entries[entries:]
            if fresh:
                data = b"".join(part for entry in fresh for part in frame(entry))
                write_all(self._file, data, offset)
                self._written = (entries + len(fresh), offset + len(data))

    def _sync(self) -> None:
        with self._syncing:
            reached = self._written
            if reached == self._synced:
                return
            try:
                os.fsync(self._file)
                self._synced = reached
            except OSError:
                with self._writing:  # the system may have dropped it: write again from what is safe
                    self._written = self._synced
                raise

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._end.wait(PERIOD):
            try:
                work()
            except OSError as error:
                self._error = error

    def _halt(self) -> bool:
        """End the threads; False if that was done before."""
        if self._end.is_set():
            return False
        self._end.set()
        for thread in self._threads:
            thread.join()
        atexit.unregister(self.close)
        return True
