"""What is laid over a game: the title with goal and keys, the countdown, the pause, the result, messages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pygame

from demos.clockwork import Clockwork
from demos.hud import Line, draw_lines, figures
from demos.keycaps import draw_key, key_width
from demos.recorder import COUNTDOWN, Phase, Recorder
from demos.recording import Person
from demos.widgets import (
    ACCENT,
    BRIGHT,
    GREEN,
    LINE,
    MINT,
    QUIET,
    SHADE,
    Hint,
    card,
    dim,
    draw_hints,
    draw_stars,
    hint_rows,
    number,
    paragraph,
    unit,
    wrapped,
    write_fitting,
)
from environments.drawings.canvas import Canvas, place, sprite, write
from environments.world import World

ROW = 36  # of a key and what it does, in pixels at 640 x 480
BEGIN: Sequence[Hint] = ((("Enter",), "begin"), (("Esc",), "end"), (("F11",), "full screen"))
PAUSED: Sequence[Hint] = (
    (("P",), "play on"),
    (("Enter",), "finish"),
    (("R",), "discard and restart"),
    (("Esc",), "end"),
)
RESULT: Sequence[Hint] = (
    (("Enter",), "keep"),
    (("R",), "discard"),
    (("1-5",), "rate"),
    (("Backspace",), "undo the last kept"),
    (("Esc",), "keep and end"),
)


def draw_cards(surface: pygame.Surface, area: pygame.Rect, recorder: Recorder, now: float) -> None:
    """What belongs over the game now; `area` is where that is drawn."""
    phase = recorder.phase
    if phase is Phase.TITLE:
        dim(surface, surface.get_rect(), 190)
        _draw_title(surface, recorder)
    elif phase is Phase.COUNTDOWN:
        dim(surface, area, 90)
        _draw_countdown(surface, area, recorder.countdown(now))
    elif phase is Phase.PAUSE:
        dim(surface, area)
        _draw_pause(surface, area, recorder)
    elif phase is Phase.CARD:
        dim(surface, surface.get_rect(), 190)
        _draw_result(surface, recorder)


# ------------------------------------------------------------------ before the game


def goal(world: World) -> str:
    """What a person is to do, in a sentence or two."""
    meaning = world.terms[world.north_star]
    if world.north_star == "return":
        sentence = "Earn the highest return that you can: it is what the environment itself gives."
    else:
        sentence = f"As much {world.north_star.replace('_', ' ')} as you can: {meaning}."
    if world.costs:
        avoided = ", ".join(name.replace("_", " ") for name in world.costs)
        sentence += f" Avoid: {avoided}."
    return sentence


def name_of(world: World) -> str:
    """The world's name as people say it: "Kitchen, cramped room"."""
    name = world.id.rpartition("/")[2]
    if world.id.startswith("gpo/"):
        name = name.partition("-")[0]
    layout = getattr(world.params, "layout", None)
    return f"{name}, {layout.replace('_', ' ')}" if isinstance(layout, str) else name


def _draw_title(surface: pygame.Surface, recorder: Recorder) -> None:
    scale, world = unit(surface), recorder.game.world
    whole, people = surface.get_rect(), recorder.recording.people
    wide = min(whole.width - 24, round(620 * scale))
    room, size = wide - round(44 * scale), round(18 * scale)
    head, foot = round(44 * scale), round(80 * scale)
    told = len(wrapped(goal(world), size, room)) * round(1.25 * size)
    rows = max(_lines_of_keys(person, len(people)) for person in people) + (len(people) > 1)
    wanted = head + told + rows * round(ROW * scale) + foot + round(74 * scale)
    area = pygame.Rect(0, 0, wide, min(whole.height - 24, wanted))
    area.center = whole.center
    card(surface, area)
    inside = area.inflate(-round(44 * scale), -round(36 * scale))
    title = pygame.Rect(inside.left, inside.top, room, head - round(6 * scale))
    write_fitting(surface, name_of(world), title, 38 * scale, BRIGHT)
    words = pygame.Rect(inside.left, inside.top + head, room, inside.height)
    y = paragraph(surface, goal(world), words, size, QUIET) + round(10 * scale)
    surface.fill(LINE, (inside.left, y, room, 2))
    y += round(10 * scale)
    low = pygame.Rect(inside.left, inside.bottom - foot, room, foot)
    keys = pygame.Rect(inside.left, y, room, low.top - y - round(8 * scale))
    _draw_people(surface, keys, people)
    surface.fill(LINE, (inside.left, low.top, room, 2))
    row = low.move(0, round(16 * scale))
    draw_hints(surface, BEGIN, row, round(26 * scale), centred=True)
    line = pygame.Rect(low.left, low.bottom - round(22 * scale), room, round(22 * scale))
    write_fitting(surface, _about(recorder), line, 16 * scale, QUIET, "center")


def _columns(rows: int, people: int) -> int:
    """In how many columns somebody's keys stand."""
    return 1 if people > 1 or rows < 5 else 2


def _lines_of_keys(person: Person, people: int) -> int:
    rows = len(person.controls.rows())
    return -(-rows // _columns(rows, people))


def _about(recorder: Recorder) -> str:
    """Where it goes, how long it lasts, and who plays."""
    seconds = recorder.game.horizon * recorder.clockwork.tick
    people = [person.player for person in recorder.recording.people if person.player]
    played = f"{' and '.join(people)}    " if people else ""
    return (
        f"{played}a game lasts up to {seconds:.0f} s    "
        f"kept games go to the dataset {recorder.recording.dataset.name}"
    )


def _draw_people(surface: pygame.Surface, area: pygame.Rect, people: Sequence[Person]) -> None:
    """Everybody's keys, side by side."""
    gap = round(18 * unit(surface))
    wide = (area.width - gap * (len(people) - 1)) // len(people)
    for k, person in enumerate(people):
        place_of = pygame.Rect(area.left + k * (wide + gap), area.top, wide, area.height)
        rows = person.controls.rows()
        if len(people) > 1:
            title = person.player or f"player {k + 1}"
            head = pygame.Rect(
                place_of.left, place_of.top, place_of.width, round(20 * unit(surface))
            )
            write_fitting(surface, title, head, 18 * unit(surface), MINT)
            place_of = pygame.Rect(
                place_of.left, head.bottom, place_of.width, place_of.height - head.height
            )
        _draw_controls(surface, place_of, rows, _columns(len(rows), len(people)))


def _draw_controls(
    surface: pygame.Surface,
    area: pygame.Rect,
    rows: Sequence[tuple[str, tuple[str, ...]]],
    columns: int,
) -> None:
    """What each key does, as drawn keys, in columns."""
    scale = unit(surface)
    count = -(-len(rows) // columns)
    high = min(round(ROW * scale), area.height // max(count, 1))
    if high < 18 and columns < 3:
        return _draw_controls(surface, area, rows, columns + 1)
    key, wide = round(high * 0.76), area.width // columns
    shown = rows[: max(1, area.height // max(high, 14)) * columns]
    for k, (what, names) in enumerate(shown):
        column, line = divmod(k, count)
        x, y = area.left + column * wide, area.top + (line + 0.5) * high
        words = pygame.Rect(round(x), round(y - high / 2), round(wide * 0.4), high)
        write_fitting(surface, what.replace("_", " "), words, high * 0.56, BRIGHT)
        at: float = words.right + 6
        for name in names:
            if at + key_width(name, key) > x + wide:
                break
            at = draw_key(surface, name, at, y, key).right + key * 0.2
    return None


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


# ------------------------------------------------------------------ during it


def _draw_pause(surface: pygame.Surface, area: pygame.Rect, recorder: Recorder) -> None:
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


# ------------------------------------------------------------------ after it


def _draw_result(surface: pygame.Surface, recorder: Recorder) -> None:
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


def _draw_headline(surface: pygame.Surface, area: pygame.Rect, recorder: Recorder) -> None:
    """What was reached, and in how long."""
    scale, game, clockwork = unit(surface), recorder.game, recorder.clockwork
    world, seat = game.world, recorder.recording.people[0].seat
    high, y = round(54 * scale), area.top + 24 * scale
    star = number(game.total(world.north_star, seat))
    right = write(surface, star, (area.left, y), high, BRIGHT).right + round(8 * scale)
    named = world.north_star.replace("_", " ")
    at = right, y + high * 0.1
    right = write(surface, named, at, 26 * scale, QUIET).right + round(26 * scale)
    lines = [
        f"{recorder.reason} after {game.steps * clockwork.tick:.1f} s, {game.steps} steps",
        _pace(clockwork, recorder.marks),
    ]
    room = area.right - right
    for k, line in enumerate(lines):
        row = pygame.Rect(right, round(y + (k - 1) * 22 * scale), room, round(22 * scale))
        write_fitting(surface, line, row, 18 * scale, (BRIGHT, QUIET)[k], "midright")


def _pace(clockwork: Clockwork, marks: int) -> str:
    late = clockwork.late + clockwork.skipped
    words = f"{late} late ticks" if late != 1 else "1 late tick"
    return f"{words}, {marks} mark{'s' if marks > 1 else ''}" if marks else words


def _draw_sums(
    surface: pygame.Surface, area: pygame.Rect, recorder: Recorder, lines: Sequence[Line]
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
