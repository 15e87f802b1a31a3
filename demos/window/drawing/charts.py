"""Charts for the panels: lines and stacked areas over the steps of a game, from 0 to a round number.

S steps, K terms.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pygame

from demos.window.drawing.digits import digits_width, short, write_digits
from demos.window.drawing.widgets import ACCENT, BRIGHT, LINE, MINT, QUIET, WARN
from environments.drawing.canvas import Colour

SERIES: tuple[Colour, ...] = (
    MINT, ACCENT, (122, 162, 247), (240, 140, 174), (187, 154, 247), (158, 206, 106),
    (255, 158, 100), (125, 207, 255),
)  # fmt: skip
COST_SERIES: tuple[Colour, ...] = (WARN, (247, 118, 142), (224, 175, 104), (187, 154, 247))
SLIVER = 0.03  # of the height of a chart
FIRST = 50  # steps that a chart shows at least


def span_of(steps: int, horizon: int) -> int:
    """How many steps a chart reaches: doubled each time it is full, and never beyond the game's end."""
    span = FIRST
    while span < steps:
        span *= 2
    return max(min(span, horizon), steps, 1)


def round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20 ... that is not smaller."""
    if value <= 0 or not math.isfinite(value):
        return 0.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9))


class ChartFrame(NamedTuple):
    """Where a chart lies, and what its edges stand for."""

    area: pygame.Rect
    span: int  # steps
    low: float
    high: float

    def points(self, values: np.ndarray) -> list[tuple[float, float]]:
        """A point a step, thinned out to the pixels there are: [S] -> S points."""
        steps = np.arange(len(values))
        if len(values) > self.area.width:
            stride = -(-len(values) // self.area.width)
            keep = np.unique(np.append(steps[::stride], steps[-1]))
            steps, values = steps[keep], values[keep]
        x = self.area.left + steps * (self.area.width - 1) / self.span
        y = (
            self.area.bottom
            - 1
            - (values - self.low) / (self.high - self.low) * (self.area.height - 1)
        )
        return list(zip(x.tolist(), y.tolist(), strict=True))

    def y(self, value: float) -> float:
        """How high a value is, in pixels."""
        share = (value - self.low) / (self.high - self.low)
        return self.area.bottom - 1 - share * (self.area.height - 1)


def frame_for(area: pygame.Rect, values: Sequence[np.ndarray], span: int) -> ChartFrame:
    """A frame with 0 in it that holds all values."""
    finite = [v[np.isfinite(v)] for v in values]
    high = max([float(v.max()) for v in finite if len(v)] + [0.0])
    low = min([float(v.min()) for v in finite if len(v)] + [0.0])
    if -low < SLIVER * high:
        low = 0.0  # too little to be worth an edge of its own
    high, low = round_up(high), -round_up(-low)
    return ChartFrame(area, span, low, high if high > low else low + 1.0)


def draw_axis(surface: pygame.Surface, frame: ChartFrame, size: int) -> None:
    """The lines at 0 and at the edges, and what these stand for."""
    for value in sorted({frame.low, 0.0, frame.high}):
        y = round(frame.y(value))
        surface.fill(LINE, (frame.area.left, y, frame.area.width, 1))
        words = short(value)
        if value == 0 and frame.low < 0 and frame.y(frame.low) - frame.y(0) < size:
            continue
        at = frame.area.left - 4, y
        write_digits(surface, words, at, size, QUIET, "midright")


def margin(values: tuple[float, float], size: int) -> int:
    """Room to the left of a frame for what stands at its edges, in pixels."""
    return max(digits_width(short(value), size) for value in values) + 6


def draw_line(
    surface: pygame.Surface, frame: ChartFrame, values: np.ndarray, colour: Colour
) -> None:
    """A line two pixels thick, with a dot where it is now; gaps where there is no number."""
    known = np.isfinite(values)
    if not known.any():
        return
    values = values if known.all() else values[: int(np.flatnonzero(known)[-1]) + 1]
    points = frame.points(np.nan_to_num(values))
    if len(points) > 1:
        pygame.draw.aalines(surface, colour, False, points)
        pygame.draw.aalines(surface, colour, False, [(x, y + 1) for x, y in points])
    pygame.draw.circle(surface, BRIGHT, points[-1], 4)


def draw_stack(
    surface: pygame.Surface, frame: ChartFrame, parts: np.ndarray, colours: Sequence[Colour]
) -> None:
    """Areas on top of one another, gains above 0 and losses below, and their sum as a line: [S, K]."""
    for sign in (1, -1):
        signed = np.where(parts * sign > 0, parts, 0.0)
        edges = np.concatenate([np.zeros((len(parts), 1)), np.cumsum(signed, axis=1)], axis=1)
        for k, (lower, upper) in enumerate(pairwise(edges.T)):
            if signed[:, k].any() and len(parts) > 1:
                outline = frame.points(upper) + frame.points(lower)[::-1]
                pygame.draw.polygon(surface, _dimmed(colours[k]), outline)
                pygame.draw.aalines(surface, colours[k], False, frame.points(upper))
    draw_line(surface, frame, parts.sum(axis=1), BRIGHT)


def _dimmed(colour: Colour) -> Colour:
    """Three fifths of a colour, over the panel's own."""
    return (
        (colour[0] * 3 + 28 * 2) // 5,
        (colour[1] * 3 + 31 * 2) // 5,
        (colour[2] * 3 + 40 * 2) // 5,
    )
