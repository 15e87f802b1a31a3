"""Paints the screen on which controls are tried: rows of keys, gamepads, and the action of each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pygame

from demos.controls import Controls
from demos.devices import Held, Pad
from demos.keycaps import draw_key, key_width
from demos.sources import MOUSE, RESERVED, WAYS, spoken
from environments.drawings.bars import BAR, BRIGHT, LINE, QUIET, TIME
from environments.drawings.canvas import Canvas, place, sprite, width_of, write
from environments.world import World

BACK = (20, 22, 29)
KNOB, TRAVEL, DEAD = (140, 149, 170), (40, 44, 56), 0.15
_STICKS = {
    "pad axis 0 -": "left",
    "pad axis 0 +": "right",
    "pad axis 1 -": "up",
    "pad axis 1 +": "down",
}


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
            _draw_pad(surface, pad, pads[n], held, pad_names, u)
        foot = pygame.Rect(area.left, floor + gap, share, round(44 * u))
        _draw_action(surface, foot, said[n], n if len(people) > 1 else None, u)
    _draw_pressed(surface, (margin, high - round(18 * u)), people, held, u)


def down_now(held: Held, pad: int) -> set[str]:
    """What is pressed, called as `Controls.rows` calls it, on the keyboard, the mouse and one gamepad."""
    names = {spoken(key) for key in held.keys}
    names |= {name for name, button in MOUSE.items() if button in held.buttons}
    for source in held.pads[pad].sources(pad) if pad in held.pads else ():
        part = source.replace(f"pad{pad}", "pad", 1)
        name = part.removeprefix("pad ")
        names.add(name)
        if part in _STICKS:
            names.add(f"stick {_STICKS[part]}")
        if name.startswith("hat 0 "):
            names.add(f"dpad {name.split()[-1]}")
        if name in (f"button {n}" for n in range(11, 15)):
            names.add(f"dpad {WAYS[int(name.split()[-1]) - 11]}")
    axes = held.pads[pad].axes if pad in held.pads else ()
    return names | {f"trigger {k}" for k, value in enumerate(axes) if value > -0.7 and value != 0}


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
        _write_within(surface, what, (area.left, y), size, TIME if lit else BRIGHT, names - 8 * u)
        x = area.left + names
        for name in by:
            if x + key_width(name, height) > area.right:
                write(surface, "...", (x, y), size, QUIET)
                break
            x = draw_key(surface, name, x, y, height, name in pressed).right + 0.2 * height
        y += pitch


def _write_within(
    surface: pygame.Surface,
    words: str,
    at: tuple[float, float],
    size: int,
    colour: tuple[int, int, int],
    room: float,
) -> None:
    """Words made smaller, then cut short, until they fit into `room` pixels."""
    wide = width_of(words, size)
    if wide > room:
        size = max(11, int(size * room / wide))
    while len(words) > 1 and width_of(words, size) > room:
        words = words.rstrip(".")[:-1] + ".."
    write(surface, words, at, size, colour)


def _draw_pad(
    surface: pygame.Surface,
    area: pygame.Rect,
    number: int,
    held: Held,
    names: Mapping[int, str],
    u: float,
) -> None:
    """A gamepad as it is: its first stick, its other axes as bars, its d-pad and its buttons."""
    at = area.left, area.top + 9 * u
    if number not in held.pads:
        _write_within(
            surface, f"Gamepad {number + 1} is not plugged in.", at, round(16 * u), TIME, area.width
        )
        return
    title = f"Gamepad {number + 1}: {names.get(number, '')}"
    _write_within(surface, title, at, round(15 * u), QUIET, area.width)
    pad = held.pads[number]
    room = area.height - 26 * u
    side = round(min(area.width * 0.42, room * 0.52))
    top = area.top + 24 * u
    _draw_stick(surface, (area.left + side / 2, top + side / 2), side, pad)
    left, deep = area.left + side + round(16 * u), max(side, round(15 * u * len(pad.axes)))
    _draw_axes(surface, pygame.Rect(left, round(top), area.right - left, deep), pad, u)
    _draw_buttons(surface, (area.left, top + deep + 12 * u), area, pad, u)


def _draw_stick(surface: pygame.Surface, at: tuple[float, float], side: int, pad: Pad) -> None:
    """The first stick: its reach, its dead zone, and where it is."""
    place(surface, sprite(_reach, side, 1.0), *at)
    x, y = (*pad.axes, 0.0, 0.0)[:2]
    pushed = x * x + y * y > DEAD * DEAD
    knob = sprite(_knob, max(side // 3, 8), 1.0, pushed)
    place(surface, knob, at[0] + x * side * 0.3, at[1] + y * side * 0.3)


def _reach(canvas: Canvas) -> None:
    canvas.disc(0, 0, 0.49, LINE)
    canvas.disc(0, 0, 0.465, TRAVEL)
    canvas.stroke([(-0.4, 0), (0.4, 0)], 0.008, LINE)
    canvas.stroke([(0, -0.4), (0, 0.4)], 0.008, LINE)
    canvas.ring(0.3 * DEAD + 0.03, 0.012, KNOB)


def _knob(canvas: Canvas, pushed: bool) -> None:
    canvas.disc(0, 0, 0.48, (24, 27, 35))
    canvas.disc(0, 0, 0.43, TIME if pushed else KNOB)
    canvas.disc(0, -0.03, 0.32, (255, 212, 110) if pushed else (164, 172, 191))


def _draw_axes(surface: pygame.Surface, area: pygame.Rect, pad: Pad, u: float) -> None:
    """Every axis by its number: a bar from the middle."""
    axes = pad.axes or (0.0, 0.0)
    pitch = min(22 * u, area.height / len(axes))
    size = round(min(14 * u, 0.72 * pitch))
    label = width_of("axis 00", size) + 6 * u
    for k, value in enumerate(axes):
        y = area.top + pitch * (k + 0.5)
        write(surface, f"axis {k}", (area.left, y), size, QUIET)
        track = pygame.Rect(
            area.left + label, y - 2.5 * u, area.width - label, max(round(5 * u), 3)
        )
        pygame.draw.rect(surface, LINE, track, border_radius=track.height // 2)
        end = track.centerx + value * track.width / 2
        bar = pygame.Rect(
            min(end, track.centerx), track.top, abs(end - track.centerx), track.height
        )
        resting = abs(value) < DEAD or (k > 1 and value < -0.95)  # of a trigger
        pygame.draw.rect(surface, KNOB if resting else TIME, bar)


def _draw_buttons(
    surface: pygame.Surface, at: tuple[float, float], area: pygame.Rect, pad: Pad, u: float
) -> None:
    """The d-pad's four ways and the buttons by their numbers, in lines."""
    pressed = down_now(Held(pads={0: pad}), 0)
    names = [f"dpad {way}" for way in WAYS]
    names += [f"button {k}" for k in range(max([10, *pad.buttons]) + 1)]
    size = round(min(26 * u, (area.bottom - at[1]) / 2.3))
    x, y = at[0], at[1] + size / 2
    for name in names:
        if x + size > area.right:
            x, y = at[0], y + 1.14 * size
        if y + size / 2 > area.bottom + 2 * u:
            return
        x = draw_key(surface, name, x, y, size, name in pressed).right + 0.14 * size


def _draw_action(
    surface: pygame.Surface, area: pygame.Rect, said: str, person: int | None, u: float
) -> None:
    """The action that comes of it all, in large letters."""
    _panel(surface, area, u)
    label = "action" if person is None else f"person {person + 1}"
    x = area.left + 12 * u
    x = write(surface, label, (x, area.centery), 16 * u, QUIET).right + 12 * u
    _write_within(surface, said, (x, area.centery), round(28 * u), TIME, area.right - x - 10 * u)


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
