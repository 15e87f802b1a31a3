"""Paints the screen on which controls are tried: rows of keys, gamepads, and the action of each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pygame

from demos.window.controls.controls import Controls
from demos.window.controls.devices import Held
from demos.window.controls.input_names import RESERVED, spoken
from demos.window.drawing.gamepad import down_now, draw_pad, write_within
from demos.window.drawing.keycaps import draw_key, key_width
from environments.drawing.canvas import width_of, write
from environments.drawing.status_bars import BAR, BRIGHT, QUIET, TIME
from environments.simulation.world import World

BACK = (20, 22, 29)


def draw_test(
    surface: pygame.Surface,
    world: World,
    people: Sequence[Controls],
    held: Held,
    said: Sequence[str],
    pad_names: Mapping[int, str],
) -> None:
    """Paint the whole screen.

    Args:
        surface: what it is painted on, of any size from 640 x 480.
        world: that the controls are for.
        people: the controls of those who play.
        held: what they hold.
        said: what the action of each is called.
        pad_names: of the gamepads that are plugged in.
    """
    wide, high = surface.get_size()
    u = min(wide / 640, high / 480)  # pixels of one unit; the least window has 640 x 480 units
    surface.fill(BACK)
    bar = pygame.Rect(0, 0, wide, round(40 * u))
    surface.fill(BAR, bar)
    write(surface, "Try the controls", (16 * u, bar.centery), 21 * u, BRIGHT)
    left = 16 * u + width_of("Try the controls", round(21 * u)) + 12 * u
    write(surface, world.id, (left, bar.centery), 17 * u, QUIET)
    _hint(surface, (wide - 16 * u, bar.centery), u)
    margin, gap = round(14 * u), round(10 * u)
    floor = high - margin - round(84 * u)
    share = (wide - 2 * margin - gap * (len(people) - 1)) // len(people)
    pads = _pads_shown(people, held)
    for n, person in enumerate(people):
        area = pygame.Rect(
            margin + n * (share + gap), bar.bottom + gap, share, floor - bar.bottom - gap
        )
        _panel(surface, area, u)
        rows, pad = _split(area, pads.get(n), u)
        _draw_rows(surface, rows, person, held, u)
        if pad is not None:
            draw_pad(surface, pad, pads[n], held, pad_names, u)
        foot = pygame.Rect(area.left, floor + gap, share, round(44 * u))
        _draw_action(surface, foot, said[n], n if len(people) > 1 else None, u)
    _draw_pressed(surface, (margin, high - round(18 * u)), people, held, u)


def _hint(surface: pygame.Surface, at: tuple[float, float], u: float) -> None:
    words, size = "closes", round(16 * u)
    right = at[0] - width_of(words, size)
    write(surface, words, (right, at[1]), size, QUIET)
    height = round(21 * u)
    draw_key(surface, "escape", right - key_width("escape", height) - 6 * u, at[1], height)


def _panel(surface: pygame.Surface, area: pygame.Rect, u: float) -> None:
    pygame.draw.rect(surface, BAR, area, border_radius=round(9 * u))


def _pads_shown(people: Sequence[Controls], held: Held) -> dict[int, int]:
    """Which gamepad is drawn beside whose keys: one's own, or for one who is alone any that is there."""
    own = {n: person.hands.pad for n, person in enumerate(people) if person.device == "gamepad"}
    return own or ({0: min(held.pads)} if held.pads and len(people) == 1 else {})


def _split(area: pygame.Rect, pad: int | None, u: float) -> tuple[pygame.Rect, pygame.Rect | None]:
    """Where the rows are, and where the gamepad is: beside them, or below in a narrow column."""
    inner = area.inflate(-round(24 * u), -round(16 * u))
    if pad is None:
        return inner, None
    if area.width > area.height * 1.05:
        wide = round(min(inner.width * 0.42, 300 * u))
        rows = pygame.Rect(inner.left, inner.top, inner.width - wide - round(14 * u), inner.height)
        return rows, pygame.Rect(inner.right - wide, inner.top, wide, inner.height)
    high = round(inner.height * 0.5)
    rows = pygame.Rect(inner.left, inner.top, inner.width, inner.height - high - round(8 * u))
    return rows, pygame.Rect(inner.left, inner.bottom - high, inner.width, high)


def _draw_rows(
    surface: pygame.Surface, area: pygame.Rect, person: Controls, held: Held, u: float
) -> None:
    """What can be done, with the keys for it; as large as there is room for."""
    rows = person.rows()
    pitch = min(50 * u, area.height / max(len(rows), 1))
    height = round(min(0.76 * pitch, 34 * u))
    size = round(min(19 * u, 0.52 * pitch))
    names = min(max(width_of(what, size) for what, _ in rows) + 18 * u, area.width * 0.45)
    pressed = down_now(held, person.hands.pad)
    y = area.top + pitch / 2
    for what, by in rows:
        lit = bool(pressed.intersection(by))
        write_within(surface, what, (area.left, y), size, TIME if lit else BRIGHT, names - 8 * u)
        x = area.left + names
        for name in by:
            if x + key_width(name, height) > area.right:
                write(surface, "...", (x, y), size, QUIET)
                break
            x = draw_key(surface, name, x, y, height, name in pressed).right + 0.2 * height
        y += pitch


def _draw_action(
    surface: pygame.Surface, area: pygame.Rect, said: str, person: int | None, u: float
) -> None:
    """The action that comes of it all, in large letters."""
    _panel(surface, area, u)
    label = "action" if person is None else f"person {person + 1}"
    x = area.left + 12 * u
    x = write(surface, label, (x, area.centery), 16 * u, QUIET).right + 12 * u
    write_within(surface, said, (x, area.centery), round(28 * u), TIME, area.right - x - 10 * u)


def _draw_pressed(
    surface: pygame.Surface,
    at: tuple[float, float],
    people: Sequence[Controls],
    held: Held,
    u: float,
) -> None:
    """Every key that is down, also those that do nothing."""
    x, y = at
    size, height = round(14 * u), round(20 * u)
    if not held.keys:
        words = "Press keys and buttons, push sticks: what does something lights up."
        write(surface, words, (x, y), size, QUIET)
        return
    for key in sorted(held.keys):
        x = draw_key(surface, spoken(key), x, y, height, lit=True).right + 5 * u
        if all(person.unknown(key) for person in people):
            why = "belongs to the window" if key in RESERVED else "does nothing"
            x = write(surface, why, (x, y), size, QUIET).right + 10 * u
