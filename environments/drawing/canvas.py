"""Shapes with smooth edges for pygame: drawn at four times their size, shrunk, and kept.

A sprite is drawn in units of one cell around its centre (x to the right, y down, the cell reaching from
-0.5 to 0.5), so that it is crisp at any size. Sprites are kept premultiplied: their edges stay clean.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pygame

Colour = tuple[int, int, int] | tuple[int, int, int, int]
FINER = 4  # times


class Canvas:
    """A square of `span` cells to draw on, each `cell` pixels wide in the end."""

    def __init__(self, cell: int, span: float = 1.0) -> None:
        self.side = round(cell * span)
        self.scale = cell * FINER
        self.middle = self.side * FINER / 2
        self.surface = pygame.Surface((self.side * FINER,) * 2, pygame.SRCALPHA)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return self.middle + x * self.scale, self.middle + y * self.scale

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A filled circle."""
        pygame.draw.circle(self.surface, colour, self._at(x, y), radius * self.scale)

    def oval(self, x: float, y: float, radii: tuple[float, float], colour: Colour) -> None:
        """A filled ellipse."""
        left, top = self._at(x - radii[0], y - radii[1])
        wide, high = (2 * radius * self.scale for radius in radii)
        pygame.draw.ellipse(self.surface, colour, pygame.Rect(left, top, wide, high))

    def box(
        self, x: float, y: float, size: tuple[float, float], colour: Colour, corner: float = 0.0
    ) -> None:
        """A filled rectangle around (x, y) with round corners."""
        left, top = self._at(x - size[0] / 2, y - size[1] / 2)
        right, bottom = self._at(x + size[0] / 2, y + size[1] / 2)
        area = pygame.Rect(round(left), round(top), round(right - left), round(bottom - top))
        pygame.draw.rect(self.surface, colour, area, border_radius=round(corner * self.scale))

    def shape(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        """A filled polygon."""
        pygame.draw.polygon(self.surface, colour, [self._at(*point) for point in points])

    def stroke(self, points: Sequence[tuple[float, float]], width: float, colour: Colour) -> None:
        """A line through the points with round ends."""
        for (x0, y0), (x1, y1) in pairwise(points):
            length = math.hypot(x1 - x0, y1 - y0) or 1.0
            aside = (y0 - y1) / length * width / 2, (x1 - x0) / length * width / 2
            corners = [(x0, y0, 1), (x1, y1, 1), (x1, y1, -1), (x0, y0, -1)]
            self.shape([(x + s * aside[0], y + s * aside[1]) for x, y, s in corners], colour)
        for x, y in points:
            self.disc(x, y, width / 2, colour)

    def ring(
        self, radius: float, width: float, colour: Colour, part: float = 1.0, y: float = 0.0
    ) -> None:
        """A ring around (0, y), or the first `part` of it, clockwise from the top."""
        count = max(2, round(96 * part))
        angles = [math.tau * part * k / count for k in range(count + 1)]
        inner, outer = radius - width / 2, radius + width / 2
        points = [(outer * math.sin(a), y - outer * math.cos(a)) for a in angles]
        points += [(inner * math.sin(a), y - inner * math.cos(a)) for a in reversed(angles)]
        self.shape(points, colour)

    def finished(self) -> pygame.Surface:
        """The drawing at its real size, premultiplied."""
        fine = self.surface.premul_alpha()
        return pygame.transform.smoothscale(fine, (self.side, self.side))


@functools.lru_cache(maxsize=512)
def sprite(paint: Callable[..., None], cell: int, span: float, *details: Any) -> pygame.Surface:
    """What `paint(canvas, *details)` draws; drawn once for each size and detail."""
    canvas = Canvas(cell, span)
    paint(canvas, *details)
    return canvas.finished()


def place(surface: pygame.Surface, picture: pygame.Surface, x: float, y: float) -> None:
    """Put a sprite on a surface with its middle at (x, y), in pixels."""
    wide, high = picture.get_size()
    corner = round(x - wide / 2), round(y - high / 2)
    surface.blit(picture, corner, special_flags=pygame.BLEND_PREMULTIPLIED)


def _font(height: int) -> pygame.font.Font:
    """pygame's own font, the same on every machine; not kept, because `pygame.quit` kills fonts."""
    if not pygame.font.get_init():
        pygame.font.init()
    return pygame.font.Font(None, max(height, 8) * FINER)


@functools.lru_cache(maxsize=256)
def width_of(words: str, height: int) -> float:
    """How wide words of a height are, in pixels."""
    return _font(height).size(words)[0] / FINER


@functools.lru_cache(maxsize=256)
def text(words: str, height: int, colour: Colour) -> pygame.Surface:
    """Words as a sprite, `height` pixels high."""
    written = _font(height).render(words, True, colour)
    wide, high = (math.ceil(side / FINER) for side in written.get_size())
    fine = pygame.Surface((wide * FINER, high * FINER), pygame.SRCALPHA)
    fine.blit(written, (0, 0))
    return pygame.transform.smoothscale(fine.premul_alpha(), (wide, high))


def write(
    surface: pygame.Surface,
    words: str,
    at: tuple[float, float],
    height: float,
    colour: Colour,
    anchor: str = "midleft",
) -> pygame.Rect:
    """Write words with the named point of their box at `at`; returns the box."""
    written = text(words, round(height), colour)
    area = written.get_rect(**{anchor: (round(at[0]), round(at[1]))})
    surface.blit(written, area, special_flags=pygame.BLEND_PREMULTIPLIED)
    return area
