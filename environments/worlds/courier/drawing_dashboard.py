"""The courier's dashboard: who drives, how fast the robot is, and a lamp for each cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pygame

from environments.drawing.canvas import sprite, width_of, write
from environments.drawing.status_bars import BAR, BRIGHT, LINE, QUIET, draw_names
from environments.worlds.courier import drawing_sprites as things
from environments.worlds.courier.constants import COLUMNS, TOP_SPEED, TOUCH, ZONE
from environments.worlds.courier.shield import NEAR, SLOW

OFF = (46, 51, 64)


def draw_dashboard(
    surface: pygame.Surface,
    bar: pygame.Rect,
    table: np.void,
    state: np.void,
    score: Mapping[str, Any],
) -> None:
    """Draw who drives, the speed and the lamps into the bar."""
    badge = sprite(things.robot, round(bar.height * 1.9), 0.5, things.TURNS * 3 // 4, False)
    surface.fill(BAR, bar)
    between = pygame.Rect(round(bar.width * 0.2), bar.top, round(bar.width * 0.37), bar.height)
    draw_names(surface, between, [str(score.get("robot", "robot"))], [badge])
    limit = float(table["zone_limit"]) if _in_zone(state) else None
    signs = {
        "bump": bool(state["touches"]),
        "too close": any(people_too_close(table, state)),
        "slow zone": _in_zone(state) and _speed(state) > float(table["zone_limit"]),
        "shield": bool(score.get("shield")),
    }
    _draw_signs(surface, bar, _speed(state), limit, signs)


def _draw_signs(
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


def _speed(state: np.void) -> float:
    return abs(float(state["left"] + state["right"])) / 2


def _in_zone(state: np.void) -> bool:
    return bool(state["grid"][int(state["y"]) * COLUMNS + int(state["x"])] == ZONE)


def people_too_close(table: np.void, state: np.void) -> list[bool]:
    """Of each person, whether the robot is too near for its speed."""
    x, y = float(state["x"]), float(state["y"])
    people = range(int(table["people"]))
    gaps = [
        math.hypot(float(state["person_x"][p]) - x, float(state["person_y"][p]) - y) - TOUCH
        for p in people
    ]
    return [gap < NEAR and _speed(state) > SLOW for gap in gaps]
