"""The display around a game that is played: how it goes, the time, terms and costs, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pygame

from demos.sessions.game.phases import Phase
from demos.sessions.record.session import RecordSession
from demos.sessions.record.term_lines import draw_lines, figures
from demos.window.drawing.widgets import (
    ACCENT,
    BACK,
    BRIGHT,
    GREEN,
    LINE,
    PANEL,
    QUIET,
    RAISED,
    WARN,
    Hint,
    draw_hints,
    hint_width,
    number,
    panel,
    unit,
    wrapped,
    write_fitting,
)
from environments.drawing.canvas import width_of, write
from environments.drawing.status_bars import HURRY_AT

KEYS: Sequence[Hint] = (
    (("Enter",), "finish"),
    (("P",), "pause"),
    (("R",), "restart"),
    (("M",), "mark"),
    (("Esc",), "end"),
    (("F11",), "full screen"),
)
MOST_ROWS = 14  # of terms and costs
SHIELDED = (86, 160, 255)  # the colour of a shield that acts, as the worlds draw it


class HudLayout(NamedTuple):
    """Where things stand on a surface."""

    top: pygame.Rect
    stage: pygame.Rect  # of the game
    side: pygame.Rect
    bottom: pygame.Rect


def hud_layout(surface: pygame.Surface) -> HudLayout:
    """The areas for a surface of any size from 640 x 480 on."""
    wide, high = surface.get_size()
    scale = unit(surface)
    gap, top, bottom = round(6 * scale), round(48 * scale), round(30 * scale)
    side = round(min(172 * scale, wide * 0.3))
    middle = pygame.Rect(gap, top + gap, wide - 2 * gap, high - top - bottom - 2 * gap)
    return HudLayout(
        pygame.Rect(0, 0, wide, top),
        pygame.Rect(middle.left, middle.top, middle.width - side - gap, middle.height),
        pygame.Rect(middle.right - side, middle.top, side, middle.height),
        pygame.Rect(gap, high - bottom, wide - 2 * gap, bottom),
    )


def draw_hud(surface: pygame.Surface, recorder: RecordSession) -> HudLayout:
    """Everything but the game itself; returns where that is to be drawn."""
    places = hud_layout(surface)
    surface.fill(BACK)
    _draw_top(surface, places.top, recorder)
    panel(surface, places.side)
    _draw_side(surface, places.side, recorder)
    high = round(places.bottom.height * 0.68)
    keys = list(KEYS)
    while keys and sum(hint_width(key, high) for key in keys) > places.bottom.width + high:
        keys.pop()
    row = pygame.Rect(places.bottom.move(0, (places.bottom.height - high) // 2))
    draw_hints(surface, keys, row, high, centred=True)
    return places


def draw_message(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    """The sentence of the moment, at the foot of the game."""
    message = recorder.message
    if message is None:
        return
    size = round(19 * unit(surface))
    room = area.width - 3 * size
    lines = wrapped(message.words, size, room)
    wide = max(width_of(line, size) for line in lines) + 2 * size
    high = round(size * 1.3) * len(lines) + size
    box = pygame.Rect(0, 0, round(wide), high)
    box.midbottom = (area.centerx, area.bottom - size // 2)
    pygame.draw.rect(surface, WARN if message.warning else LINE, box.inflate(4, 4), border_radius=9)
    pygame.draw.rect(surface, RAISED, box, border_radius=8)
    for k, line in enumerate(lines):
        y = box.top + size / 2 + round(size * 1.3) * (k + 0.5)
        write(surface, line, (box.centerx, y), size, BRIGHT, "center")


# ------------------------------------------------------------------ above


def _draw_top(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    game, world = recorder.game, recorder.game.world
    surface.fill(PANEL, area)
    seat = recorder.recording.people[0].seat
    high, y, gap = area.height, area.centery - 2, round(area.height * 0.34)
    x = area.left + gap
    star = number(game.total(world.north_star, seat))
    x = write(surface, star, (x, y), 0.8 * high, BRIGHT).right + gap // 3
    named = world.north_star.replace("_", " ")
    x = write(surface, named, (x, y + 0.08 * high), 0.42 * high, QUIET).right + gap
    if world.weights != {world.north_star: 1.0}:
        x = write(surface, number(game.score[seat]), (x, y), 0.6 * high, ACCENT).right + gap // 3
        x = write(surface, "score", (x, y + 0.05 * high), 0.38 * high, QUIET).right + gap
    seconds, part = clock_of(recorder)
    hurry = game.limited and seconds <= HURRY_AT and recorder.phase is Phase.PLAY
    clock = f"{round(seconds) // 60}:{round(seconds) % 60:02d}"
    colour = WARN if hurry else BRIGHT
    right = write(surface, clock, (area.right - gap, y), 0.72 * high, colour, "midright").left
    room = pygame.Rect(round(x), area.top, round(right - gap - x), high - 4)
    _draw_counts(surface, room, recorder)
    thick = max(3, round(high * 0.07))
    surface.fill(LINE, (area.left, area.bottom - thick, area.width, thick))
    left = (area.left, area.bottom - thick, round(area.width * part), thick)
    surface.fill(WARN if hurry else ACCENT, left)


def clock_of(recorder: RecordSession) -> tuple[float, float]:
    """Seconds to come, and their part of the game; seconds gone by, and 0, where its length is not known."""
    game = recorder.game
    if not game.limited:
        return game.steps * recorder.pacer.tick, 0.0
    ticks = max(game.horizon - game.steps, 0)
    return ticks * recorder.pacer.tick, ticks / max(game.horizon, 1)


def _draw_counts(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    """Which game this is, and what became of those before."""
    kept, thrown = len(recorder.keeper.kept), recorder.keeper.discarded
    number_now = kept + thrown + (recorder.phase is not Phase.OVER)
    aim = f"{recorder.aim}    " if recorder.aim else ""
    words = f"{aim}game {number_now}    kept {kept}    discarded {thrown}"
    write_fitting(surface, words, area, 0.4 * area.height, QUIET, "midright")


# ------------------------------------------------------------------ beside


def _draw_side(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    scale = unit(surface)
    inside = area.inflate(-round(20 * scale), -round(16 * scale))
    shielded = recorder.game.overruling(recorder.recording.people[0].seat) is not None
    foot = round((69 if shielded else 46) * scale)
    lines = list(figures(recorder))[:MOST_ROWS]
    headings = round(22 * scale)
    room = inside.height - foot - 2 * headings
    row = min(round(33 * scale), room // max(len(lines), 1))
    draw_lines(surface, inside, lines, row, headings)
    rows = pygame.Rect(inside.left, inside.bottom - foot, inside.width, round(46 * scale))
    _draw_pace(surface, rows, recorder)
    if shielded:
        last = pygame.Rect(inside.left, rows.bottom, inside.width, foot - rows.height)
        _draw_shield(surface, last, recorder)


def _draw_shield(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    """How often the shield or the action mask has stepped in so far; lit while it does."""
    seat, size = recorder.recording.people[0].seat, round(area.height * 0.76)
    acts = recorder.game.shield_acted(seat)
    words, count = recorder.game.overruling(seat) or ("", 0)
    write_fitting(surface, words, area, size, SHIELDED if acts else QUIET)
    write(surface, str(count), area.midright, size, SHIELDED if acts else BRIGHT, "midright")


def _draw_pace(surface: pygame.Surface, area: pygame.Rect, recorder: RecordSession) -> None:
    """How many steps a second there really are, and how many came late."""
    pacer = recorder.pacer
    size = round(area.height * 0.38)
    upper = pygame.Rect(area.left, area.top, area.width, area.height // 2)
    lower = upper.move(0, area.height // 2)
    wanted = 1 / pacer.tick
    rate = f"{pacer.rate:.1f}" if pacer.rate else "-"
    write_fitting(surface, "steps a second", upper, size, QUIET)
    write(surface, f"{rate} of {wanted:.3g}", upper.midright, size, BRIGHT, "midright")
    late = f"{pacer.late}, {pacer.skipped} left out" if pacer.skipped else f"{pacer.late}"
    write_fitting(surface, "late ticks", lower, size, QUIET)
    colour = WARN if pacer.late or pacer.skipped else GREEN
    write(surface, late, lower.midright, size, colour, "midright")
