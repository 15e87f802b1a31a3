"""Widgets that all screens are made of: panels, keys, bars, stars, and words that fit."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import pygame

from demos.window.drawing.keycaps import draw_key, key_width
from environments.drawing.canvas import Canvas, Colour, place, sprite, width_of, write
from environments.drawing.status_bars import BAR, BRIGHT, HURRY, LINE, QUIET, TIME

BACK, PANEL, RAISED, SHADE = (22, 25, 33), BAR, (44, 49, 63), (8, 10, 14)
MINT, GREEN, ACCENT, WARN = (104, 194, 172), (72, 196, 108), TIME, HURRY
LOSS: Colour = (240, 140, 174)  # a term below 0

__all__ = [
    "ACCENT", "BACK", "BRIGHT", "GREEN", "LINE", "MINT", "PANEL", "QUIET", "RAISED", "SHADE", "WARN",
]  # fmt: skip


def unit(surface: pygame.Surface) -> float:
    """How much larger than at 640 x 480 things are drawn."""
    wide, high = surface.get_size()
    return max(1.0, float(min(wide / 640, high / 480) ** 0.85))


def panel(surface: pygame.Surface, area: pygame.Rect, colour: Colour = PANEL) -> None:
    """A plain area with round corners."""
    corner = max(6, round(min(area.size) * 0.04))
    pygame.draw.rect(surface, colour, area, border_radius=min(corner, 16))


def dim(surface: pygame.Surface, area: pygame.Rect, strength: int = 170) -> None:
    """Darken what was drawn, so that a card stands out."""
    veil = pygame.Surface(area.size)
    veil.fill(SHADE)
    veil.set_alpha(strength)
    surface.blit(veil, area)


def card(surface: pygame.Surface, area: pygame.Rect) -> None:
    """A panel that lies on top of the rest."""
    corner = max(10, round(min(area.size) * 0.035))
    for grow, colour in ((6, SHADE), (2, LINE), (0, PANEL)):
        around = area.inflate(2 * grow, 2 * grow)
        pygame.draw.rect(surface, colour, around, border_radius=corner + grow)


def fit_rect(wide: float, high: float, area: pygame.Rect) -> pygame.Rect:
    """The largest rectangle of the shape `wide` x `high` in the middle of an area."""
    scale = min(area.width / max(wide, 1), area.height / max(high, 1))
    inside = pygame.Rect(0, 0, max(1, int(wide * scale)), max(1, int(high * scale)))
    inside.center = area.center
    return inside


# ------------------------------------------------------------------ words


def fit_text(words: str, height: float, room: float, least: float = 12) -> tuple[int, str]:
    """A height at which words fit into `room` pixels; too many words are cut short."""
    size = max(round(height), 8)
    low = min(size, round(least))
    wide = width_of(words, size)
    if wide > room:
        size = max(low, math.floor(size * room / max(wide, 1)))
    return size, cut(words, size, room)


def cut(words: str, height: int, room: float) -> str:
    """As many of the words as fit, with dots where some are left out."""
    if width_of(words, height) <= room:
        return words
    kept = len(words)
    while kept and width_of(words[:kept].rstrip() + "...", height) > room:
        kept -= 1
    return words[:kept].rstrip() + "..." if kept else ""


def write_fitting(
    surface: pygame.Surface,
    words: str,
    area: pygame.Rect,
    height: float,
    colour: Colour,
    anchor: str = "midleft",
) -> pygame.Rect:
    """Words within an area, made smaller and then cut short where they are too long."""
    size, shown = fit_text(words, height, area.width)
    return write(surface, shown, getattr(area, anchor), size, colour, anchor)


@functools.lru_cache(maxsize=128)
def wrapped(words: str, height: int, room: int) -> tuple[str, ...]:
    """Words in lines of at most `room` pixels."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, height) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return tuple(cut(line, height, room) for line in lines)


def paragraph(
    surface: pygame.Surface,
    words: str,
    area: pygame.Rect,
    height: int,
    colour: Colour,
    centred: bool = False,
) -> int:
    """Words in lines from the top of an area, as many as fit; returns where they end, in pixels."""
    y, step = area.top, round(height * 1.25)
    for line in wrapped(words, height, area.width):
        if y + step > area.bottom:
            break
        x = area.centerx if centred else area.left
        write(surface, line, (x, y + step / 2), height, colour, "center" if centred else "midleft")
        y += step
    return y


# ------------------------------------------------------------------ keys


Hint = tuple[Sequence[str], str]  # keys, and what they do


def hint_width(hint: Hint, high: int) -> float:
    """How wide `draw_hints` draws one hint, with the gap after it."""
    keys = sum(key_width(name, high) + high * 0.18 for name in hint[0])
    return keys + high * 0.2 + width_of(hint[1], round(high * 0.68)) + high * 0.9


def hint_rows(hints: Sequence[Hint], room: float, high: int) -> list[list[Hint]]:
    """Hints in as many lines as they need."""
    rows: list[list[Hint]] = [[]]
    for hint in hints:
        used = sum(hint_width(other, high) for other in rows[-1])
        if rows[-1] and used + hint_width(hint, high) - high * 0.9 > room:
            rows.append([])
        rows[-1].append(hint)
    return rows


def draw_hints(
    surface: pygame.Surface, hints: Sequence[Hint], area: pygame.Rect, high: int, centred: bool
) -> int:
    """Keys and what they do, in as many lines as they need; returns where they end, in pixels."""
    y = area.top
    for row in hint_rows(hints, area.width, high):
        wide = sum(hint_width(hint, high) for hint in row) - high * 0.9
        x = area.centerx - wide / 2 if centred else area.left
        for keys, what in row:
            for name in keys:
                x = draw_key(surface, name, x, y + high / 2, high).right + high * 0.18
            write(surface, what, (x + high * 0.2, y + high / 2), round(high * 0.68), QUIET)
            x += high * 0.2 + width_of(what, round(high * 0.68)) + high * 0.9
        y += round(high * 1.35)
    return y


# ------------------------------------------------------------------ figures


def number(value: float) -> str:
    """Whole if it is, else with as many digits as one can read at a glance."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"


def bar(
    surface: pygame.Surface,
    area: pygame.Rect,
    part: float,
    colour: Colour,
    limit: float | None = None,
    zero: float = 0.0,
) -> None:
    """A bar of which a part is filled from its zero on, and a mark where its limit is.

    Args:
        surface: to draw on.
        area: of the whole bar.
        part: of the bar's length; to the left of zero if negative.
        colour: of the part.
        limit: where the mark is, from 0 to 1; none if None.
        zero: where 0 is, from 0 to 1.
    """
    corner = max(1, area.height // 2)
    pygame.draw.rect(surface, LINE, area, border_radius=corner)
    ends = sorted(min(max(end, 0.0), 1.0) for end in (zero, zero + part))
    left, right = (area.left + round(area.width * end) for end in ends)
    if right > left:
        full = pygame.Rect(left, area.top, max(right - left, area.height), area.height)
        pygame.draw.rect(surface, colour, full.clamp(area), border_radius=corner)
    if limit is not None:
        x = area.left + round(area.width * min(max(limit, 0.0), 1.0))
        surface.fill(BRIGHT, (x - 1, area.top - 3, 3, area.height + 6))


def _star(canvas: Canvas, full: bool) -> None:
    turns = [math.tau * k / 10 for k in range(10)]
    radii = [0.46 if k % 2 == 0 else 0.2 for k in range(10)]
    points = [(r * math.sin(a), -r * math.cos(a) + 0.03) for a, r in zip(turns, radii, strict=True)]
    canvas.shape(points, ACCENT if full else LINE)


def draw_stars(
    surface: pygame.Surface, middle: tuple[float, float], size: int, rating: int | None
) -> None:
    """Five stars around a point, the first `rating` of them lit."""
    for k in range(5):
        x = middle[0] + (k - 2) * size * 1.15
        place(surface, sprite(_star, size, 1.0, k < (rating or 0)), x, middle[1])
