"""Draws keys of a keyboard, and parts of a gamepad and the mouse, as one sees them; pressed ones are lit."""

from __future__ import annotations

import math
import re

import pygame

from environments.drawing.canvas import Canvas, Colour, place, sprite, width_of, write
from environments.drawing.status_bars import TIME

FACE, SIDE, EDGE, INK = (238, 240, 245), (160, 167, 182), (120, 127, 143), (34, 38, 48)
LIT, LIT_SIDE, LIT_INK = TIME, (196, 138, 22), (46, 32, 4)
BUTTON, BUTTON_RIM, BRIGHT = (70, 77, 95), (112, 121, 143), (244, 245, 248)
_WIDE = {"space": 2.9, "tab": 1.5, "caps lock": 1.7, "left shift": 1.9, "right shift": 1.9}
_SAID = {
    "left shift": "L Shift", "right shift": "R Shift", "left ctrl": "L Ctrl", "right ctrl": "R Ctrl",
    "left alt": "L Alt", "right alt": "R Alt", "left meta": "L Meta", "right meta": "R Meta",
    "return": "Enter", "enter": "Enter", "escape": "Esc", "page up": "PgUp", "page down": "PgDn",
}  # fmt: skip
_ARROW = re.compile(r"(up|down|left|right)(?: arrow)?")
_PART = re.compile(r"(dpad|stick|pointer) (up|down|left|right)")
_MOUSE = {"mouse left": -1, "mouse middle": 0, "mouse right": 1}  # on which side its button is
_TURNS = {"up": 0, "right": 1, "down": 2, "left": 3}  # quarters, clockwise


def key_width(name: str, height: int) -> int:
    """How wide `draw_key` draws something, in pixels."""
    if _ARROW.fullmatch(name) or _PART.fullmatch(name) or _round(name) or name in _MOUSE:
        return height
    words = width_of(_said(name), _letters(name, height)) + 0.6 * height
    wide = math.ceil(max(height * _WIDE.get(name, 1.0), words))
    return wide + (wide - height) % 2  # both even or both odd: then their middles agree


def draw_key(
    surface: pygame.Surface, name: str, x: float, y: float, height: int, lit: bool = False
) -> pygame.Rect:
    """Draw a key, or a part of a gamepad or the mouse, called as `Controls.rows` calls it.

    Args:
        surface: what it is drawn on.
        name: "a", "left arrow" (or "left"), "space", "dpad up", "stick left", "button 0", "mouse left",
            "pointer up".
        x: its left edge, pixels.
        y: its middle, pixels.
        height: pixels.
        lit: whether it is pressed.

    Returns:
        Its area.
    """
    area = pygame.Rect(round(x), round(y - height / 2), key_width(name, height), height)
    if found := _PART.fullmatch(name):
        what, way = found.groups()
        paint = {"dpad": _dpad, "stick": _stick, "pointer": _pointer}[what]
        place(surface, sprite(paint, height, 1.0, _TURNS[way], lit), *area.center)
        return area
    if name in _MOUSE:
        place(surface, sprite(_mouse, height, 1.0, _MOUSE[name], lit), *area.center)
        return area
    if (number := _round(name)) is not None:
        place(surface, sprite(_button, height, 1.0, lit), *area.center)
        ink = LIT_INK if lit else BRIGHT
        write(surface, number, (area.centerx, area.centery), round(0.5 * height), ink, "center")
        return area
    _draw_cap(surface, name, area, lit)
    return area


def _draw_cap(surface: pygame.Surface, name: str, area: pygame.Rect, lit: bool) -> None:
    """A keycap: a side, and a face that goes down when it is pressed."""
    height = area.height
    cap = sprite(_cap, height, area.width / height, area.width / height, lit)
    place(surface, cap, *area.center)
    middle = area.centery + (0.0 if lit else -0.05) * height
    if arrow := _ARROW.fullmatch(name):
        turns = _TURNS[arrow[1]]
        place(
            surface,
            sprite(_arrow, height, 1.0, turns, LIT_INK if lit else INK),
            area.centerx,
            middle,
        )
        return
    ink = LIT_INK if lit else INK
    write(surface, _said(name), (area.centerx, middle), _letters(name, height), ink, "center")


def _said(name: str) -> str:
    """What stands on a key."""
    if name in _SAID:
        return _SAID[name]
    bare = name.removeprefix("keypad ")
    if bare != name:
        return f"Num {bare}"
    return name.upper() if len(name) == 1 or re.fullmatch(r"f\d+", name) else name.capitalize()


def _letters(name: str, height: int) -> int:
    """How high the letters on it are, pixels."""
    return max(round((0.66 if len(_said(name)) == 1 else 0.5) * height), 8)


def _round(name: str) -> str | None:
    """What stands on a round button of a gamepad."""
    found = re.fullmatch(r"button (\d+)", name)
    return found[1] if found else None


# ------------------------------------------------------------------ sprites, in units of their height


def _cap(canvas: Canvas, wide: float, lit: bool) -> None:
    face, side, edge = (LIT, LIT_SIDE, LIT_SIDE) if lit else (FACE, SIDE, EDGE)
    size = wide - 0.06, 0.88 if lit else 0.94
    sunk = 0.03 if lit else 0.0
    canvas.box(0, sunk, size, edge, 0.2)
    canvas.box(0, sunk - 0.015, (size[0] - 0.03, size[1] - 0.05), side, 0.19)
    depth = 0.06 if lit else 0.14
    canvas.box(0, sunk - depth / 2 + 0.0, (size[0] - 0.05, size[1] - depth - 0.03), face, 0.17)


def _turned(points: list[tuple[float, float]], turns: int) -> list[tuple[float, float]]:
    """Points turned by quarters, clockwise."""
    for _ in range(turns):
        points = [(-y, x) for x, y in points]
    return points


def _arrow(canvas: Canvas, turns: int, colour: Colour) -> None:
    canvas.stroke(_turned([(0, 0.17), (0, -0.15)], turns), 0.085, colour)
    canvas.stroke(_turned([(-0.15, -0.02), (0, -0.17), (0.15, -0.02)], turns), 0.085, colour)


def _button(canvas: Canvas, lit: bool) -> None:
    canvas.disc(0, 0, 0.46, LIT_SIDE if lit else BUTTON_RIM)
    canvas.disc(0, 0, 0.4, LIT if lit else BUTTON)


def _dpad(canvas: Canvas, turns: int, lit: bool) -> None:
    canvas.box(0, 0, (0.92, 0.36), BUTTON_RIM, 0.08)
    canvas.box(0, 0, (0.36, 0.92), BUTTON_RIM, 0.08)
    canvas.box(0, 0, (0.84, 0.28), BUTTON, 0.06)
    canvas.box(0, 0, (0.28, 0.84), BUTTON, 0.06)
    arm = _turned([(-0.14, -0.42), (0.14, -0.42), (0.14, -0.14), (0, 0), (-0.14, -0.14)], turns)
    canvas.shape(arm, LIT if lit else BRIGHT)


def _stick(canvas: Canvas, turns: int, lit: bool) -> None:
    canvas.disc(0, 0, 0.46, BUTTON_RIM)
    canvas.disc(0, 0, 0.41, (40, 44, 56))
    (tip,) = _turned([(0, -0.15)], turns)
    canvas.disc(*tip, 0.25, LIT_SIDE if lit else (140, 149, 170))
    canvas.disc(*tip, 0.2, LIT if lit else BRIGHT)


def _mouse(canvas: Canvas, side: int, lit: bool) -> None:
    """A mouse seen from above, with one of its buttons marked."""
    canvas.box(0, 0, (0.66, 0.94), BUTTON_RIM, 0.31)
    canvas.box(0, 0, (0.58, 0.86), BUTTON, 0.27)
    mark = LIT if lit else BRIGHT
    if side:
        canvas.box(side * 0.135, -0.2, (0.25, 0.34), mark, 0.12)
    else:
        canvas.box(0, -0.2, (0.12, 0.26), mark, 0.06)
    canvas.stroke([(-0.27, 0.01), (0.27, 0.01)], 0.03, BUTTON_RIM)


def _pointer(canvas: Canvas, turns: int, lit: bool) -> None:
    """A mouse that is moved one way."""
    canvas.box(0, 0, (0.66, 0.94), BUTTON_RIM, 0.31)
    canvas.box(0, 0, (0.58, 0.86), BUTTON, 0.27)
    _arrow(canvas, turns, LIT if lit else BRIGHT)
