"""Sprites of a duel, drawn with shapes alone; a cell is a metre."""

from __future__ import annotations

import functools
import math
from typing import Any

import pygame

from environments.drawing.canvas import Canvas, Colour, sprite
from environments.worlds.duel.constants import SAFE_DISTANCE

FIGHTERS: tuple[tuple[Colour, Colour, Colour], ...] = (  # coat, its edge, what it shoots
    ((66, 140, 236), (24, 66, 138), (150, 208, 255)),
    ((238, 88, 92), (146, 30, 48), (255, 176, 140)),
)
INK, PAPER, STEEL, STEEL_LIGHT = (20, 23, 31), (248, 248, 246), (44, 49, 61), (120, 130, 150)
AMBER, MINT, MINT_DARK = (255, 196, 61), (84, 208, 150), (24, 92, 68)
BRASS, BRASS_DARK, PAD_RIM = (240, 190, 84), (122, 84, 26), (26, 30, 40)
VEST, VEST_EDGE, SKIN, HAIR = (214, 224, 92), (120, 132, 34), (246, 206, 170), (96, 66, 48)
SHADOW = (0, 0, 0, 70)


def fighter(c: Canvas, number: int) -> None:
    """A fighter from above, looking to the right: shoulders, hands on the barrel, head."""
    coat, edge, light = FIGHTERS[number]
    c.box(0.36, 0.0, (0.52, 0.17), INK, 0.05)
    c.box(0.38, 0.0, (0.46, 0.1), STEEL_LIGHT, 0.04)
    c.oval(-0.02, 0.0, (0.27, 0.41), edge)
    c.oval(-0.02, 0.0, (0.235, 0.37), coat)
    for side in (-1, 1):
        c.stroke([(0.0, side * 0.29), (0.26, side * 0.13)], 0.17, edge)
        c.stroke([(0.0, side * 0.29), (0.26, side * 0.13)], 0.115, coat)
        c.disc(0.28, side * 0.11, 0.075, SKIN)
    c.disc(-0.03, 0.0, 0.215, edge)
    c.disc(-0.03, 0.0, 0.185, coat)
    c.oval(0.07, 0.0, (0.075, 0.135), INK)
    c.oval(0.085, -0.03, (0.03, 0.05), light)
    if number == 0:  # a stripe, for those who see the colours alike
        c.box(-0.1, 0.0, (0.09, 0.3), PAPER, 0.03)
    else:
        c.disc(-0.1, 0.0, 0.065, PAPER)


def fallen(c: Canvas, number: int) -> None:
    """What is left of a fighter that is out for a while: a splash of the other's colour."""
    colour = FIGHTERS[1 - number][0]
    for k in range(9):
        turn = math.tau * k / 9 + 0.4 * (k % 3)
        far = 0.26 + 0.1 * (k % 2)
        c.disc(far * math.cos(turn), far * math.sin(turn), 0.09 + 0.05 * (k % 3 == 0), colour)
    c.disc(0, 0, 0.27, colour)
    for side in (-1, 1):
        c.stroke([(-0.13, -0.13 * side), (0.13, 0.13 * side)], 0.08, PAPER)


def bystander(c: Canvas, startled: bool) -> None:
    """A bystander in a bright vest, looking to the right."""
    c.oval(0, 0, (0.19, 0.3), VEST_EDGE)
    c.oval(0, 0, (0.155, 0.265), VEST)
    for side in (-1, 1):
        hand = (0.16, side * 0.17) if startled else (0.03, side * 0.29)
        c.disc(*hand, 0.07, SKIN)
    c.disc(0.0, 0.0, 0.155, VEST_EDGE)
    c.disc(0.0, 0.0, 0.13, HAIR)
    c.oval(0.075, 0.0, (0.055, 0.085), SKIN)


def shadow(c: Canvas, radius: float) -> None:
    """The shadow under a person."""
    c.oval(0.07, 0.1, (radius, radius * 0.92), SHADOW)


def ammunition(c: Canvas, ready: bool) -> None:
    """Three shots on a pad."""
    _plate(c, BRASS if ready else PAD_RIM)
    for k in (-1, 0, 1):
        x, top = 0.17 * k, -0.18 - 0.04 * (k == 0)
        colour, edge = (BRASS, BRASS_DARK) if ready else (STEEL, PAD_RIM)
        c.box(x, 0.06, (0.13, 0.3), edge, 0.03)
        c.box(x, 0.06, (0.09, 0.27), colour, 0.03)
        c.disc(x, top + 0.08, 0.06, edge)
        c.disc(x, top + 0.09, 0.045, colour)


def health(c: Canvas, ready: bool) -> None:
    """A cross on a pad."""
    _plate(c, MINT if ready else PAD_RIM)
    for colour, wide in ((MINT_DARK if ready else PAD_RIM, 0.2), (MINT if ready else STEEL, 0.14)):
        c.box(0, 0, (0.5 - 0.2 + wide, wide), colour, 0.03)
        c.box(0, 0, (wide, 0.5 - 0.2 + wide), colour, 0.03)


def _plate(c: Canvas, rim: Colour) -> None:
    c.disc(0, 0, 0.5, (0, 0, 0, 60))
    c.ring(0.46, 0.06, rim)


def shot(c: Canvas, number: int) -> None:
    """A shot and its glow."""
    red, green, blue = FIGHTERS[number][2][:3]
    for radius, alpha in ((0.3, 26), (0.22, 46), (0.16, 90)):
        c.disc(0, 0, radius, (red, green, blue, alpha))
    c.disc(0, 0, 0.115, (red, green, blue))
    c.disc(0, 0, 0.065, PAPER)


def ring(c: Canvas, colour: Colour, part: float, radius: float) -> None:
    """The first part of a ring: health, or how far something is."""
    c.ring(radius, 0.1, colour, part)


def zone(c: Canvas, colour: tuple[int, int, int], startled: bool) -> None:
    """The metre around a bystander in which a shot endangers it."""
    c.disc(0, 0, SAFE_DISTANCE, (*colour, 44 if startled else 14))
    for k in range(24):
        turn = math.tau * k / 24
        at = [
            (SAFE_DISTANCE * math.cos(turn + t), SAFE_DISTANCE * math.sin(turn + t))
            for t in (0, 0.12)
        ]
        c.stroke(at, 0.035, (*colour, 150))


def wedge(c: Canvas, left: int) -> None:
    """Where a hit came from, at the edge of a fighter that was hit; looking to the right."""
    alpha = min(255, 60 + 20 * left)
    for aside in (-0.3, 0.0, 0.3):
        points = [(1.02 * math.cos(aside + t), 1.02 * math.sin(aside + t)) for t in (-0.14, 0.14)]
        tip = (1.24 * math.cos(aside), 1.24 * math.sin(aside))
        c.shape([*points, tip], (255, 112, 84, alpha))


PADS = (ammunition, health)


# ------------------------------------------------------------------ turned and faded


@functools.lru_cache(maxsize=1024)
def _rotated(paint: Any, cell: int, span: float, degrees: int, *details: Any) -> pygame.Surface:
    return pygame.transform.rotozoom(sprite(paint, cell * 2, span, *details), degrees, 0.5)


def turned(paint: Any, cell: int, span: float, degrees: float, *details: Any) -> pygame.Surface:
    """A sprite that looks to the right, turned to the left; in steps of 3 degrees."""
    return _rotated(paint, cell, span, round(degrees / 3) * 3 % 360, *details)


def fighter_picture(cell: int, n: int, dx: float, dy: float) -> pygame.Surface:
    return turned(fighter, cell, 1.5, math.degrees(math.atan2(dy, dx)), n)


@functools.lru_cache(maxsize=512)
def faded(picture: pygame.Surface, alpha: int) -> pygame.Surface:
    """A premultiplied picture, more transparent."""
    faded = picture.copy()
    faded.fill((alpha, alpha, alpha, alpha), special_flags=pygame.BLEND_RGBA_MULT)
    return faded
