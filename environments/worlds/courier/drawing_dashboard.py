"""The robot's dashboard: how fast it is, and a lamp for each thing that costs."""

from __future__ import annotations

from collections.abc import Mapping

import pygame

from environments.drawing.canvas import width_of, write
from environments.drawing.status_bars import BRIGHT, LINE, QUIET
from environments.worlds.courier import drawing_sprites as things
from environments.worlds.courier.constants import TOP_SPEED

OFF = (46, 51, 64)


def draw_signs(
    surface: pygame.Surface,
    bar: pygame.Rect,
    speed: float,
    limit: float | None,
    signs: Mapping[str, bool],
) -> None:
    """A speedometer at the left of the bar and the lamps at its right; `limit` is marked if there is one."""
    margin = round(bar.height * 0.35)
    gauge = pygame.Rect(0, 0, round(bar.width * 0.17), round(bar.height * 0.2))
    gauge.midleft = (bar.left + margin, bar.centery + round(bar.height * 0.18))
    write(
        surface,
        f"{speed:.1f} m/s",
        (gauge.left, bar.centery - bar.height * 0.17),
        bar.height * 0.4,
        BRIGHT,
    )
    pygame.draw.rect(surface, LINE, gauge, border_radius=gauge.height // 2)
    filled = gauge.copy()
    filled.width = round(gauge.width * min(speed / TOP_SPEED, 1.0))
    fast = limit is not None and speed > limit
    if filled.width > 1:
        colour = things.ALARM if fast else things.EYE
        pygame.draw.rect(surface, colour, filled, border_radius=gauge.height // 2)
    if limit is not None:
        x = gauge.left + round(gauge.width * limit / TOP_SPEED)
        pygame.draw.line(surface, BRIGHT, (x, gauge.top - 3), (x, gauge.bottom + 2), 2)
    _draw_lamps(surface, bar, signs, margin)


def _draw_lamps(
    surface: pygame.Surface, bar: pygame.Rect, signs: Mapping[str, bool], margin: int
) -> None:
    height = round(bar.height * 0.36)
    while sum(width_of(name, height) + 1.6 * height for name in signs) > bar.width * 0.42:
        height -= 1
        if height <= 8:
            break
    right: float = bar.right - margin
    for name, lit in reversed(list(signs.items())):
        wide = width_of(name, height) + height
        lamp = pygame.Rect(0, 0, round(wide), round(height * 1.7))
        lamp.midright = (round(right), bar.centery)
        on = things.SHIELD if name == "shield" else things.ALARM
        pygame.draw.rect(surface, on if lit else OFF, lamp, border_radius=lamp.height // 3)
        write(surface, name, lamp.center, height, BRIGHT if lit else QUIET, "center")
        right = lamp.left - height * 0.45
