"""A courier's hall with nothing in it but walls, and what a test puts there."""

import math
from typing import Any

import numpy as np

from environments.catalog import make_world
from environments.shields.shield import ShieldedBatch
from environments.simulation.batch import Batch
from environments.worlds.courier.constants import (
    COLUMNS,
    FLOOR,
    HERE,
    ROWS,
    SHELF,
    STATIONS,
    WALL,
    ZONE,
)
from environments.worlds.courier.constants import PERSON as PERSON

STILL = {"noise": 0.0, "dropout": 0.0, "pace": 0.0}  # an exact lidar, and people who stand


class HallByHand:
    """One game whose hall is empty; the robot stands in its middle and looks to the right."""

    def __init__(self, people=0, shield=False, seed=0, **options):
        world = make_world("gpo/Courier-v0", people=people)
        kind: type[Batch] = ShieldedBatch if shield else Batch
        self.batch: Any = kind(world, 1, seed=seed, options=STILL | options, restart=False)
        self.state = self.batch.state[0]
        grid = np.full((ROWS, COLUMNS), WALL, np.int8)
        grid[1:-1, 1:-1] = FLOOR
        self.state["grid"], self.state["racks"] = grid.ravel(), 0
        self.state["rack"] = 0
        self.stations([(1, 1 + 2 * k) for k in range(STATIONS - 1)] + [(16, 10)])
        self.order(0, 1)
        self.robot(8.5, 5.5)
        for p in range(people):
            self.person(p, 16.5, 1.5 + p)

    def stations(self, cells):
        """Put the stations on (column, row); the way to each leads straight to its row, then along it."""
        for k, (column, row) in enumerate(cells):
            self.state["station"][k] = row * COLUMNS + column
            way = np.full((ROWS, COLUMNS), HERE, np.int8)
            way[:row], way[row + 1 :] = 2, 6
            way[row, :column], way[row, column + 1 :] = 0, 4
            self.state["way"][k] = way.ravel()

    def order(self, begin, end, carries=False):
        """Order a parcel."""
        self.state["order_from"], self.state["order_to"], self.state["carries"] = (
            begin,
            end,
            carries,
        )

    def robot(self, x, y, heading=0.0, speed=0.0):
        """Put the robot somewhere, already driving."""
        for name, value in (
            ("x", x),
            ("y", y),
            ("heading", heading),
            ("left", speed),
            ("right", speed),
        ):
            self.state[name] = value

    def person(self, p, x, y, vx=0.0, vy=0.0, pace=0.0):
        """Put a person somewhere; it wants nothing."""
        self.state["person_x"][p], self.state["person_y"][p] = x, y
        self.state["person_vx"][p], self.state["person_vy"][p] = vx, vy
        self.state["person_pace"][p], self.state["person_wait"][p] = pace, 10_000

    def mark(self, columns, rows, kind=ZONE):
        """Make a block of cells a zone, or a rack."""
        grid = self.state["grid"].reshape(ROWS, COLUMNS)
        grid[rows[0] : rows[1], columns[0] : columns[1]] = kind
        if kind == SHELF:
            rack = int(self.state["racks"])
            self.state["rack"][rack] = columns[0], rows[0], columns[1], rows[1]
            self.state["racks"] = rack + 1

    def step(self, forward=0.0, turn=0.0):
        """Act once; the costs."""
        self.batch.step(np.array([[[forward, turn]]], np.float32))
        return dict(zip(self.batch.world.costs, self.batch.costs[0, 0].tolist(), strict=True))

    @property
    def place(self):
        """Where the robot is, m."""
        return float(self.state["x"]), float(self.state["y"])

    @property
    def speed(self):
        """Of the robot, m/s."""
        return float(self.state["left"] + self.state["right"]) / 2

    def gap(self, p=0):
        """Between the robot and a person, m."""
        x, y = self.place
        away = math.hypot(
            float(self.state["person_x"][p]) - x, float(self.state["person_y"][p]) - y
        )
        return away - 0.2 - PERSON
