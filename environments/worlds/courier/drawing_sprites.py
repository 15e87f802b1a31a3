"""Sprites of the courier, drawn with shapes alone; a cell is a metre."""

from __future__ import annotations

import math

from environments.drawing.canvas import Canvas, Colour

TURNS = 64  # directions that something is drawn in
FLOOR, JOINT = (233, 230, 222), (220, 217, 208)
WALL, WALL_EDGE = (72, 80, 98), (100, 110, 132)
STEEL, STEEL_DARK, POST = (128, 140, 160), (92, 102, 122), (236, 122, 52)
BOXES: tuple[tuple[Colour, Colour], ...] = (
    ((206, 162, 112), (180, 136, 88)),
    ((190, 144, 96), (164, 120, 76)),
    ((218, 178, 130), (192, 150, 104)),
    ((154, 176, 196), (126, 148, 170)),
)
TAPE = (238, 222, 190)
STRIPE, STRIPE_PALE = (250, 202, 66), (246, 226, 160)
STATIONS: tuple[Colour, ...] = (
    (64, 132, 224),
    (228, 88, 100),
    (54, 172, 128),
    (164, 104, 214),
    (238, 148, 48),
    (38, 172, 196),
)
PAPER, INK = (255, 255, 255), (40, 46, 60)
ROBOT, ROBOT_EDGE, ROBOT_TOP, TYRE = (52, 62, 84), (30, 36, 50), (78, 92, 122), (24, 26, 32)
EYE, SHIELD, ALARM = (92, 224, 206), (86, 160, 255), (236, 64, 72)
VEST, VEST_EDGE, BAND = (250, 150, 40), (200, 104, 20), (250, 240, 150)
SKIN, SKIN_EDGE = (240, 200, 166), (196, 148, 112)
HAIR: tuple[Colour, ...] = (
    (70, 50, 40),
    (40, 36, 44),
    (176, 120, 62),
    (120, 76, 48),
    (210, 180, 120),
)
SHADOW = (30, 30, 40, 55)


def angle_of(turn: int) -> float:
    """The direction of a turn, rad, from the right clockwise."""
    return math.tau * turn / TURNS


def _at(turn: int, ahead: float, aside: float) -> tuple[float, float]:
    c, s = math.cos(angle_of(turn)), math.sin(angle_of(turn))
    return ahead * c - aside * s, ahead * s + aside * c


def _block(
    c: Canvas, turn: int, at: tuple[float, float], size: tuple[float, float], colour: Colour
) -> None:
    """A rectangle `size` (along, across) whose middle is `at` (ahead, aside)."""
    corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    c.shape([_at(turn, at[0] + i * size[0], at[1] + j * size[1]) for i, j in corners], colour)


# ------------------------------------------------------------------ the hall


def tile(c: Canvas) -> None:
    """Of the floor."""
    c.box(0, 0, (1, 1), JOINT)
    c.box(0, 0, (0.97, 0.97), FLOOR)


def rack(c: Canvas, upright: bool, number: int) -> None:
    """A metre of shelf with boxes on it, seen from above."""
    c.box(0, 0, (1.0, 1.0), STEEL_DARK)
    c.box(0, 0, (0.9, 1.0) if upright else (1.0, 0.9), STEEL)
    for k in range(4):
        along, across = (-0.24, 0.24)[k % 2], (-0.21, 0.21)[k // 2]
        wide = 0.30 + 0.06 * ((number * 7 + k * 5) % 3)
        if (number * 5 + k * 3) % 7 == 0:
            continue  # an empty place
        colour, edge = BOXES[(number * 3 + k * k + k) % len(BOXES)]
        x, y = (across, along) if upright else (along, across)
        size = (0.34, wide) if upright else (wide, 0.34)
        c.box(x, y, (size[0] + 0.04, size[1] + 0.04), edge, 0.03)
        c.box(x, y, size, colour, 0.02)
        c.box(x, y, (0.05, size[1]) if upright else (size[0], 0.05), TAPE)
    for i in (-0.46, 0.46):
        for j in (-0.46, 0.46):
            c.box(i, j, (0.08, 0.08), POST)


def zone(c: Canvas) -> None:
    """A metre of floor in which one drives slowly: stripes that go on from cell to cell."""
    c.box(0, 0, (1, 1), STRIPE_PALE)
    for k in range(-3, 4):
        shift = k * 0.5
        c.shape(
            [(-0.5 + shift, 0.5), (-0.25 + shift, 0.5), (0.75 + shift, -0.5), (0.5 + shift, -0.5)],
            STRIPE,
        )


def station(c: Canvas, number: int, wanted: float) -> None:
    """A mark on the floor; `wanted` from 0 to 1 is how much it calls."""
    colour = STATIONS[number]
    if wanted > 0:
        c.disc(0, 0, 0.55 + 0.12 * wanted, (*colour[:3], 90))
    c.disc(0, 0, 0.5, colour)
    c.disc(0, 0, 0.43, PAPER)
    c.disc(0, 0, 0.39, (*colour[:3], 255 if wanted > 0 else 120))


# ------------------------------------------------------------------ what moves


def parcel(c: Canvas, turn: int, size: float) -> None:
    """A parcel."""
    _block(c, turn, (0, 0), (0.3 * size, 0.26 * size), (164, 112, 62))
    _block(c, turn, (0, 0), (0.265 * size, 0.225 * size), (214, 164, 106))
    _block(c, turn, (0, 0), (0.265 * size, 0.05 * size), TAPE)
    _block(c, turn, (0.07 * size, 0.07 * size), (0.06 * size, 0.05 * size), PAPER)


def robot(c: Canvas, turn: int, carries: bool) -> None:
    """The robot, 0.4 m across, with or without a parcel."""
    c.disc(0.03, 0.05, 0.22, SHADOW)
    c.disc(0, 0, 0.2, ROBOT_EDGE)
    c.disc(0, 0, 0.18, ROBOT)
    for side in (-0.155, 0.155):
        _block(c, turn, (0, side), (0.17, 0.06), TYRE)
    c.disc(0, 0, 0.125, ROBOT_TOP)
    x, y = _at(turn, 0.135, 0)
    c.disc(x, y, 0.045, EYE)
    if carries:
        parcel(c, turn, 0.95)
    else:
        c.disc(0, 0, 0.06, ROBOT_EDGE)
        c.disc(0, 0, 0.035, EYE)


def person(c: Canvas, turn: int, step: int, number: int, looks: bool) -> None:
    """A person from above in a reflecting vest, at one of four moments of a step, or with a phone."""
    c.oval(0.03, 0.05, (0.24, 0.2), SHADOW)
    stride = (0.0, 0.11, 0.0, -0.11)[step]
    for side, way in ((-0.09, stride), (0.09, -stride)):
        _block(c, turn, (way + 0.02, side), (0.17, 0.09), INK)
    shoulders = [_at(turn, 0, -0.15), _at(turn, 0, 0.15)]
    c.stroke(shoulders, 0.19, VEST_EDGE)
    c.stroke(shoulders, 0.155, VEST)
    for side in (-0.1, 0.1):
        c.stroke([_at(turn, -0.07, side), _at(turn, 0.07, side)], 0.03, BAND)
    if not looks:
        for side in (-1, 1):
            c.stroke([_at(turn, 0.02, side * 0.2), _at(turn, 0.2, side * 0.05)], 0.07, VEST_EDGE)
        _block(c, turn, (0.24, 0), (0.1, 0.07), INK)
        _block(c, turn, (0.24, 0), (0.075, 0.05), (170, 220, 255))
    c.disc(*_at(turn, 0.02, 0), 0.105, SKIN_EDGE)
    c.disc(*_at(turn, 0.02, 0), 0.09, SKIN)
    c.disc(*_at(turn, -0.015, 0), 0.095, HAIR[number % len(HAIR)])


def ring(c: Canvas, radius: float, width: float, colour: Colour) -> None:
    """A ring around the middle."""
    c.ring(radius, width, colour)
