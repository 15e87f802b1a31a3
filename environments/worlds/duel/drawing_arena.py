"""The picture of the arena: floor, cover with its depth, and what can be seen from a place."""

from __future__ import annotations

import functools
import math

import numpy as np
import pygame

from environments.drawing.canvas import Colour
from environments.worlds.duel.arena import inverse, reach
from environments.worlds.duel.constants import HALF, REACH, SPAWNS

FLOOR, FLOOR_OTHER = (70, 79, 99), (66, 75, 94)
TOP, TOP_LIGHT, FRONT, FRONT_DARK = (150, 158, 174), (172, 180, 195), (92, 99, 116), (70, 76, 92)
CAST, UNSEEN = (0, 0, 0, 74), (12, 14, 20, 140)
RISE = 0.22  # m by which the top of cover is drawn above its foot
SPAWN_MARKS = ((66, 140, 236, 70), (238, 88, 92, 70))
_EDGE = 1e-4  # rad beside a corner, so that one looks past it on either side

Point = tuple[float, float]


class ArenaView:
    """Where the places of an arena are on a surface.

    Args:
        area: a square of pixels, the walls included.
    """

    def __init__(self, area: pygame.Rect) -> None:
        self.area = area
        self.metre = area.width / (2 * HALF + 1)  # pixels
        self.middle = area.left + area.width / 2, area.top + area.height / 2 + RISE * self.metre / 2

    def at(self, x: float, y: float) -> Point:
        """Pixels of a place in metres."""
        return self.middle[0] + x * self.metre, self.middle[1] - y * self.metre

    def place(self, x: float, y: float) -> Point:
        """Metres of a place in pixels."""
        return (x - self.middle[0]) / self.metre, (self.middle[1] - y) / self.metre


def solid_cells(rows: np.ndarray) -> list[tuple[int, int]]:
    """The lower left corners of all cover inside the walls, the upper rows first."""
    shift = HALF + 1
    return [
        (x, y)
        for y in range(HALF - 1, -HALF - 1, -1)
        for x in range(-HALF, HALF)
        if int(rows[y + shift]) >> (x + shift) & 1
    ]


@functools.lru_cache(maxsize=8)
def ground(cover: bytes, size: int) -> pygame.Surface:
    """Floor, marks and the shadows of cover, drawn once for each arena and size."""
    cells = solid_cells(np.frombuffer(cover, np.uint32))
    picture = pygame.Surface((size, size))
    plan = ArenaView(picture.get_rect())
    picture.fill(FRONT_DARK)
    for x in range(-HALF, HALF):
        for y in range(-HALF, HALF):
            box = _box(plan, x, y, x + 1, y + 1)
            picture.fill(FLOOR if (x + y) % 2 else FLOOR_OTHER, box)
    veil = pygame.Surface((size, size), pygame.SRCALPHA)
    for n, mark in enumerate(SPAWN_MARKS):
        for spawn in SPAWNS * (1 - 2 * n):
            pygame.draw.circle(veil, mark, plan.at(*spawn), 0.9 * plan.metre, max(2, size // 220))
            pygame.draw.circle(veil, (*mark[:3], 26), plan.at(*spawn), 0.9 * plan.metre)
    cast = pygame.Surface((size, size), pygame.SRCALPHA)
    for x, y in cells:
        cast.fill(CAST, _box(plan, x + 0.12, y - 0.24, x + 1.2, y + 1))
    picture.blit(veil, (0, 0))
    picture.blit(cast, (0, 0))
    return picture


@functools.lru_cache(maxsize=8)
def cover_layer(cover: bytes, size: int) -> pygame.Surface:
    """Cover and walls, seen a little from the front; over everything that stands on the floor."""
    rows = np.frombuffer(cover, np.uint32)
    cells = solid_cells(rows)
    there = set(cells)
    picture = pygame.Surface((size, size), pygame.SRCALPHA)
    plan = ArenaView(picture.get_rect())
    thin = max(1, size // 300)
    for x, y in cells:
        if (x, y - 1) not in there:
            front = _box(plan, x, y, x + 1, y + RISE)
            picture.fill(FRONT, front)
            picture.fill(FRONT_DARK, (front.left, front.bottom - thin, front.width, thin))
    for x, y in cells:
        picture.fill(TOP, _box(plan, x, y + RISE, x + 1, y + 1 + RISE))
    for x, y in cells:  # a bright rim where the top ends
        top = _box(plan, x, y + RISE, x + 1, y + 1 + RISE)
        rims = (
            ((x - 1, y), (top.left, top.top, thin, top.height)),
            ((x + 1, y), (top.right - thin, top.top, thin, top.height)),
            ((x, y + 1), (top.left, top.top, top.width, thin)),
            ((x, y - 1), (top.left, top.bottom - thin, top.width, thin)),
        )
        for neighbour, rim in rims:
            if neighbour not in there:
                picture.fill(TOP_LIGHT, rim)
    _walls(picture, plan, thin)
    return picture


def _walls(picture: pygame.Surface, plan: ArenaView, thin: int) -> None:
    """The four walls around; of the far one its front is seen."""
    size = picture.get_width()
    inner = _box(plan, -HALF, -HALF, HALF, HALF)
    picture.fill(FRONT, _box(plan, -HALF, HALF - 0.001, HALF, HALF + RISE))
    top = _box(plan, -HALF, HALF + RISE, HALF, HALF + 2)
    picture.fill(TOP, (0, 0, size, max(top.bottom, 0)))
    picture.fill(TOP, (0, 0, inner.left, size))
    picture.fill(TOP, (inner.right, 0, size - inner.right, size))
    picture.fill(TOP, (0, inner.bottom, size, size - inner.bottom))
    rim = (inner.left - thin, max(top.bottom, 0) - thin, inner.width + 2 * thin)
    box = pygame.Rect(rim[0], rim[1], rim[2], inner.bottom - rim[1] + thin)
    pygame.draw.rect(picture, TOP_LIGHT, box, thin)


def _box(plan: ArenaView, left: float, lower: float, right: float, upper: float) -> pygame.Rect:
    """A rectangle in metres as pixels; neighbours adjoin without a gap."""
    (x0, y0), (x1, y1) = plan.at(left, upper), plan.at(right, lower)
    return pygame.Rect(round(x0), round(y0), round(x1) - round(x0), round(y1) - round(y0))


# ------------------------------------------------------------------ sight


def sight_lines(rows: np.ndarray, x: float, y: float) -> list[Point]:
    """The outline of what can be seen from a place, in metres."""
    angles = {math.tau * k / 72 for k in range(72)}
    for left, lower in _corners(rows):
        angle = math.atan2(lower - y, left - x)
        angles |= {angle - _EDGE, angle, angle + _EDGE}
    outline = []
    for angle in sorted(a % math.tau for a in angles):
        dx, dy = math.cos(angle), math.sin(angle)
        away = reach(rows, x, y, inverse(dx), inverse(dy), REACH)
        outline.append((x + away * dx, y + away * dy))
    return outline


def _corners(rows: np.ndarray) -> set[tuple[int, int]]:
    """The corners of cover and walls."""
    found = {(x + i, y + j) for x, y in solid_cells(rows) for i in (0, 1) for j in (0, 1)}
    return found | {(i * HALF, j * HALF) for i in (-1, 1) for j in (-1, 1)}


def darken(surface: pygame.Surface, plan: ArenaView, outlines: list[list[Point]]) -> None:
    """Lay a shade over all that none of the outlines holds."""
    veil = pygame.Surface(plan.area.size, pygame.SRCALPHA)
    veil.fill(UNSEEN)
    left, top = plan.area.topleft
    for outline in outlines:
        points = [plan.at(*point) for point in outline]
        pygame.draw.polygon(veil, (0, 0, 0, 0), [(px - left, py - top) for px, py in points])
    half = veil.get_width() // 2, veil.get_height() // 2
    soft = pygame.transform.smoothscale(pygame.transform.smoothscale(veil, half), veil.get_size())
    surface.blit(soft, plan.area)


def dashed(
    surface: pygame.Surface, colour: Colour, start: Point, end: Point, dash: float, wide: int
) -> None:
    """A dashed line."""
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    count = max(1, int(length / dash / 2))
    for k in range(count):
        a, b = k / count, (k + 0.5) / count
        points = [
            (start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])) for t in (a, b)
        ]
        pygame.draw.line(surface, colour, points[0], points[1], wide)
