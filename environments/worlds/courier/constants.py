"""What there is in a courier's hall, as numbers: the grid, the robot, its rays, the people."""

from __future__ import annotations

import numpy as np
from numba import njit

AGENTS = ("robot",)
TICK = 0.1  # s

# The hall is a grid of cells of 1 m, its outermost ring being the wall; y grows downwards, as on a screen.
COLUMNS, ROWS = 18, 12
CELLS = COLUMNS * ROWS
FLOOR, ZONE, SHELF, WALL = range(4)  # what a cell is; SHELF and above cannot be entered
STATIONS = 6
RACKS = 16  # room for so many
PEOPLE = 8  # room for so many
HERE = 8  # the direction of a cell that is already the goal
ACROSS = np.array(
    [1, 1, 0, -1, -1, -1, 0, 1, 0], np.int64
)  # columns to the neighbour in a direction
DOWN = np.array([0, 1, 1, 1, 0, -1, -1, -1, 0], np.int64)  # rows, likewise

RADIUS = 0.2  # m, of the robot
BASE = 0.32  # m between its wheels
TOP_SPEED = 1.6  # m/s of a wheel, and so of the robot
TOP_TURN = 3.0  # rad/s that the second number of an action asks for at 1
ACCELERATION = 2.0  # m/s2 of a wheel, also when it brakes
DELAYS = 2  # ticks at most between an action and the wheels
MARK = 0.5  # m around a station's middle in which parcels change hands ...
MARK_SPEED = 0.3  # m/s ... if the robot is no faster

PERSON = 0.25  # m, radius of a person
PERSON_SPEED = 1.8  # m/s that nobody exceeds
SPREAD = 0.2  # people's own pace differs by so much from the pace asked for
TOUCH = RADIUS + PERSON  # m between the middles of a robot and a person who touch

RAYS = 32
REACH = 6.0  # m
# Ray 0 looks ahead, the next a little to the right of it, and so on all around.
RAY_ACROSS = np.cos(np.arange(RAYS) * 2 * np.pi / RAYS).astype(np.float32)
RAY_DOWN = np.sin(np.arange(RAYS) * 2 * np.pi / RAYS).astype(np.float32)

# What an episode draws from the two numbers that its options give, the least and the most.
SLIP, NOISE, DROPOUT, DELAY, PACE = range(5)
DRAWN = ("slip", "noise", "dropout", "delay", "pace")


@njit(inline="always")
def cell_at(x, y):  # type: ignore[no-untyped-def]
    """The cell that a place in the hall is in."""
    return int(y) * COLUMNS + int(x)


@njit(inline="always")
def clipped(value, most):  # type: ignore[no-untyped-def]
    """`value` between -most and most; 0 for what is no number."""
    if value != value:
        return 0.0
    return min(max(value, -most), most)


@njit
def clearance(grid, x, y):  # type: ignore[no-untyped-def]
    """How far the nearest shelf or wall is from a place on free floor, m; 1 if none is in reach."""
    i, j = int(x), int(y)
    west, north = x - i, y - j
    nearest = 1.0
    for k in range(8):
        if grid[(j + DOWN[k]) * COLUMNS + i + ACROSS[k]] >= SHELF:
            across = (west if ACROSS[k] < 0 else 1.0 - west) if ACROSS[k] != 0 else 0.0
            down = (north if DOWN[k] < 0 else 1.0 - north) if DOWN[k] != 0 else 0.0
            nearest = min(nearest, (across * across + down * down) ** 0.5)
    return nearest


@njit
def pushed_out(grid, x, y, radius):  # type: ignore[no-untyped-def]
    """The nearest place where a disc of less than half a cell overlaps no shelf: x, y, and whether it did.

    Its middle must be on free floor: whoever moves does so by less than its radius a tick.
    """
    i, j = int(x), int(y)
    here = j * COLUMNS + i
    west, north = x - i, y - j
    new_x, new_y = x, y
    if west < radius and grid[here - 1] >= SHELF:
        new_x = i + radius
    elif west > 1.0 - radius and grid[here + 1] >= SHELF:
        new_x = i + 1.0 - radius
    if north < radius and grid[here - COLUMNS] >= SHELF:
        new_y = j + radius
    elif north > 1.0 - radius and grid[here + COLUMNS] >= SHELF:
        new_y = j + 1.0 - radius
    hit = new_x != x or new_y != y
    if not hit:  # no side is near; a corner may be
        across = -1 if west < 0.5 else 1
        down = -1 if north < 0.5 else 1
        if grid[here + down * COLUMNS + across] >= SHELF:
            corner_x, corner_y = i + (across + 1) // 2, j + (down + 1) // 2
            dx, dy = x - corner_x, y - corner_y
            away = (dx * dx + dy * dy) ** 0.5
            if 0.0 < away < radius:
                new_x, new_y = corner_x + dx / away * radius, corner_y + dy / away * radius
                hit = True
    return new_x, new_y, hit
