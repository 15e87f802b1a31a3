"""Constants of the courier: the grid, the robot, its rays, the people, and the dtype of the state."""

from __future__ import annotations

import numpy as np
from numba import njit

from environments.simulation.kernels import HEADER

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

# All that changes in a game; with the actions it says everything that will happen.
STATE = np.dtype(
    [
        *HEADER,
        # the hall
        ("grid", np.int8, CELLS),  # FLOOR, ZONE, SHELF or WALL
        ("racks", np.int32),
        ("rack", np.int8, (RACKS, 4)),  # from column, row to column, row; the last not included
        ("station", np.int16, STATIONS),  # their cells
        # the robot
        ("x", np.float64),  # m, as y: from the upper left corner
        ("y", np.float64),
        ("heading", np.float64),  # rad, from the right clockwise
        ("left", np.float64),  # m/s of the wheel
        ("right", np.float64),
        ("gain", np.float64, 2),  # m/s that the wheels gained in the last tick
        ("commands", np.float64, (DELAYS + 1, 2)),  # the last actions, the newest first
        ("touches", np.bool_),  # something, since the last tick at least
        ("scan", np.float32, RAYS),  # m, as the lidar measured
        ("vest", np.int8, RAYS),  # 1 where it hit a person
        # the orders
        ("order_from", np.int8),  # station
        ("order_to", np.int8),
        ("carries", np.bool_),
        ("delivered", np.int32),
        ("to_go", np.float64),  # m of the way to the station that is the goal now
        ("after", np.float64),  # m of the order's way after that: none with the parcel on board
        # the people
        ("person_x", np.float64, PEOPLE),
        ("person_y", np.float64, PEOPLE),
        ("person_vx", np.float64, PEOPLE),
        ("person_vy", np.float64, PEOPLE),
        ("person_pace", np.float64, PEOPLE),  # m/s, each one's own
        ("person_to", np.int8, PEOPLE),  # station
        ("person_wait", np.int16, PEOPLE),  # ticks
        ("person_sees", np.int8, PEOPLE),  # gives way to a robot that drives
        # what this episode drew, and the options it drew from
        ("drawn", np.float64, len(DRAWN)),
        ("slip", np.float64, 2),  # share of each wheel's turning that is lost
        ("orders", np.int32),  # after which it is over; 0: never
        ("asked", np.float64, (len(DRAWN), 2)),  # the least and the most
        # the ways, as the direction of the next cell on the way to each station; last, so that all that a
        # step touches lies close together
        ("way", np.int8, (STATIONS, CELLS)),
    ]
)


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

    Its middle must be on free floor: what moves does so by less than its radius a tick.
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
