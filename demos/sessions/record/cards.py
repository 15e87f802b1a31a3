"""Cards over a game: the title, the countdown, the pause, the result."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pygame

from demos.sessions.game.phases import COUNTDOWN, Phase
from demos.sessions.record.result_card import draw_result
from demos.sessions.record.session import RecordSession
from demos.sessions.record.title_card import draw_title
from demos.window.drawing.widgets import (
    ACCENT,
    BRIGHT,
    LINE,
    SHADE,
    Hint,
    card,
    dim,
    draw_hints,
    hint_rows,
    paragraph,
    unit,
    wrapped,
    write_fitting,
)
from environments.drawing.canvas import Canvas, place, sprite, write

PAUSED: Sequence[Hint] = (
    (("P",), "play on"),
    (("Enter",), "finish"),
    (("R",), "discard and restart"),
    (("Esc",), "end"),
)


def draw_cards(
    surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession, now: float
) -> None:
    """What belongs over the game now; `area` is where that is drawn."""
    phase = recorder.phase
    if phase is Phase.TITLE:
        dim(surface, surface.get_rect(), 190)
        draw_title(surface, recorder)
    elif phase is Phase.COUNTDOWN:
        dim(surface, area, 90)
        _draw_countdown(surface, area, recorder.countdown(now))
    elif phase is Phase.PAUSE:
        dim(surface, area)
        _draw_pause(surface, area, recorder)
    elif phase is Phase.CARD:
        dim(surface, surface.get_rect(), 190)
        draw_result(surface, recorder)


def _digit(canvas: Canvas, part: float) -> None:
    canvas.disc(0, 0, 0.46, SHADE)
    canvas.ring(0.43, 0.055, LINE)
    if part > 0:
        canvas.ring(0.43, 0.055, ACCENT, part)


def _draw_countdown(surface: pygame.Surface, area: pygame.Rect, left: float) -> None:
    size = round(min(area.size) * 0.36)
    whole = math.ceil(min(left, COUNTDOWN))
    part = round((left - whole + 1) * 24) / 24  # in steps, so that few sprites are kept
    place(surface, sprite(_digit, size, 1.0, max(part, 0.0)), *area.center)
    at = area.centerx, area.centery + size * 0.02
    write(surface, str(max(whole, 1)), at, size * 0.62, BRIGHT, "center")


def _draw_pause(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    scale = unit(surface)
    wide = min(area.width - round(16 * scale), round(430 * scale))
    room = wide - round(36 * scale)
    size, head, key = round(18 * scale), round(44 * scale), round(22 * scale)
    words = len(wrapped(recorder.reason, size, room)) if recorder.reason else 0
    keys = hint_rows(PAUSED, room, key)
    high = head + words * round(1.25 * size) + len(keys) * round(1.35 * key) + round(52 * scale)
    box = pygame.Rect(0, 0, wide, high)
    box.center = area.center
    card(surface, box)
    inside = box.inflate(-round(36 * scale), -round(34 * scale))
    title = pygame.Rect(inside.left, inside.top, room, round(34 * scale))
    write_fitting(surface, "Paused", title, 34 * scale, BRIGHT, "center")
    y = inside.top + head
    if recorder.reason:
        body = pygame.Rect(inside.left, y, room, inside.height)
        y = paragraph(surface, recorder.reason, body, size, ACCENT, centred=True)
    rows = pygame.Rect(inside.left, y + round(12 * scale), room, inside.height)
    draw_hints(surface, PAUSED, rows, key, centred=True)
