"""Progress bars with rate and time left, the same everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Rate(ProgressColumn):
    """How many units a second."""

    def render(self, task: Task) -> Text:
        """`31,200 steps/s`, or nothing before it is known."""
        speed = task.finished_speed or task.speed
        unit = task.fields["unit"]
        return Text(
            ""
            if speed is None
            else f"{speed:,.0f} {unit}/s"
            if speed >= 10
            else f"{speed:.1f} {unit}/s"
        )


class Bars:
    """Makes progress bars on one console; `Bars(None)` shows nothing."""

    def __init__(self, console: Console | None) -> None:
        self.console = console

    def say(self, sentence: str) -> None:
        """Print a sentence among the bars."""
        if self.console is not None:
            self.console.print(sentence, soft_wrap=True)

    @contextmanager
    def bar(self, text: str, total: int, unit: str) -> Iterator[Callable[[float], None]]:
        """A bar; call what it gives with how much is done."""
        if self.console is None:
            yield lambda done: None
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.percentage:>3.0f}%"),
            Rate(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(text, total=total, unit=unit)
            yield lambda done: progress.update(task, completed=min(done, total))
            progress.update(task, completed=total)
