"""The pictures of a duel turned to where they look, and faded."""

from __future__ import annotations

import functools
import math
from typing import Any

import pygame

from environments.drawing.canvas import sprite
from environments.worlds.duel import drawing_sprites as things


@functools.lru_cache(maxsize=1024)
def _rotated(paint: Any, cell: int, span: float, degrees: int, *details: Any) -> pygame.Surface:
    return pygame.transform.rotozoom(sprite(paint, cell * 2, span, *details), degrees, 0.5)


def turned(paint: Any, cell: int, span: float, degrees: float, *details: Any) -> pygame.Surface:
    """A sprite that looks to the right, turned to the left; in steps of 3 degrees."""
    return _rotated(paint, cell, span, round(degrees / 3) * 3 % 360, *details)


def fighter_picture(cell: int, n: int, dx: float, dy: float) -> pygame.Surface:
    return turned(things.fighter, cell, 1.5, math.degrees(math.atan2(dy, dx)), n)


@functools.lru_cache(maxsize=512)
def faded(picture: pygame.Surface, alpha: int) -> pygame.Surface:
    """A premultiplied picture, more transparent."""
    faded = picture.copy()
    faded.fill((alpha, alpha, alpha, alpha), special_flags=pygame.BLEND_RGBA_MULT)
    return faded
