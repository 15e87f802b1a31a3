"""Reporter: gets the progress of a training, and may ask it to stop.

`train` prints nothing itself: sentences, progress and rows of metrics go to a reporter, which shows them in a
terminal (`RichReporter`), as lines of a log (`PlainReporter`), nowhere (`SilentReporter`), or hands them to
the tool that runs many trainings.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, TextIO

from rich.console import Console
from stable_baselines3.common.callbacks import BaseCallback

from environments.terminal.progress import Bars
from training.run.metrics import MetricsRow

LOG_EVERY = 10.0  # s between two lines of progress in a log
LONG = 2.0  # s, after which a person is told what is waited for
GLANCE = 0.2  # s between two looks at how far a rollout is

Tick = Callable[[float], None]  # is called with how much is done


class TrainingStopped(Exception):
    """The reporter asked for a stop; training goes on from the last checkpoint."""


class Reporter(Protocol):
    """What training tells, and the one thing it asks."""

    def say(self, sentence: str) -> None:
        """Take a sentence for the person."""

    def bar(self, text: str, total: int, unit: str) -> AbstractContextManager[Tick]:
        """Open a stage of `total` units; call what it gives with how much of it is done."""

    def row(self, row: MetricsRow) -> None:
        """Take a row of metrics, which is in `metrics.jsonl` by then."""

    def stop_requested(self) -> bool:
        """Whether to stop after this update: it is asked once after each."""


class SilentReporter:
    """Shows nothing and never stops; the one to derive from."""

    def say(self, sentence: str) -> None:
        """Drop it."""

    def bar(self, text: str, total: int, unit: str) -> AbstractContextManager[Tick]:
        """A stage that nobody watches."""
        return nullcontext(lambda done: None)

    def row(self, row: MetricsRow) -> None:
        """Drop it."""

    def stop_requested(self) -> bool:
        """Never."""
        return False


class RichReporter(SilentReporter):
    """Progress bars and sentences on a terminal, or in a notebook's cell, by rich."""

    def __init__(self, console: Console) -> None:
        self._bars = Bars(console)

    def say(self, sentence: str) -> None:
        """Print it among the bars."""
        self._bars.say(sentence)

    def bar(self, text: str, total: int, unit: str) -> AbstractContextManager[Tick]:
        """A bar with rate and time left."""
        return self._bars.bar(text, total, unit)


class PlainReporter(SilentReporter):
    """Whole lines for a log or a pipe: where a stage begins and ends, and one now and then between.

    Args:
        out: where to; standard output as it is at that moment if left out.
        every: s, at the least, between two lines of one stage.
    """

    def __init__(self, out: TextIO | None = None, every: float = LOG_EVERY) -> None:
        self._out, self._every = out, every

    def say(self, sentence: str) -> None:
        """Print it as a line."""
        print(sentence, file=self._out or sys.stdout, flush=True)

    @contextmanager
    def bar(self, text: str, total: int, unit: str) -> Iterator[Tick]:
        """Lines such as `refining: 40 % of 2,400,000 steps, 31 s`; no control characters."""
        began = told = time.monotonic()

        def line(done: float) -> None:
            share = min(1.0, done / total) if total else 1.0
            seconds = time.monotonic() - began
            self.say(f"{text}: {100 * share:.0f} % of {total:,} {unit}, {seconds:.0f} s")

        def tick(done: float) -> None:
            nonlocal told
            if time.monotonic() - told >= self._every:
                told = time.monotonic()
                line(done)

        yield tick
        line(total)

    def row(self, row: MetricsRow) -> None:
        """What it is judged by and its interval, as a line."""
        figure = row.judged_by or "north star"
        self.say(
            f"update {row.update}: {figure} {row.north_star:.2f} [{row.low:.2f}, {row.high:.2f}], "
            f"before refining {row.clone:.2f}"
        )


def reporter_for(console: Console) -> Reporter:
    """Bars where a person looks on, in a terminal or a notebook; plain lines in a log or a pipe."""
    if console.is_terminal or console.is_jupyter:
        return RichReporter(console)
    return PlainReporter()


@contextmanager
def told_if_long(reporter: Reporter, sentence: str, after: float = LONG) -> Iterator[None]:
    """Say what is being done if the block takes so many seconds, which a person would wonder about."""
    timer = threading.Timer(after, reporter.say, (sentence,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class ProgressReport(BaseCallback):
    """Tells a bar how many steps are done, and stops if the reporter asks for it.

    A step is done when it was learned from: while an update runs the bar has room left for it, as much as
    the one before took of the time, and it is full after the last.

    Raises:
        TrainingStopped: it did, between two updates, so that going on ends with the same bytes.
    """

    def __init__(self, tick: Tick, reporter: Reporter) -> None:
        super().__init__()
        self.tick, self.reporter = tick, reporter
        self._begun = self._told = self._played = (
            0.0  # s: of this rollout, of the last look, of its end
        )
        self._first = 0  # steps before this rollout
        self._share = 0.5  # of the time of a rollout and its update that the rollout takes

    def _on_step(self) -> bool:
        if time.monotonic() - self._told >= GLANCE:
            self._tell(self._share)
        return True

    def _on_rollout_start(self) -> None:
        self._learned()
        if self.reporter.stop_requested():
            raise TrainingStopped
        self._begun = time.monotonic()

    def _on_rollout_end(self) -> None:
        self._played = time.monotonic()
        self._tell(self._share)

    def _on_training_end(self) -> None:
        self._learned()

    def _learned(self) -> None:
        """All that was played was learned from."""
        if self._played > self._begun:
            whole = time.monotonic() - self._begun
            self._share = (self._played - self._begun) / whole
        self._first = self.num_timesteps
        self.tick(self.num_timesteps)

    def _tell(self, share: float) -> None:
        self._told = time.monotonic()
        self.tick(self._first + share * (self.num_timesteps - self._first))
