"""The frame around a game in the colour of who drives, and the label that says it."""

from __future__ import annotations

import pygame

from demos.data.episodes.episode import Actor
from demos.sessions.game.takeover import COLOURS
from demos.window.drawing.widgets import SHADE, unit
from environments.drawing.canvas import width_of, write

WORDS = {Actor.AGENT: "the agent drives", Actor.HUMAN: "you drive"}

REFUSED = ": not allowed now, replaced"


def draw_frame(
    surface: pygame.Surface,
    area: pygame.Rect,
    driver: Actor,
    labelled: bool = True,
    refused: bool = False,
) -> None:
    """Draw it; without its label only as a thin line. `refused`: what was asked for is not allowed now."""
    scale, colour = unit(surface), COLOURS[driver]
    corner = round(8 * scale)
    if not labelled:
        pygame.draw.rect(surface, colour, area, max(2, round(2 * scale)), border_radius=corner)
        return
    thick, size = (
        max(4, round(5 * scale)),
        round(14 * scale),
    )  # beside what worlds write in the corner
    pygame.draw.rect(surface, colour, area, thick, border_radius=corner)
    words = WORDS[driver] + (REFUSED if refused else "")
    label = pygame.Rect(
        area.left, area.top, round(width_of(words, size) + 1.5 * size), round(1.7 * size)
    )
    pygame.draw.rect(
        surface, colour, label, border_top_left_radius=corner, border_bottom_right_radius=corner
    )
    write(surface, words, label.center, size, SHADE, "center")
