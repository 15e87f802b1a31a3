"""Status bars above and below a game: points, what was made, time left, and who plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pygame

from environments.drawing.canvas import place, width_of, write

BAR, LINE = (28, 31, 40), (58, 64, 80)
BRIGHT, QUIET = (244, 245, 248), (160, 168, 186)
TIME, HURRY = (255, 196, 61), (255, 112, 84)
HURRY_AT = 10.0  # s left


def draw_standing(
    surface: pygame.Surface,
    bar: pygame.Rect,
    score: Mapping[str, Any],
    made: pygame.Surface,
    seconds: float,
    part: float,
) -> None:
    """The bar at the top: `made` pictures what is counted, `part` of the time is left."""
    surface.fill(BAR, bar)
    hurry = seconds <= HURRY_AT
    high, y = bar.height, bar.centery - bar.height * 0.03
    left = _draw_counts(surface, (bar.left + high * 0.35, y), high, score, made)
    at = bar.right - high * 0.35, y
    clock = f"{seconds:.0f} s"
    right = write(surface, clock, at, 0.62 * high, HURRY if hurry else BRIGHT, "midright").left
    if "title" in score:
        _draw_title(surface, str(score["title"]), (left, right), bar)
    thick = max(3, round(high * 0.06))
    surface.fill(LINE, (bar.left, bar.bottom - thick, bar.width, thick))
    remaining = (bar.left, bar.bottom - thick, round(bar.width * part), thick)
    surface.fill(HURRY if hurry else TIME, remaining)


def draw_names(
    surface: pygame.Surface,
    bar: pygame.Rect,
    names: Sequence[str],
    badges: Sequence[pygame.Surface],
) -> None:
    """The bar at the bottom: the players beside their pictures, evenly spread."""
    surface.fill(BAR, bar)
    share = bar.width / len(names)
    for k, (name, badge) in enumerate(zip(names, badges, strict=True)):
        room = share - 2.2 * bar.height
        height, words = _fitting(name, round(bar.height * 0.52), room)
        wide = width_of(words, height)
        x = bar.left + share * (k + 0.5) - wide / 2 + bar.height * 0.35
        place(surface, badge, x - bar.height * 0.58, bar.centery)
        write(surface, words, (x, bar.centery), height, BRIGHT)


def _draw_counts(
    surface: pygame.Surface,
    at: tuple[float, float],
    high: int,
    score: Mapping[str, Any],
    made: pygame.Surface,
) -> float:
    """Points and what was made, from `at` to the right; returns where they end."""
    x, y = at
    points, count = (
        score.get(a, score.get(b)) for a, b in (("score", "return"), ("soups", "soup"))
    )
    if points is not None:
        x = write(surface, _number(points), (x, y), 0.76 * high, BRIGHT).right + 0.12 * high
        x = write(surface, "points", (x, y + 0.06 * high), 0.38 * high, QUIET).right + 0.5 * high
    if count is not None:
        place(surface, made, x + 0.3 * high, y)
        x = write(surface, _number(count), (x + 0.75 * high, y), 0.62 * high, BRIGHT).right
    return x


def _draw_title(
    surface: pygame.Surface, title: str, between: tuple[float, float], bar: pygame.Rect
) -> None:
    """In the middle of the bar if it fits there, else in the middle of what is free."""
    margin = 0.4 * bar.height
    left, right = between[0] + margin, between[1] - margin
    height, words = _fitting(title, round(bar.height * 0.42), right - left)
    half = width_of(words, height) / 2
    x = min(max(bar.centerx, left + half), right - half)
    write(surface, words, (x, bar.centery - 0.03 * bar.height), height, QUIET, "center")


def _fitting(words: str, height: int, room: float) -> tuple[int, str]:
    """A height at which words fit into `room` pixels; too many words are cut short."""
    least = max(12, round(height * 0.6))
    while height > least and width_of(words, height) > room:
        height -= 1
    if width_of(words, height) <= room:
        return height, words
    kept = len(words)
    while kept and width_of(words[:kept].rstrip() + "...", height) > room:
        kept -= 1
    return height, words[:kept].rstrip() + "..." if kept else ""


def _number(value: float) -> str:
    """Whole if it is, else with one decimal."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.1f}"
