"""Sprites of a kitchen, drawn with shapes alone."""

from __future__ import annotations

import math

from environments.drawing.canvas import Canvas, Colour

FLOOR_LIGHT, FLOOR_DARK = (240, 231, 215), (231, 220, 201)
WOOD, WOOD_LIGHT, WOOD_SIDE = (196, 149, 102), (211, 168, 122), (146, 103, 66)
STEEL, STEEL_LIGHT, STEEL_DARK, STEEL_SIDE = (
    (92, 101, 116),
    (158, 168, 184),
    (58, 64, 76),
    (52, 58, 70),
)
BROTH, BROTH_LIGHT, WATER = (236, 156, 60), (249, 190, 104), (72, 80, 94)
ONION, ONION_LIGHT, ONION_LINE, SPROUT = (
    (224, 164, 64),
    (247, 208, 128),
    (168, 108, 36),
    (116, 164, 72),
)
PLATE, PLATE_RIM, PLATE_LINE = (252, 252, 250), (224, 228, 234), (150, 158, 172)
MINT, MINT_LIGHT, MINT_SIDE = (60, 160, 138), (104, 194, 172), (38, 112, 96)
CLOCK, READY, CLOCK_BACK = (255, 196, 61), (72, 196, 108), (36, 40, 50)
SKIN, SKIN_LINE, HAT, HAT_LINE, EYE = (
    (246, 206, 170),
    (196, 146, 110),
    (255, 255, 255),
    (176, 184, 198),
    (44, 38, 48),
)
COOKS: tuple[tuple[Colour, Colour], ...] = (  # coat and its edge
    ((52, 120, 214), (28, 74, 150)),
    ((228, 72, 84), (160, 36, 52)),
)
SHADOW = (40, 30, 20, 60)


# ------------------------------------------------------------------ places


def tile(c: Canvas, dark: bool) -> None:
    """Of the floor."""
    c.box(0, 0, (1, 1), FLOOR_DARK if dark else FLOOR_LIGHT)


def worktop(c: Canvas, front: bool, top: Colour, light: Colour, side: Colour) -> None:
    """A worktop, with its front side where one can see it."""
    c.box(0, 0, (1, 1), side if front else top)
    c.box(0, -0.08 if front else 0, (1, 0.84 if front else 1), top)
    c.box(0, -0.08 if front else 0, (0.92, 0.76 if front else 0.92), light, 0.06)


def onion_crate(c: Canvas) -> None:
    """Where onions come from."""
    c.box(0, 0.02, (0.78, 0.72), WOOD_SIDE, 0.08)
    c.box(0, 0.0, (0.68, 0.6), (98, 66, 42), 0.06)
    for x, y in ((-0.17, -0.14), (0.16, -0.15), (0, 0.0), (-0.18, 0.13), (0.18, 0.12)):
        onion(c, x, y, 0.62)


def dish_stack(c: Canvas) -> None:
    """Where dishes come from."""
    for lift in (0.1, 0.03, -0.04, -0.11):
        dish(c, 0, lift, 1.15)


def hatch(c: Canvas) -> None:
    """Where soups are served: a dish cover."""
    c.box(0, 0.18, (0.7, 0.09), PLATE, 0.045)
    c.shape([(0.29 * math.cos(a), 0.12 - 0.3 * math.sin(a)) for a in _half_turn()], PLATE)
    c.disc(0, -0.21, 0.06, PLATE)
    shine = [(0.2 * math.cos(a), 0.1 - 0.21 * math.sin(a)) for a in _half_turn()[14:22]]
    c.stroke(shine, 0.04, MINT_LIGHT)


def pot(c: Canvas, onions: int, done: float, ready: bool) -> None:
    """A pot on its stove; `done` is how much of the cooking is over."""
    c.box(0, 0, (0.84, 0.78), STEEL_DARK, 0.1)
    for side in (-1, 1):
        c.box(side * 0.37, 0, (0.12, 0.22), STEEL_LIGHT, 0.05)
    c.disc(0, 0, 0.36, CLOCK_BACK)
    c.disc(0, 0, 0.29, STEEL_LIGHT)
    c.disc(0, 0, 0.25, BROTH if onions == 3 else WATER)
    if onions == 3:
        c.disc(-0.04, -0.05, 0.16, BROTH_LIGHT)
    for k in range(onions):
        turn = math.tau * (k / 3 + 0.25)
        onion(c, 0.115 * math.cos(turn), -0.115 * math.sin(turn) + 0.01, 0.58)
    if onions == 3:
        c.ring(0.325, 0.07, READY if ready else CLOCK, 1.0 if ready else max(done, 0.02))
    if ready:
        c.disc(0.29, -0.29, 0.16, CLOCK_BACK)
        c.disc(0.29, -0.29, 0.135, READY)
        c.stroke([(0.225, -0.285), (0.275, -0.235), (0.36, -0.34)], 0.045, PLATE)


# ------------------------------------------------------------------ objects


def onion(c: Canvas, x: float, y: float, size: float) -> None:
    """An onion."""
    c.stroke([(x, y - 0.1 * size), (x - 0.05 * size, y - 0.24 * size)], 0.05 * size, SPROUT)
    c.stroke([(x, y - 0.1 * size), (x + 0.05 * size, y - 0.23 * size)], 0.05 * size, SPROUT)
    c.shape(
        [(x - 0.1 * size, y - 0.1 * size), (x, y - 0.22 * size), (x + 0.1 * size, y - 0.1 * size)],
        ONION_LINE,
    )
    c.oval(x, y + 0.02 * size, (0.2 * size, 0.18 * size), ONION_LINE)
    c.oval(x, y + 0.02 * size, (0.175 * size, 0.155 * size), ONION)
    c.oval(x - 0.05 * size, y - 0.02 * size, (0.07 * size, 0.08 * size), ONION_LIGHT)


def dish(c: Canvas, x: float, y: float, size: float) -> None:
    """An empty dish."""
    c.oval(x, y, (0.27 * size, 0.22 * size), PLATE_LINE)
    c.oval(x, y - 0.012 * size, (0.25 * size, 0.2 * size), PLATE)
    c.oval(x, y - 0.005 * size, (0.165 * size, 0.125 * size), PLATE_RIM)


def soup(c: Canvas, x: float, y: float, size: float) -> None:
    """A dish of onion soup."""
    dish(c, x, y, size)
    c.oval(x, y - 0.01 * size, (0.19 * size, 0.145 * size), BROTH)
    c.oval(x - 0.03 * size, y - 0.035 * size, (0.11 * size, 0.075 * size), BROTH_LIGHT)
    for dx, dy in ((-0.07, -0.02), (0.06, -0.05), (0.03, 0.05)):
        c.disc(x + dx * size, y + dy * size, 0.032 * size, PLATE)


def thing(c: Canvas, item: int, size: float, lies: bool) -> None:
    """An object by its code; one that lies somewhere has a shadow."""
    if lies:
        c.oval(0, 0.13 * size, (0.24 * size, 0.15 * size), SHADOW)
    (onion, dish, soup)[item - 1](c, 0, 0, size)


# ------------------------------------------------------------------ cooks


def cook(c: Canvas, number: int, holds: bool) -> None:
    """A cook from above, facing down: coat, hands, face, and a hat."""
    coat, edge = COOKS[number]
    c.oval(0, 0.0, (0.37, 0.25), edge)
    c.oval(0, 0.0, (0.34, 0.22), coat)
    hand = (0.17, 0.3) if holds else (0.29, 0.2)
    for side in (-1, 1):
        c.stroke([(side * 0.28, 0.02), (side * hand[0], hand[1])], 0.16, edge)
        c.stroke([(side * 0.28, 0.02), (side * hand[0], hand[1])], 0.115, coat)
        c.disc(side * hand[0], hand[1], 0.085, SKIN_LINE)
        c.disc(side * hand[0], hand[1], 0.066, SKIN)
    c.disc(0, 0.05, 0.225, SKIN_LINE)
    c.disc(0, 0.05, 0.2, SKIN)
    for side in (-1, 1):
        c.disc(side * 0.085, 0.155, 0.038, EYE)
        c.disc(side * 0.085 + 0.01, 0.168, 0.014, PLATE)
    _hat(c)
    c.disc(0, -0.1, 0.11, coat)
    if number == 0:  # a ring and a dot, for those who see the colours alike
        c.disc(0, -0.1, 0.075, HAT)


def _hat(c: Canvas) -> None:
    puffs = [(0.135 * math.cos(a), 0.135 * math.sin(a) - 0.1) for a in _turn(8)]
    for colour, radius in ((HAT_LINE, 0.125), (HAT, 0.102)):
        for x, y in puffs:
            c.disc(x, y, radius, colour)
    c.disc(0, -0.1, 0.16, HAT)


def shadow(c: Canvas) -> None:
    """Under a cook."""
    c.oval(0.02, 0.08, (0.38, 0.32), SHADOW)


def _turn(count: int) -> list[float]:
    return [math.tau * k / count for k in range(count)]


def _half_turn() -> list[float]:
    return [math.pi * k / 24 for k in range(25)]
