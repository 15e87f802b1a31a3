"""Overlays of a game that is watched: its end, a sentence, the keys, and a seed that is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pygame

from demos.sessions.watch.keys import HELP, PANEL_NAMES
from demos.window.drawing.digits import write_digits
from demos.window.drawing.keycaps import draw_key, key_width
from demos.window.drawing.widgets import (
    ACCENT,
    BRIGHT,
    LINE,
    QUIET,
    RAISED,
    WARN,
    card,
    dim,
    number,
    unit,
    wrapped,
    write_fitting,
)
from environments.drawing.canvas import width_of, write

if TYPE_CHECKING:
    from demos.sessions.game.phases import Message
    from demos.sessions.watch.viewer import Viewer


def draw_end(surface: pygame.Surface, area: pygame.Rect, viewer: Viewer) -> None:
    """How the game ended."""
    match, star = viewer.main.match, viewer.world.north_star.replace("_", " ")
    scale = unit(surface)
    size = round(30 * scale)
    reached = [
        number(side.match.total(viewer.world.north_star, side.match.seat)) for side in viewer.sides
    ]
    words = f"{' : '.join(reached)} {star}"
    over = match.ending
    wide = max(width_of(words, size), width_of(over, size // 2)) + 2 * size
    box = pygame.Rect(0, 0, min(round(wide), area.width - 8), round(size * 2.6))
    box.center = area.center
    card(surface, box)
    upper = pygame.Rect(box.left + size // 2, box.top + size // 3, box.width - size, size)
    write_fitting(surface, words, upper, size, BRIGHT, "center")
    lower = pygame.Rect(upper.left, upper.bottom + size // 4, upper.width, size // 2)
    write_fitting(surface, over, lower, size // 2, QUIET, "center")


def draw_toast(surface: pygame.Surface, area: pygame.Rect, message: Message | None) -> None:
    """The sentence of the moment, at the foot of the game."""
    if message is None:
        return
    size = round(17 * unit(surface))
    lines = wrapped(message.words, size, area.width - 3 * size)
    wide = max(width_of(line, size) for line in lines) + 2 * size
    high = round(size * 1.3) * len(lines) + size
    box = pygame.Rect(0, 0, round(wide), high)
    box.midbottom = (area.centerx, area.bottom - size // 2)
    pygame.draw.rect(surface, WARN if message.warning else LINE, box.inflate(4, 4), border_radius=9)
    pygame.draw.rect(surface, RAISED, box, border_radius=8)
    for k, line in enumerate(lines):
        y = box.top + size / 2 + round(size * 1.3) * (k + 0.5)
        write(surface, line, (box.centerx, y), size, BRIGHT, "center")


def draw_seed(surface: pygame.Surface, area: pygame.Rect, typed: str) -> None:
    """A seed is being typed."""
    scale = unit(surface)
    box = pygame.Rect(0, 0, min(round(300 * scale), area.width - 8), round(96 * scale))
    box.center = area.center
    card(surface, box)
    size = round(30 * scale)
    line = pygame.Rect(box.left, box.top + size // 2, box.width, size)
    words = f"seed {typed}"
    at = write_digits(surface, words, line.center, size, BRIGHT, "center")
    surface.fill(ACCENT, (at.right + 3, at.top, max(2, size // 12), at.height))
    high, y = round(20 * scale), box.bottom - round(24 * scale)
    x = box.centerx - round(85 * scale)
    for key, what in (("return", "go"), ("escape", "leave it")):
        x = draw_key(surface, key, x, y, high).right + high // 3
        x = write(surface, what, (x, y), round(high * 0.75), QUIET).right + high


def draw_help(surface: pygame.Surface) -> None:
    """All keys on a card."""
    dim(surface, surface.get_rect(), 150)
    scale = unit(surface)
    high = round(18 * scale)
    row, pad = round(high * 1.22), round(20 * scale)
    panels = -(-len(PANEL_NAMES) // 4)
    tall = (len(HELP) + panels) * row + round(2.6 * high) + 2 * pad
    box = pygame.Rect(0, 0, min(round(440 * scale), surface.get_width() - 16), tall)
    box.center = surface.get_rect().center
    card(surface, box)
    inside = box.inflate(-2 * pad, -2 * pad)
    head = pygame.Rect(inside.left, inside.top, inside.width, round(1.3 * high))
    write_fitting(surface, "Watching", head, 1.3 * high, BRIGHT)
    y = head.bottom + high // 2
    column = max(sum(key_width(k, high) + 4 for k in keys) for keys, _ in HELP) + high
    for keys, what in HELP:
        x = inside.left
        for key in keys:
            x = draw_key(surface, key, x, y + high / 2, high).right + 4
        room = pygame.Rect(inside.left + column, y, inside.width - column, high)
        write_fitting(surface, what, room, high * 0.76, QUIET)
        y += row
    y += high // 2
    share = inside.width // 4
    for k, name in enumerate(PANEL_NAMES):
        x, line = inside.left + (k % 4) * share, y + (k // 4) * row
        after = draw_key(surface, str(k + 1), x, line + high / 2, high).right + high // 4
        room = pygame.Rect(after, line, share - (after - x) - 4, high)
        write_fitting(surface, name, room, high * 0.76, QUIET)
