"""Paints a gamepad as it is held now: sticks as circles, axes as bars, buttons by their numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pygame

from demos.window.controls.devices import Held, Pad
from demos.window.controls.input_names import MOUSE, WAYS, spoken
from demos.window.drawing.keycaps import draw_key
from environments.drawing.canvas import Canvas, place, sprite, width_of, write
from environments.drawing.status_bars import LINE, QUIET, TIME

KNOB, TRAVEL, DEAD = (140, 149, 170), (40, 44, 56), 0.15
_STICKS = {
    "pad axis 0 -": "left",
    "pad axis 0 +": "right",
    "pad axis 1 -": "up",
    "pad axis 1 +": "down",
}


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


def draw_pad(
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
        write_within(
            surface, f"Gamepad {number + 1} is not plugged in.", at, round(16 * u), TIME, area.width
        )
        return
    title = f"Gamepad {number + 1}: {names.get(number, '')}"
    write_within(surface, title, at, round(15 * u), QUIET, area.width)
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


def write_within(
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
