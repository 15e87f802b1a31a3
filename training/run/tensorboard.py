"""The numbers of a run for `tensorboard --logdir`, written by the thread that records them.

SB3's own writer, torch's, hands them to a thread: of a full disk it prints a traceback, and says so later.
"""

from __future__ import annotations

import numbers
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter, Logger
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from environments.files.atomic import naming_path


class EventFile(KVWriter):
    """One file of events in a folder, which is made; numbers are kept, anything else is left out.

    Raises:
        OSError: it cannot be made or, later, written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time()
        stem = f"events.out.tfevents.{int(now):010d}.{platform.node()}.{os.getpid()}"
        taken = len(list(folder.glob(f"{stem}.*")))
        self.path = folder / f"{stem}.{taken}"
        with naming_path(self.path):
            self._file = self.path.open("xb", buffering=0)
        self._add(Event(wall_time=now, file_version="brain.Event:2"))

    def write(
        self,
        key_values: dict[str, Any],
        key_excluded: Mapping[str, tuple[str, ...] | None],
        step: int = 0,
    ) -> None:
        """What was recorded since the last time, but for what is excluded from TensorBoard."""
        values = [
            Summary.Value(tag=key, simple_value=float(value))
            for key, value in sorted(key_values.items())
            if isinstance(value, numbers.Real) and "tensorboard" not in (key_excluded[key] or ())
        ]
        self._add(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _add(self, event: Any) -> None:
        with naming_path(self.path):
            RecordWriter(_Whole(self._file)).write(event.SerializeToString())


class _Whole:
    """A file that takes a record as a whole: `write` of an unbuffered one may take a part."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]


def event_logger(folder: Path) -> Logger:
    """What SB3 logs to: the events alone."""
    return Logger(str(folder), [EventFile(folder)])
