"""The panels of figures: costs against their limits, the games so far, and what a shield did."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
import pygame

from agents.evaluation.statistics import mean_interval, share_interval
from demos.sessions.match.watch_state import WatchState
from demos.sessions.panels.panel import PanelSizes
from demos.window.drawing.charts import span_of
from demos.window.drawing.digits import between, write_digits
from demos.window.drawing.widgets import (
    ACCENT,
    BRIGHT,
    GREEN,
    LINE,
    LOSS,
    MINT,
    QUIET,
    WARN,
    bar,
    number,
    write_fitting,
)
from environments.drawing.canvas import Colour

LAST_GAMES = 24  # that are shown as bars


class CostsPanel:
    """What the game has cost so far."""

    number, title = 4, "costs"

    def _sums(self, state: WatchState) -> list[tuple[str, float, float | None]]:
        match = state.main.match
        limits = state.cast.limits
        return [(n, match.total(n, match.seat), limits.get(n)) for n in state.world.costs]

    def key(self, state: WatchState) -> Hashable:
        """It changes with a cost."""
        return tuple(self._sums(state))

    def missing(self, state: WatchState) -> str:
        """Not every world names costs."""
        return "" if state.world.costs else "This world names no costs."

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """Whether a limit is broken."""
        limited = [value > limit for _, value, limit in self._sums(state) if limit is not None]
        if not limited:
            return "no limits", QUIET
        return ("above its limit", WARN) if any(limited) else ("within limits", GREEN)

    def room(self, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
        """Two lines a cost."""
        count = len(state.world.costs)
        return count * round(sizes.text * 1.5), count * round(sizes.text * 2.1)

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """A bar a cost, with a mark at its limit."""
        sums = self._sums(state)
        most = max([1.0, *(value for _, value, limit in sums if limit is None)])
        high = area.height // len(sums)
        for k, (name, value, limit) in enumerate(sums):
            row = pygame.Rect(area.left, area.top + k * high, area.width, high)
            over = limit is not None and value > limit
            scale = most if limit is None else max(1.25 * limit, value, 1e-9)
            told = number(value) + (f" of {number(limit)}" if limit is not None else "")
            thick = max(4, round(high * 0.16))
            middle = row.top + (high - thick) * 0.42
            colour = WARN if over else BRIGHT
            at = row.right, middle
            left = write_digits(surface, told, at, sizes.text, colour, "midright").left
            words = pygame.Rect(
                row.left, row.top, left - row.left - 4, round(2 * (middle - row.top))
            )
            write_fitting(surface, name.replace("_", " "), words, sizes.text, QUIET)
            track = pygame.Rect(row.left, row.bottom - thick - 4, row.width, thick)
            mark = None if limit is None else limit / scale
            bar(surface, track, value / scale, WARN if over else ACCENT, mark)


class GamesPanel:
    """What the games so far came to."""

    number, title = 7, "games"

    def key(self, state: WatchState) -> Hashable:
        """It changes when a game ends."""
        return len(state.tally), state.results.played, state.rival

    def missing(self, state: WatchState) -> str:
        """It needs one game that came to its end."""
        return "" if len(state.tally) else "No game has come to its end yet."

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """How many there were."""
        return str(len(state.tally)), BRIGHT

    def room(self, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
        """A few lines, and bars below."""
        lines = 3 + 2 * bool(state.rival)
        return lines * round(sizes.text * 1.1), lines * sizes.row + 3 * sizes.text

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """Means with their intervals, the tally, and a bar a game."""
        lines = _lines(state)
        step = max(min(sizes.row, area.height // len(lines)), 9)
        size = min(sizes.text, step)
        y = area.top
        for name, told, colour in lines:
            row = pygame.Rect(area.left, y, area.width, step)
            left = write_digits(surface, told, row.midright, size, colour, "midright").left
            room = pygame.Rect(row.left, row.top, left - row.left - 6, row.height)
            if room.width > 0:
                write_fitting(surface, name, room, size, QUIET)
            y += step
        rest = pygame.Rect(area.left, y + 4, area.width, area.bottom - y - 4)
        if rest.height >= 14:
            _draw_games(surface, rest, state.tally.column("star"))


def _lines(state: WatchState) -> list[tuple[str, str, Colour]]:
    tally, star = state.tally, state.world.north_star.replace("_", " ")
    lines: list[tuple[str, str, Colour]] = []
    if tally.record is not None:
        won, drawn, lost = tally.record
        share = share_interval(won, len(tally))
        told = f"{won} won, {drawn} drawn, {lost} lost"
        lines.append((f"against {state.rival}", told, BRIGHT))
        percents = tuple(round(100 * part) for part in share)
        lines.append(("wins", f"{percents[0]} % [{percents[1]}, {percents[2]}]", ACCENT))
    lines.append((star, between(*mean_interval(tally.column("star"))), MINT))
    if state.world.weights != {state.world.north_star: 1.0} or state.cast.weights:
        lines.append(("reward", between(*mean_interval(tally.column("score"))), BRIGHT))
    length = mean_interval(tally.column("steps"))
    told = between(length.mean, max(length.low, 1.0), length.high)  # two games say little
    lines.append(("steps", told, QUIET))
    return lines


def _draw_games(surface: pygame.Surface, area: pygame.Rect, stars: list[float]) -> None:
    """A bar a game, the last ones, and a line at their mean."""
    last = stars[-LAST_GAMES:]
    low, high = min([0.0, *last]), max([0.0, *last])
    scale = area.height / max(high - low, 1e-9)
    wide = area.width / LAST_GAMES
    ground = area.bottom + low * scale
    for k, value in enumerate(last):
        tall = max(abs(value) * scale, 2)
        top = ground - tall if value >= 0 else ground
        box = (round(area.left + k * wide), round(top), max(round(wide) - 2, 2), round(tall))
        pygame.draw.rect(surface, MINT if value >= 0 else LOSS, box, border_radius=2)
    y = round(ground - float(np.mean(stars)) * scale)
    surface.fill(BRIGHT, (area.left, min(y, area.bottom - 1), area.width, 1))


class ShieldPanel:
    """Where a shield changed what the agent did."""

    number, title = 8, "shield"

    def key(self, state: WatchState) -> Hashable:
        """It changes with the game."""
        return state.main.match.moment

    def missing(self, state: WatchState) -> str:
        """It is told by a batch that has one, in `intervened` [B, N]."""
        known = math.isfinite(state.main.match.shield)
        return "" if known else "No shield stands by in this world."

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """How often it did."""
        count = int(np.nansum(state.main.match.shielded.table))
        return f"{count} times", WARN if count else GREEN

    def room(self, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
        """A line of marks."""
        return sizes.text, 2 * sizes.text

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """A mark a step in which it did, over the time."""
        match = state.main.match
        track = pygame.Rect(area.left, area.centery - 2, area.width, 4)
        pygame.draw.rect(surface, LINE, track, border_radius=2)
        span = span_of(match.steps, match.horizon)
        for step in np.flatnonzero(np.nan_to_num(match.shielded.table[:, 0])).tolist():
            x = track.left + round(track.width * step / span)
            surface.fill(WARN, (x, area.top + 2, 2, area.height - 4))
