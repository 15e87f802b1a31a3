"""The title card: what the world is about, who holds which keys, and where kept games go."""

from __future__ import annotations

from collections.abc import Sequence

import pygame

from demos.sessions.game.recording import Person
from demos.sessions.record.session import RecordSession
from demos.window.drawing.keycaps import draw_key, key_width
from demos.window.drawing.widgets import (
    BRIGHT,
    LINE,
    MINT,
    QUIET,
    Hint,
    card,
    draw_hints,
    paragraph,
    unit,
    wrapped,
    write_fitting,
)
from environments.simulation.world import World

ROW = 36  # of a key and what it does, in pixels at 640 x 480
BEGIN: Sequence[Hint] = ((("Enter",), "begin"), (("Esc",), "end"), (("F11",), "full screen"))


def draw_title(surface: pygame.Surface, recorder: RecordSession) -> None:
    """The card before the first game."""
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
    write_fitting(surface, about(recorder), line, 16 * scale, QUIET, "center")


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


def _columns(rows: int, people: int) -> int:
    """In how many columns a person's keys stand."""
    return 1 if people > 1 or rows < 5 else 2


def _lines_of_keys(person: Person, people: int) -> int:
    rows = len(person.controls.rows())
    return -(-rows // _columns(rows, people))


def about(recorder: RecordSession) -> str:
    """Where it goes, how long it lasts, and who plays."""
    seconds = recorder.game.horizon * recorder.pacer.tick
    people = [person.player for person in recorder.recording.people if person.player]
    played = f"{' and '.join(people)}    " if people else ""
    lasts = f"a game lasts up to {seconds:.0f} s    " if recorder.game.limited else ""
    return f"{played}{lasts}kept games go to the dataset {recorder.recording.dataset.name}"


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
