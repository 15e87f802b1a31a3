"""The panels over time: values, the reward by its terms, and the distance to the clone.

S steps, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pygame

from demos.sessions.match.watch_state import WatchState
from demos.sessions.panels.panel import PanelSizes
from demos.window.drawing.charts import (
    COST_SERIES,
    SERIES,
    draw_axis,
    draw_line,
    draw_stack,
    frame_for,
    margin,
    span_of,
)
from demos.window.drawing.digits import digits_width, short, write_digits
from demos.window.drawing.widgets import BRIGHT, MINT, QUIET, write_fitting
from environments.drawing.canvas import Colour

VIOLET: Colour = (187, 154, 247)
LEGEND = 9  # rows at most


class _Chart:
    """What all of them have in common."""

    def key(self, state: WatchState) -> Hashable:
        """It changes with the game."""
        return state.main.match.moment

    def room(self, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
        """A chart can be read from four lines on."""
        return 4 * sizes.text, 12 * sizes.text

    def plot(
        self,
        surface: pygame.Surface,
        area: pygame.Rect,
        state: WatchState,
        lines: Sequence[tuple[np.ndarray, Colour]],
        sizes: PanelSizes,
    ) -> None:
        """Lines over the steps of this game."""
        match, small = state.main.match, round(sizes.text * 0.82)
        span = span_of(match.steps, match.horizon)
        values = [line for line, _ in lines]
        frame = frame_for(area, values, span)
        left = margin((frame.low, frame.high), small)
        inside = pygame.Rect(
            area.left + left, area.top + small // 2, area.width - left - 4, area.height - small
        )
        frame = frame._replace(area=inside)
        draw_axis(surface, frame, small)
        for line, colour in lines:
            draw_line(surface, frame, line, colour)


class ValuesPanel(_Chart):
    """What the agent expects: of the reward, and of each cost."""

    number, title = 2, "expects"

    def missing(self, state: WatchState) -> str:
        """Only networks expect something."""
        if state.main.match.values is None:
            return f"{state.main.entrant.name} has no values."
        return ""

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """The value now."""
        values = state.main.match.values
        assert values is not None
        return short(float(values.table[-1, 0])), MINT

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """The reward's value, and below it those of the costs."""
        rows = state.main.match.values
        assert rows is not None
        table, costs = rows.table, list(state.world.costs)
        count = min(table.shape[1] - 1, len(costs))
        upper = area.copy()
        if count:
            upper.height = round(area.height * 0.52)
        self.plot(surface, upper, state, [(table[:, 0], MINT)], sizes)
        if not count:
            return
        lower = pygame.Rect(area.left, upper.bottom + 2, area.width, area.bottom - upper.bottom - 2)
        colours = [COST_SERIES[k % len(COST_SERIES)] for k in range(count)]
        room = round(area.width * 0.34)
        chart = pygame.Rect(lower.left, lower.top, lower.width - room, lower.height)
        lines = [(table[:, 1 + k], colours[k]) for k in range(count)]
        self.plot(surface, chart, state, lines, sizes)
        entries = [(costs[k], float(table[-1, 1 + k]), colours[k]) for k in range(count)]
        _draw_legend(surface, lower.move(lower.width - room, 0), room, entries, sizes)


class RewardPanel(_Chart):
    """What the game has paid so far, term by term."""

    number, title = 3, "reward"

    def missing(self, state: WatchState) -> str:
        """Every world pays."""
        return ""

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """The sum."""
        return short(float(state.main.match.score[state.cast.seat])), BRIGHT

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """Terms on top of one another, their sum as a line, and their names."""
        match, small = state.main.match, round(sizes.text * 0.82)
        weights, names = match.batch.weights, list(state.world.terms)
        paid = [k for k in range(len(names)) if weights[k] != 0]
        parts = match.earned.table[:, paid]
        colours = [SERIES[n % len(SERIES)] for n in range(len(paid))]
        room = round(min(area.width * 0.42, sizes.text * 13)) if len(paid) > 1 else 0
        span = span_of(match.steps, match.horizon)
        gains, losses = np.where(parts > 0, parts, 0), np.where(parts < 0, parts, 0)
        frame = frame_for(area, [gains.sum(1), losses.sum(1)], span)
        left = margin((frame.low, frame.high), small)
        inside = pygame.Rect(
            area.left + left,
            area.top + small // 2,
            area.width - left - room - 4,
            area.height - small,
        )
        frame = frame._replace(area=inside)
        draw_axis(surface, frame, small)
        draw_stack(surface, frame, parts, colours)
        if room:
            entries = [(names[k], float(parts[-1, n]), colours[n]) for n, k in enumerate(paid)]
            entries.sort(key=lambda entry: -abs(entry[1]))
            beside = pygame.Rect(area.right - room + 6, area.top, room - 6, area.height)
            _draw_legend(surface, beside, beside.width, entries, sizes)


class ClonePanel(_Chart):
    """How far the agent is from whom it learned from."""

    number, title = 5, "from clone"

    def missing(self, state: WatchState) -> str:
        """There is a clone only in a run."""
        match = state.main.match
        if match.clone is None:
            return "There is no clone beside this agent."
        if not np.isfinite(match.distances.table[-1]).all():
            return f"{state.main.entrant.name} cannot be compared with the clone."
        return ""

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """The distance now."""
        return f"{float(state.main.match.distances.table[-1, 0]):.2f} nats", VIOLET

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """KL(agent from clone) in nats."""
        line = state.main.match.distances.table[:, 0]
        self.plot(surface, area, state, [(line, VIOLET)], sizes)


def _draw_legend(
    surface: pygame.Surface,
    area: pygame.Rect,
    wide: int,
    entries: Sequence[tuple[str, float, Colour]],
    sizes: PanelSizes,
) -> None:
    """A row each: colour, name, number; as many as there is room for."""
    row = max(min(round(sizes.text * 1.15), area.height // max(len(entries), 1)), 11)
    size, y = round(min(sizes.text, row) * 0.86), area.top
    for name, value, colour in entries[: min(LEGEND, area.height // row)]:
        dot = pygame.Rect(area.left, y + (row - size // 2) // 2, size // 2, size // 2)
        pygame.draw.rect(surface, colour, dot, border_radius=2)
        told = short(value)
        at = area.left + wide, y + row / 2
        write_digits(surface, told, at, size, BRIGHT if value else QUIET, "midright")
        room = pygame.Rect(
            dot.right + size // 3, y, wide - size - digits_width(told, size) - 6, row
        )
        if room.width > size:
            write_fitting(surface, name.replace("_", " "), room, size, QUIET)
        y += row
