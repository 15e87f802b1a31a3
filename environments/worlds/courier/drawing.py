"""The picture of a courier's hall: racks, zones, stations, people, the robot and its lidar.

What may stand in `score`, and is shown if it does:

    score or return    points so far
    title              a line at the top
    robot              who drives: "refined agent", a person's name
    shield             whether the shield changed the last action
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pygame

from environments.drawing.canvas import place, sprite, write
from environments.drawing.status_bars import draw_standing
from environments.worlds.courier import drawing_sprites as things
from environments.worlds.courier.constants import (
    ACCELERATION,
    ACROSS,
    COLUMNS,
    DOWN,
    HERE,
    PERSON,
    RADIUS,
    RAYS,
    REACH,
    ROWS,
    SHELF,
    TICK,
    WALL,
    ZONE,
)
from environments.worlds.courier.drawing_dashboard import draw_dashboard, people_too_close
from environments.worlds.courier.shield import NEAR

BACKGROUND = (38, 42, 53)
RIM = 0.35  # m of the wall that is shown
LETTERS = "ABCDEF"


def draw_courier(
    surface: pygame.Surface, table: np.void, state: np.void, score: Mapping[str, Any]
) -> None:
    """Draw a state on a surface of any size; 640x480 and up is clear to a person."""
    wide, high = surface.get_size()
    top, bottom = round(min(high * 0.12, 100)), round(min(high * 0.1, 80))
    middle = high - top - bottom
    span = COLUMNS - 2 + 2 * RIM, ROWS - 2 + 2 * RIM
    cell = max(8, int(min(wide * 0.985 / span[0], middle * 0.97 / span[1])))
    hall = Hall(surface, cell, (wide / 2, top + middle / 2))
    surface.fill(BACKGROUND)
    grid, stations = state["grid"].astype(np.int8).tobytes(), state["station"].tolist()
    floor = _empty_hall(grid, tuple(stations), cell)
    surface.blit(floor, floor.get_rect(center=(round(wide / 2), round(top + middle / 2))))
    too_close = people_too_close(table, state)
    _draw_goal(hall, state)
    _draw_lidar(hall, state)
    _draw_people(hall, table, state, too_close)
    _draw_robot(hall, state, bool(score.get("shield")))
    part = max(1 - int(state["tick"]) / max(int(state["horizon"]), 1), 0.0)
    seconds = part * int(state["horizon"]) * TICK
    made = sprite(things.parcel, round(top * 2.2), 0.5, 0, 1.0)
    shown = {**score, "soups": int(state["delivered"])}
    draw_standing(surface, pygame.Rect(0, 0, wide, top), shown, made, seconds, part)
    bar = pygame.Rect(0, high - bottom, wide, bottom)
    draw_dashboard(surface, bar, table, state, score)


class Hall:
    """Where places of the hall are on a surface: metres to pixels."""

    def __init__(self, surface: pygame.Surface, cell: int, middle: tuple[float, float]) -> None:
        self.surface, self.cell = surface, cell
        self.left = middle[0] - COLUMNS / 2 * cell
        self.top = middle[1] - ROWS / 2 * cell

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of a place."""
        return self.left + x * self.cell, self.top + y * self.cell

    def put(self, picture: pygame.Surface, x: float, y: float) -> None:
        """Put a sprite with its middle on a place."""
        place(self.surface, picture, *self.at(x, y))

    def middle_of(self, index: int) -> tuple[float, float]:
        """The middle of a cell, m."""
        return index % COLUMNS + 0.5, index // COLUMNS + 0.5


@functools.lru_cache(maxsize=8)
def _empty_hall(grid: bytes, stations: tuple[int, ...], cell: int) -> pygame.Surface:
    """All that never changes in an episode, drawn once for each size."""
    rim = round(RIM * cell)
    wide, high = (COLUMNS - 2) * cell + 2 * rim, (ROWS - 2) * cell + 2 * rim
    picture = pygame.Surface((wide, high))
    picture.fill(things.WALL)
    edge = pygame.Rect(rim, rim, wide - 2 * rim, high - 2 * rim)
    pygame.draw.rect(picture, things.WALL_EDGE, edge.inflate(6, 6), border_radius=3)
    hall = Hall(picture, cell, (wide / 2, high / 2))
    kinds = np.frombuffer(grid, np.int8)
    for index in np.flatnonzero(kinds != WALL).tolist():
        kind, (x, y) = int(kinds[index]), hall.middle_of(index)
        hall.put(sprite(things.tile, cell, 1), x, y)
        if kind == ZONE:
            hall.put(sprite(things.zone, cell, 1), x, y)
        elif kind == SHELF:
            upright = SHELF in (kinds[index - COLUMNS], kinds[index + COLUMNS])
            hall.put(sprite(things.rack, cell, 1, upright, index % 12), x, y)
    for number, index in enumerate(stations):
        x, y = hall.middle_of(index)
        hall.put(sprite(things.station, cell, 1.4, number, 0.0), x, y)
        write(picture, LETTERS[number], hall.at(x, y), cell * 0.62, things.PAPER, "center")
    return picture


# ------------------------------------------------------------------ what moves


def _draw_goal(hall: Hall, state: np.void) -> None:
    """The station to go to and the way there, and the one after that; a parcel that waits."""
    to = int(state["order_to"] if state["carries"] else state["order_from"])
    x, y = hall.middle_of(int(state["station"][to]))
    beat = 0.5 + 0.5 * math.sin(int(state["tick"]) * TICK * math.tau / 1.2)
    hall.put(sprite(things.station, hall.cell, 1.6, to, round(0.2 + 0.8 * beat, 1)), x, y)
    write(hall.surface, LETTERS[to], hall.at(x, y), hall.cell * 0.62, things.PAPER, "center")
    if not state["carries"]:
        hall.put(sprite(things.parcel, hall.cell, 1, 5, 1.25), x + 0.28, y + 0.28)
        after = hall.middle_of(int(state["station"][int(state["order_to"])]))
        halo = sprite(things.ring, hall.cell, 1.6, 0.6, 0.06, things.STATIONS[to])
        hall.put(halo, *after)
    _draw_way(hall, state, to)


def _draw_way(hall: Hall, state: np.void, to: int) -> None:
    """Dots along the way, every half metre."""
    points = [(float(state["x"]), float(state["y"]))]
    cell = int(points[0][1]) * COLUMNS + int(points[0][0])
    while int(state["way"][to, cell]) != HERE:
        k = int(state["way"][to, cell])
        cell += int(DOWN[k]) * COLUMNS + int(ACROSS[k])
        points.append(hall.middle_of(cell))
    dot = sprite(things.ring, hall.cell, 0.2, 0.025, 0.05, things.STATIONS[to])
    left = 0.5
    for (x0, y0), (x1, y1) in pairwise(points):
        length = math.hypot(x1 - x0, y1 - y0)
        while left <= length:
            share = left / length
            hall.put(dot, x0 + share * (x1 - x0), y0 + share * (y1 - y0))
            left += 0.5
        left -= length


def _draw_lidar(hall: Hall, state: np.void) -> None:
    """Each ray as it was measured, and a point where something sent it back."""
    x, y, heading = float(state["x"]), float(state["y"]), float(state["heading"])
    light = pygame.Surface(hall.surface.get_size(), pygame.SRCALPHA)
    light.set_clip(pygame.Rect(hall.at(1, 1), ((COLUMNS - 2) * hall.cell, (ROWS - 2) * hall.cell)))
    ends = []
    for k in range(RAYS):
        angle, far = heading + k * math.tau / RAYS, float(state["scan"][k])
        end = hall.at(x + far * math.cos(angle), y + far * math.sin(angle))
        pygame.draw.aaline(light, (30, 150, 160, 46), hall.at(x, y), end)
        if far < REACH:
            ends.append((end, bool(state["vest"][k])))
    hall.surface.blit(light, (0, 0))
    for end, vest in ends:
        colour = things.ALARM if vest else (24, 140, 150)
        place(hall.surface, sprite(things.ring, hall.cell, 0.3, 0.03, 0.06, colour), *end)


def _draw_people(hall: Hall, table: np.void, state: np.void, too_close: list[bool]) -> None:
    for p, close in enumerate(too_close):
        x, y = float(state["person_x"][p]), float(state["person_y"][p])
        vx, vy = float(state["person_vx"][p]), float(state["person_vy"][p])
        colour = (*things.ALARM, 230) if close else (120, 128, 148, 60)
        radius = PERSON + NEAR
        hall.put(sprite(things.ring, hall.cell, 1.7, radius, 0.035, colour), x, y)
        walks = math.hypot(vx, vy) > 0.15
        turn = round(math.atan2(vy, vx) / math.tau * things.TURNS) % things.TURNS
        step = (int(state["tick"]) // 2 + p) % 4 if walks else 0
        looks = bool(state["person_sees"][p])
        hall.put(sprite(things.person, hall.cell, 1, turn, step, p, looks), x, y)


def _draw_robot(hall: Hall, state: np.void, shielded: bool) -> None:
    """The robot, and before it the distance in which it could stop."""
    x, y, heading = float(state["x"]), float(state["y"]), float(state["heading"])
    speed = float(state["left"] + state["right"]) / 2
    length = math.copysign(speed * speed / (2 * ACCELERATION) + abs(speed) * TICK, speed)
    if abs(length) > 0.02:
        way = pygame.Surface(hall.surface.get_size(), pygame.SRCALPHA)
        tip = x + length * math.cos(heading), y + length * math.sin(heading)
        _capsule(way, hall, (x, y), tip, (60, 190, 180, 80))
        hall.surface.blit(way, (0, 0))
    if shielded:
        hall.put(sprite(things.ring, hall.cell, 1, 0.3, 0.06, things.SHIELD), x, y)
    turn = round(heading / math.tau * things.TURNS) % things.TURNS
    hall.put(sprite(things.robot, hall.cell, 1, turn, bool(state["carries"])), x, y)


def _capsule(
    surface: pygame.Surface,
    hall: Hall,
    begin: tuple[float, float],
    end: tuple[float, float],
    colour: Any,
) -> None:
    """What a disc of the robot's size covers on a straight line."""
    for x, y in (begin, end):
        pygame.draw.circle(surface, colour, hall.at(x, y), RADIUS * hall.cell)
    length = math.hypot(end[0] - begin[0], end[1] - begin[1])
    ax, ay = (begin[1] - end[1]) / length * RADIUS, (end[0] - begin[0]) / length * RADIUS
    corners = [(begin, 1), (end, 1), (end, -1), (begin, -1)]
    pygame.draw.polygon(surface, colour, [hall.at(x + s * ax, y + s * ay) for (x, y), s in corners])
