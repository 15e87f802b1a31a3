"""The panel of what an agent observes: a world's own drawing of it, pictures, or every number as a bar.

O numbers in an observation.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pygame

from demos.sessions.match.watch_state import WatchState
from demos.sessions.panels.panel import PanelSizes
from demos.window.drawing.digits import short, write_digits
from demos.window.drawing.scenery import paint_picture
from demos.window.drawing.widgets import ACCENT, BRIGHT, LINE, MINT, QUIET, write_fitting
from environments.drawing.canvas import Colour
from environments.simulation.observation_parts import Part, is_picture

FAINT: Colour = (66, 108, 106)  # a number that has not changed since the last step
FAINT_BODY: Colour = (120, 98, 50)  # the same, of the agent's own body
MOST_ROWS = 4
A_ROW = 48  # numbers in a row of bars
NAMED = 8  # numbers that are few enough to be written out


class ObservationPanel:
    """What it observes; a world may draw that itself: `draw_sight(surface, table, state, agent)`."""

    number, title = 6, "sees"

    def __init__(self) -> None:
        self._most = np.zeros(0)  # [O], the largest of each number so far

    def key(self, state: WatchState) -> Hashable:
        """It changes with the game."""
        return state.main.match.moment

    def missing(self, state: WatchState) -> str:
        """Everybody sees something."""
        return ""

    def headline(self, state: WatchState) -> tuple[str, Colour]:
        """How much it is."""
        shape = state.world.observation_space.shape
        words = " x ".join(str(size) for size in shape)
        return (words if len(shape) > 1 else f"{words} numbers"), QUIET

    def room(self, state: WatchState, sizes: PanelSizes) -> tuple[int, int]:
        """Pictures and drawings want more than bars do."""
        if self._drawn(state) or any(kind == "image" for _, kind, _ in self._parts(state)):
            return 5 * sizes.text, 16 * sizes.text
        rows = -(-int(np.prod(state.world.observation_space.shape)) // A_ROW)
        return min(rows, 4) * round(1.4 * sizes.text), max(rows, 2) * 3 * sizes.text

    def _drawn(self, state: WatchState) -> bool:
        return hasattr(state.world.module, "draw_sight")

    def _parts(self, state: WatchState) -> list[tuple[str, str, np.ndarray]]:
        """Name, kind and content of each part of what is seen now."""
        match = state.main.match
        seen = match.batch.observation[0, match.seat]
        if is_picture(state.world.observation_space):
            return [("", "image", seen)]
        parts = state.world.parts or (Part("", "vector", seen.shape),)
        found: list[tuple[str, str, np.ndarray]] = []
        at, flat = 0, np.ravel(seen)
        for part in parts:
            found.append((part.name, part.kind, flat[at : at + part.size].reshape(part.shape)))
            at += part.size
        return found

    def draw(
        self, surface: pygame.Surface, area: pygame.Rect, state: WatchState, sizes: PanelSizes
    ) -> None:
        """The parts from top to bottom."""
        match, world = state.main.match, state.world
        if self._drawn(state):
            inside = surface.subsurface(area)
            world.module.draw_sight(inside, world.table[0], match.batch.state[0], match.seat)
            return
        before = None if match.before is None else np.ravel(match.before)
        parts, at = self._parts(state), 0
        shares = [6.0 if kind == "image" else 2.0 for _, kind, _ in parts]
        y = float(area.top)
        for (name, kind, content), share in zip(parts, shares, strict=True):
            high = area.height * share / sum(shares)
            box = pygame.Rect(area.left, round(y), area.width, round(high) - 2)
            y += high
            if name and box.height > 3 * sizes.text:
                head = pygame.Rect(box.left, box.top, box.width, sizes.text)
                write_fitting(surface, name, head, round(0.85 * sizes.text), QUIET)
                box = pygame.Rect(box.left, head.bottom, box.width, box.bottom - head.bottom)
            if kind == "image":
                paint_picture(surface, box, content.astype(np.uint8))
            elif kind == "mask":
                _draw_mask(surface, box, content.ravel())
            else:
                numbers = content.ravel()
                past = numbers if before is None else before[at : at + len(numbers)]
                changed = numbers != past
                self._draw_numbers(surface, box, numbers, changed, state, sizes)
            at += content.size

    def _draw_numbers(
        self,
        surface: pygame.Surface,
        area: pygame.Rect,
        numbers: np.ndarray,
        changed: np.ndarray,
        state: WatchState,
        sizes: PanelSizes,
    ) -> None:
        """A bar a number, to the scale of the largest it has been; what has changed is lit."""
        values = np.nan_to_num(numbers.astype(np.float64), posinf=0, neginf=0)
        if len(self._most) != len(values):
            self._most = np.full(len(values), 1e-6)
        self._most = np.maximum(self._most, np.abs(values))
        body = state.world.body or slice(0, 0)
        inner = set(range(*body.indices(len(values))))
        told = (
            round(sizes.text * 1.1) if len(values) <= NAMED else 0
        )  # room for the numbers themselves
        rows = min(max(1, -(-len(values) // A_ROW)), MOST_ROWS)
        each, high = -(-len(values) // rows), (area.height - told) / rows
        wide = area.width / each
        thick = max(min(round(wide) - 1, 3 * sizes.text), 1)
        for k, value in enumerate(values.tolist()):
            row, column = divmod(k, each)
            middle, x = round(area.top + high * (row + 0.5)), area.left + (column + 0.5) * wide
            part = value / self._most[k] * (high / 2 - 1)
            bright, faint = (ACCENT, FAINT_BODY) if k in inner else (MINT, FAINT)
            tall = max(abs(round(part)), 1)
            top = middle - tall if part >= 0 else middle
            colour = bright if changed[k] else faint
            left = round(x - thick / 2)
            surface.fill(colour if value else LINE, (left, top, thick, tall))
            if told:
                at = x, area.bottom - told / 2
                write_digits(surface, short(value), at, round(0.9 * sizes.text), BRIGHT, "center")


def _draw_mask(surface: pygame.Surface, area: pygame.Rect, mask: np.ndarray) -> None:
    """A box a choice: filled where it is allowed."""
    wide = min(area.width / max(len(mask), 1), area.height)
    for k, allowed in enumerate(mask.tolist()):
        box = pygame.Rect(
            round(area.left + k * wide), area.top, max(round(wide) - 2, 1), round(wide) - 2
        )
        pygame.draw.rect(surface, MINT if allowed else LINE, box, 0 if allowed else 1, 2)
