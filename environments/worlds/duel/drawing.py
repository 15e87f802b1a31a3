"""Draws a duel: the arena, who is in it and what they see, shots on their way, and how both stand.

What may stand in `score`, and is shown if it does:

    title                     a line at the top
    fighter_0, fighter_1      who acts: "refined agent", a person's name
    seat                      for whom it is drawn: then only what that fighter can know is shown
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pygame

from environments.worlds.duel.drawing_arena import ArenaView
from environments.worlds.duel.drawing_panels import StatusPanel, draw_top
from environments.worlds.duel.drawing_scene import Scene

BACKGROUND = (38, 42, 53)


def draw_duel(
    surface: pygame.Surface, table: np.void, state: np.void, score: Mapping[str, Any]
) -> None:
    """Draw a state on a surface of any size; 640x480 and up is clear to a person."""
    surface.fill(BACKGROUND)
    plan, top = layout(surface.get_size())
    Scene(surface, plan, table, state, score.get("seat")).draw()
    wide, high = surface.get_size()
    draw_top(surface, pygame.Rect(0, 0, wide, top), table, state, score)
    for n in range(2):
        left, right = (0, plan.area.left) if n == 0 else (plan.area.right, wide)
        area = pygame.Rect(left, top, right - left, high - top)
        if n == score.get("seat", n) or state["sees"][1 - n]:
            StatusPanel(surface, area, n).draw(table, state, score)
        else:
            StatusPanel(surface, area, n).draw_unknown(score)


def place_at(pointer: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
    """Metres of a place of a picture of a size, given as 0..1 from its left and top."""
    plan = layout(size)[0]
    return plan.place(pointer[0] * (size[0] - 1), pointer[1] * (size[1] - 1))


def layout(size: tuple[int, int]) -> tuple[ArenaView, int]:
    """Where the arena is on a picture of a size, and how high the bar above it is."""
    wide, high = size
    top = round(min(high * 0.1, 84))
    side = max(40, min(high - top - 8, round(wide * 0.68)))
    area = pygame.Rect((wide - side) // 2, top + (high - top - side) // 2, side, side)
    return ArenaView(area), top
