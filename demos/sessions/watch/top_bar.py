"""The bar above the games of a viewer: how it goes, who plays, and where in time this is."""

from __future__ import annotations

import pygame

from demos.sessions.match.match import Match
from demos.sessions.match.watch_state import Side
from demos.sessions.watch.viewer import Viewer
from demos.window.drawing.digits import write_digits
from demos.window.drawing.widgets import (
    ACCENT,
    BRIGHT,
    LINE,
    PANEL,
    QUIET,
    WARN,
    number,
    write_fitting,
)
from environments.drawing.canvas import Colour, width_of, write


def draw_top(surface: pygame.Surface, area: pygame.Rect, viewer: Viewer) -> None:
    """How it goes, who plays, and where in time this is."""
    match = viewer.main.match
    surface.fill(PANEL, area)
    high, gap, y = area.height, round(area.height * 0.3), area.centery - 2
    right = _draw_time(surface, area, y, viewer)
    star = viewer.world.north_star
    x = area.left + gap
    told = number(match.total(star, match.seat))
    x = write_digits(surface, told, (x, y), 0.74 * high, BRIGHT).right + gap // 2
    named = star.replace("_", " ")
    x = write(surface, named, (x, y + 0.07 * high), 0.4 * high, QUIET).right + gap
    room = pygame.Rect(round(x), area.top, round(right - x - gap), high - 4)
    if room.width > high:
        write_fitting(surface, _who(viewer), room, 0.46 * high, ACCENT)
    thick = max(3, round(high * 0.06))
    _, part = steps_of(match)
    surface.fill(LINE, (area.left, area.bottom - thick, area.width, thick))
    surface.fill(ACCENT, (area.left, area.bottom - thick, round(area.width * part), thick))


def steps_of(match: Match) -> tuple[str, float]:
    """How far a game is, in words and as a part of it; where its length is not known, the steps and 0."""
    if not match.limited:
        return str(match.steps), 0.0
    return f"{match.steps} of {match.horizon}", match.steps / max(match.horizon, 1)


def _who(viewer: Viewer) -> str:
    """Who is watched, with whom."""
    cast, entrant = viewer.cast, viewer.main.entrant
    words = entrant.name if cast.run is None else f"{entrant.name} of {cast.run.name}"
    if len(viewer.world.agents) > 1:
        how = "against" if cast.rivals else "with"
        words += f" {how} {cast.partner_name or 'itself'}"
    return words


def _draw_time(surface: pygame.Surface, area: pygame.Rect, y: float, viewer: Viewer) -> float:
    """Step, speed and seed, and whether time runs; returns where they begin, in pixels."""
    match, high = viewer.main.match, area.height
    x = area.right - area.height * 0.3
    size = 0.44 * high
    for words, colour in (
        (steps_of(match)[0], BRIGHT),
        (f"seed {viewer.seed}", QUIET),
        (f"x{viewer.pace.speed:g}", QUIET if viewer.pace.speed == 1 else ACCENT),
    ):
        x = write_digits(surface, words, (x, y), size, colour, "midright").left - high * 0.32
    mark = round(0.32 * high)
    box = pygame.Rect(0, 0, mark, mark)
    box.midright = (round(x), round(y))
    if viewer.pace.playing:
        pygame.draw.polygon(surface, QUIET, [box.topleft, (box.right, box.centery), box.bottomleft])
    else:
        for left in (box.left, box.right - mark // 3):
            surface.fill(ACCENT, (left, box.top, mark // 3, mark))
    x = box.left - high * 0.3
    if viewer.display.filming:
        pygame.draw.circle(surface, WARN, (round(x - mark / 2), round(y)), mark // 2)
        x -= mark + high * 0.2
    return x


def draw_title(
    surface: pygame.Surface, area: pygame.Rect, viewer: Viewer, side: Side, colour: Colour
) -> None:
    """Above one of two games: who plays, and how far it has come."""
    surface.fill((36, 40, 52), area)
    match, star = side.match, viewer.world.north_star
    size, pad = round(area.height * 0.66), area.height // 3
    dot = (area.left + pad + 3, area.centery)
    pygame.draw.circle(surface, colour, dot, max(4, area.height // 6))
    named = star.replace("_", " ")
    wide = width_of(named, size)
    write(surface, named, (area.right - pad, area.centery), size, QUIET, "midright")
    at = area.right - pad - wide - 6, area.centery
    told = number(match.total(star, match.seat))
    left = write_digits(surface, told, at, size, BRIGHT, "midright").left
    x = dot[0] + area.height // 3
    room = pygame.Rect(x, area.top, left - x - 6, area.height)
    write_fitting(surface, side.entrant.name, room, size, BRIGHT)
