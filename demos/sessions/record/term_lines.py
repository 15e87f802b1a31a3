"""Terms and costs as names, numbers and small bars, with limits where there are any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pygame

from demos.sessions.record.session import RecordSession
from demos.window.drawing.widgets import (
    ACCENT,
    BRIGHT,
    LOSS,
    MINT,
    QUIET,
    WARN,
    bar,
    number,
    write_fitting,
)
from environments.drawing.canvas import write


class Line(NamedTuple):
    """A term or a cost with what it adds up to."""

    name: str
    values: tuple[float, ...]  # of each person
    part: float  # of the bar, from its zero on
    is_cost: bool
    limit: float | None = None
    mark: float | None = None  # where the limit is on the bar, 0 to 1
    zero: float = 0.0  # where 0 is on the bar, 0 to 1

    @property
    def over(self) -> bool:
        """Whether anyone is above the limit."""
        return self.limit is not None and max(self.values) > self.limit


class BarScale(NamedTuple):
    """What the two ends of a bar stand for; 0 lies between them."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> BarScale:
        """One that holds all values, and is at least 1 long."""
        given = [0.0, *values]
        low, high = min(given), max(given)
        return cls(low, max(high, low + 1.0) if low > -1.0 else high)

    def place(self, value: float) -> float:
        """How much of the bar lies between 0 and a value, below 0 if that does."""
        return value / (self.high - self.low)

    @property
    def zero(self) -> float:
        """Where 0 is, from 0 to 1."""
        return -self.low / (self.high - self.low)


def figures(recorder: RecordSession) -> Iterator[Line]:
    """Terms, the north star first, then costs, with their bars.

    Terms are drawn to one scale, those below 0 to the left; a cost to that of its limit, if it has one.
    """
    game, world = recorder.game, recorder.game.world
    seats = [person.seat for person in recorder.recording.people]

    def sums(name: str) -> tuple[float, ...]:
        return tuple(game.total(name, n) for n in seats)

    terms = sorted(world.terms, key=lambda name: name != world.north_star)
    for names, is_cost in ((terms, False), (list(world.costs), True)):
        together = BarScale.of(value for name in names for value in sums(name))
        for name in names:
            values = sums(name)
            limit = recorder.limits.get(name) if is_cost else None
            scale = together if limit is None else BarScale(0.0, max(1.25 * limit, *values, 1e-9))
            mark = None if limit is None else limit / scale.high
            part = scale.place(max(values, key=abs))
            label = name.replace("_", " ")
            yield Line(label, values, part, is_cost, limit, mark, scale.zero)


def draw_lines(
    surface: pygame.Surface, area: pygame.Rect, lines: Sequence[Line], row: int, heading: int
) -> int:
    """Terms and costs with their bars from the top of an area; returns where they end, in pixels."""
    y, last = area.top, None
    for line in lines:
        if line.is_cost is not last:
            title = "costs" if line.is_cost else "terms"
            write(surface, title, (area.left, y + heading / 2), heading * 0.78, QUIET)
            y, last = y + heading, line.is_cost
        _draw_line(surface, pygame.Rect(area.left, y, area.width, row), line)
        y += row
    return y


def _draw_line(surface: pygame.Surface, area: pygame.Rect, line: Line) -> None:
    size = max(12, round(area.height * 0.56))
    thick = max(4, round(area.height * 0.16))
    y = area.top + (area.height - thick) * 0.42
    figure = " | ".join(number(value) for value in line.values)
    figure += f" of {number(line.limit)}" if line.limit is not None else ""
    colour = WARN if line.over else BRIGHT
    left = write(surface, figure, (area.right, y), size, colour, "midright").left
    room = pygame.Rect(area.left, area.top, left - area.left - size // 2, round(2 * (y - area.top)))
    write_fitting(surface, line.name, room, size, QUIET)
    fill = (WARN if line.over else ACCENT) if line.is_cost else MINT if line.part >= 0 else LOSS
    track = pygame.Rect(area.left, area.bottom - thick - 3, area.width, thick)
    bar(surface, track, line.part, fill, line.mark, line.zero)
