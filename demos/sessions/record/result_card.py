"""The result card: what was reached, every term and cost, and what to do with the game."""

from __future__ import annotations

from collections.abc import Sequence

import pygame

from demos.sessions.record.session import RecordSession
from demos.sessions.record.term_lines import Line, draw_lines, figures
from demos.window.drawing.widgets import (
    ACCENT,
    BRIGHT,
    GREEN,
    LINE,
    QUIET,
    Hint,
    card,
    draw_hints,
    draw_stars,
    number,
    unit,
    write_fitting,
)
from demos.window.pacing import Pacer
from environments.drawing.canvas import write

RESULT: Sequence[Hint] = (
    (("Enter",), "keep"),
    (("R",), "discard"),
    (("1-5",), "rate"),
    (("Backspace",), "undo the last kept"),
    (("Esc",), "keep and end"),
)


def draw_result(surface: pygame.Surface, recorder: RecordSession) -> None:
    """The card after a game, on which it is kept or thrown away."""
    scale, whole = unit(surface), surface.get_rect()
    wide = min(whole.width - 24, round(620 * scale))
    lines = list(figures(recorder))
    costs = sum(line.is_cost for line in lines)
    rows = max(len(lines) - costs, costs + 1)
    head, foot = round(58 * scale), round(100 * scale)
    wanted = head + rows * round(34 * scale) + foot + round(92 * scale)
    area = pygame.Rect(0, 0, wide, min(whole.height - 24, wanted))
    area.center = whole.center
    card(surface, area)
    inside = area.inflate(-round(44 * scale), -round(34 * scale))
    _draw_headline(surface, inside, recorder)
    y = inside.top + head
    surface.fill(LINE, (inside.left, y, inside.width, 2))
    y += round(8 * scale)
    low = pygame.Rect(inside.left, inside.bottom - foot, inside.width, foot)
    middle = pygame.Rect(inside.left, y, inside.width, low.top - y - round(6 * scale))
    _draw_sums(surface, middle, recorder, lines)
    surface.fill(LINE, (inside.left, low.top, inside.width, 2))
    size = round(30 * scale)
    draw_stars(surface, (low.centerx, low.top + 30 * scale), size, recorder.rating)
    keys = pygame.Rect(low.left, low.top + round(60 * scale), low.width, foot)
    draw_hints(surface, RESULT, keys, round(22 * scale), centred=True)


def _draw_headline(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    """What was reached, and in how long."""
    scale, game, pacer = unit(surface), recorder.game, recorder.pacer
    world, seat = game.world, recorder.recording.people[0].seat
    high, y = round(54 * scale), area.top + 24 * scale
    star = number(game.total(world.north_star, seat))
    right = write(surface, star, (area.left, y), high, BRIGHT).right + round(8 * scale)
    named = world.north_star.replace("_", " ")
    at = right, y + high * 0.1
    right = write(surface, named, at, 26 * scale, QUIET).right + round(26 * scale)
    lines = [
        f"{recorder.reason} after {game.steps * pacer.tick:.1f} s, {game.steps} steps",
        _pace(pacer, recorder.marks),
    ]
    room = area.right - right
    for k, line in enumerate(lines):
        row = pygame.Rect(right, round(y + (k - 1) * 22 * scale), room, round(22 * scale))
        write_fitting(surface, line, row, 18 * scale, (BRIGHT, QUIET)[k], "midright")


def pace_words(pacer: Pacer) -> str:
    """How many steps came late, as `gpo demos info` counts them, and how many were left out."""
    words = f"{pacer.late} late tick{'s' * (pacer.late != 1)}"
    return f"{words}, {pacer.skipped} left out" if pacer.skipped else words


def _pace(pacer: Pacer, marks: int) -> str:
    words = pace_words(pacer)
    return f"{words}, {marks} mark{'s' if marks > 1 else ''}" if marks else words


def _draw_sums(
    surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession, lines: Sequence[Line]
) -> None:
    """Terms on the left, costs and the score on the right."""
    scale = unit(surface)
    gap, heading = round(28 * scale), round(22 * scale)
    groups = [[line for line in lines if line.is_cost is kind] for kind in (False, True)]
    wide = (area.width - gap) // 2
    for k, group in enumerate(groups):
        column = pygame.Rect(area.left + k * (wide + gap), area.top, wide, area.height)
        row = min(round(34 * scale), (area.height - heading) // max(len(group), 1))
        if row < 16:
            group, row = group[: (area.height - heading) // 16], 16
        y = draw_lines(surface, column, group, row, heading) if group else column.top
        if k == 1:
            people = recorder.recording.people
            scores = " | ".join(number(recorder.game.score[p.seat]) for p in people)
            line = pygame.Rect(column.left, y + round(6 * scale), column.width, round(24 * scale))
            if line.bottom <= area.bottom:
                write_fitting(surface, "score", line, 19 * scale, QUIET)
                write(surface, scores, line.midright, 19 * scale, ACCENT, "midright")
            if not group:
                note = pygame.Rect(line.left, line.bottom, line.width, round(26 * scale))
                write_fitting(surface, "this world names no costs", note, 16 * scale, GREEN)
