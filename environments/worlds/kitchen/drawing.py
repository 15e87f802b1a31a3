"""The picture of a kitchen: the room, the cooks, what lies where, and the score.

What may stand in `score`, and is shown if it does:

    score or return    points so far
    soups or soup      soups served so far
    title              a line at the top
    cook_0, cook_1     who acts: "refined agent", "human model", a person's name
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pygame

from environments.drawing.canvas import place, sprite
from environments.drawing.status_bars import draw_names, draw_standing
from environments.worlds.kitchen import drawing_sprites as things
from environments.worlds.kitchen.constants import (
    AGENTS,
    DISHES,
    EAST,
    FLOOR,
    NORTH,
    NOTHING,
    ONIONS,
    POT,
    SERVING,
    SOUP,
    SOUTH,
    TICK,
    WEST,
)

BACKGROUND = (38, 42, 53)
TURN = {SOUTH: 0, EAST: 90, NORTH: 180, WEST: 270}  # degrees, from facing down
AHEAD = {NORTH: (0, -1), SOUTH: (0, 1), EAST: (1, 0), WEST: (-1, 0)}
REACH = 0.41  # cells from a cook's middle to what it holds
LIFT = 0.08  # cells that a worktop whose front can be seen is higher
WORKTOPS = {
    POT: (things.STEEL, things.STEEL, things.STEEL_SIDE),
    SERVING: (things.MINT, things.MINT, things.MINT_SIDE),
}
WOOD = (things.WOOD, things.WOOD_LIGHT, things.WOOD_SIDE)
STANDING = {ONIONS: things.onion_crate, DISHES: things.dish_stack, SERVING: things.hatch}


def draw_kitchen(
    surface: pygame.Surface, table: np.void, state: np.void, score: Mapping[str, Any]
) -> None:
    """Draw a state on a surface of any size; 640x480 and up is clear to a person."""
    wide, high = surface.get_size()
    top, bottom = round(min(high * 0.13, 110)), round(min(high * 0.1, 80))
    columns, rows = int(table["width"]), int(table["height"])
    middle = high - top - bottom
    cell = max(8, int(min(wide * 0.96 / columns, middle * 0.95 / rows)))
    terrain = tuple(table["terrain"][: columns * rows].tolist())
    room = Room(surface, terrain, columns, cell, (wide // 2, top + middle // 2))
    surface.fill(BACKGROUND)
    surface.blit(_empty_room(terrain, columns, cell), room.corner)
    _draw_objects(room, state)
    _draw_pots(room, table, state)
    _draw_cooks(room, state)
    soup = sprite(things.thing, top, 1, SOUP, 1.1, True)
    part = max(1 - int(state["tick"]) / max(int(state["horizon"]), 1), 0.0)
    seconds = part * int(state["horizon"]) * TICK
    draw_standing(surface, pygame.Rect(0, 0, wide, top), score, soup, seconds, part)
    names = [str(score.get(agent, agent.replace("_", " "))) for agent in AGENTS]
    badges = [sprite(things.cook, round(bottom * 0.8), 1.2, n, False) for n in range(len(names))]
    draw_names(surface, pygame.Rect(0, high - bottom, wide, bottom), names, badges)


class Room:
    """Where the cells of a kitchen are on a surface, in pixels."""

    def __init__(
        self,
        surface: pygame.Surface,
        terrain: tuple[int, ...],
        columns: int,
        cell: int,
        middle: tuple[int, int],
    ) -> None:
        self.surface, self.terrain, self.columns, self.cell = surface, terrain, columns, cell
        rows = len(terrain) // columns
        self.corner = middle[0] - columns * cell // 2, middle[1] - rows * cell // 2

    def put(self, index: int, picture: pygame.Surface, x: float = 0.0, y: float = 0.0) -> None:
        """Put a sprite on a cell, (x, y) cells from its middle; on worktops it stands higher."""
        across, down = index % self.columns + 0.5 + x, index // self.columns + 0.5 + y
        if self.shows_front(index):
            down -= LIFT
        left, top = self.corner
        place(self.surface, picture, left + across * self.cell, top + down * self.cell)

    def shows_front(self, index: int) -> bool:
        """Whether one sees the front of the worktop on a cell: nothing stands before it."""
        below = index + self.columns
        before = self.terrain[below] if below < len(self.terrain) else FLOOR
        return self.terrain[index] != FLOOR and before == FLOOR


@functools.lru_cache(maxsize=16)
def _empty_room(terrain: tuple[int, ...], columns: int, cell: int) -> pygame.Surface:
    """All that never changes, drawn once for each size."""
    wide, high = columns * cell, len(terrain) // columns * cell
    picture = pygame.Surface((wide, high))
    room = Room(picture, terrain, columns, cell, (wide // 2, high // 2))
    for index, kind in enumerate(terrain):
        if kind == FLOOR:
            dark = (index % columns + index // columns) % 2 == 1
            room.put(index, sprite(things.tile, cell, 1, dark))
        else:
            front = room.shows_front(index)
            worktop = sprite(things.worktop, cell, 1, front, *WORKTOPS.get(kind, WOOD))
            room.put(index, worktop, y=LIFT if front else 0.0)
        if kind in STANDING:
            room.put(index, sprite(STANDING[kind], cell, 1))
    return picture


# ------------------------------------------------------------------ what is in it


def _draw_objects(room: Room, state: np.void) -> None:
    for index in np.flatnonzero(state["item"]).tolist():
        room.put(index, sprite(things.thing, room.cell, 1, int(state["item"][index]), 1.1, True))


def _draw_pots(room: Room, table: np.void, state: np.void) -> None:
    whole = int(table["cook_ticks"])
    for k in range(int(table["n_pots"])):
        done = min(int(state["ticks"][k]) / whole, 1.0)
        onions = int(state["onions"][k])
        ready = onions == 3 and done == 1.0
        room.put(int(table["pots"][k]), sprite(things.pot, room.cell, 1, onions, done, ready))


def _draw_cooks(room: Room, state: np.void) -> None:
    cooks = sorted(range(len(AGENTS)), key=lambda n: int(state["position"][n]))
    for n in cooks:
        room.put(int(state["position"][n]), sprite(things.shadow, room.cell, 1))
    for n in cooks:
        cell, facing = int(state["position"][n]), int(state["facing"][n])
        held = int(state["held"][n])
        room.put(cell, _turned_cook(room.cell, n, held != NOTHING, facing))
        if held != NOTHING:
            x, y = (REACH * part for part in AHEAD[facing])
            room.put(cell, sprite(things.thing, room.cell, 1, held, 0.85, False), x, y)


@functools.lru_cache(maxsize=64)
def _turned_cook(cell: int, number: int, holds: bool, facing: int) -> pygame.Surface:
    return pygame.transform.rotate(sprite(things.cook, cell, 1.2, number, holds), TURN[facing])
