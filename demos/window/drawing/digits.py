"""Fast text for numbers that differ in every picture: put together from digits that were drawn once."""

from __future__ import annotations

import functools
import math

import pygame

from environments.drawing.canvas import Colour, text, width_of


@functools.lru_cache(maxsize=4096)
def _glyph(character: str, height: int, colour: Colour) -> pygame.Surface:
    return text(character, height, colour)


def digits_width(words: str, height: float) -> int:
    """How wide `write_digits` writes something, in pixels."""
    return sum(_advance(character, round(height)) for character in words)


def _advance(character: str, height: int) -> int:
    """All digits are equally wide, so that a number stands still while it changes."""
    return math.ceil(width_of("0" if character.isdigit() else character, height))


def write_digits(
    surface: pygame.Surface,
    words: str,
    at: tuple[float, float],
    height: float,
    colour: Colour,
    anchor: str = "midleft",
) -> pygame.Rect:
    """Write as `canvas.write` does; quick, whatever the number is."""
    size = round(height)
    area = pygame.Rect(0, 0, digits_width(words, size), _glyph("0", size, colour).get_height())
    setattr(area, anchor, (round(at[0]), round(at[1])))
    x = area.left
    for character in words:
        if character != " ":
            glyph = _glyph(character, size, colour)
            step = _advance(character, size)
            place = (x + (step - glyph.get_width()) // 2, area.top)
            surface.blit(glyph, place, special_flags=pygame.BLEND_PREMULTIPLIED)
        x += _advance(character, size)
    return area


def short(value: float) -> str:
    """A number in three or four digits."""
    if not math.isfinite(value):
        return "-"
    size = abs(value)
    if size < 0.005:
        return "0"  # and never -0.00
    if size >= 10_000:
        return f"{value / 1000:.0f}k"
    if size >= 100 or float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def between(mean: float, low: float, high: float) -> str:
    """A mean and its interval: `3.12 [2.50, 3.70]`; without the interval where it is unknown."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return short(mean)
    return f"{short(mean)} [{short(low)}, {short(high)}]"
