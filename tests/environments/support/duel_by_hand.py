"""Duels set up by hand, for the tests: who stands where in an arena without cover, and what both then do."""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.worlds.duel.constants import HALF, ROWS

WORLD = "gpo/Duel-v0"
STILL = (0, 0, 0, 0, 0)
FIRE = (0, 0, 1, 0, 0)
RELOAD = (0, 0, 0, 1, 0)
AWAY = [[-9.5, -9.5], [9.5, 9.5], [-9.5, 9.5], [9.5, -9.5]]  # pads in the corners


class Duel:
    """One duel in an arena with walls alone; bystanders only where they are put.

    Args:
        cells: lower left corners of cells that are cover.
        restart: begin anew when it is over.
        params: of the world.
    """

    def __init__(
        self, cells: tuple[tuple[int, int], ...] = (), restart: bool = False, **params: Any
    ) -> None:
        self.world = make_world(WORLD, **params)
        self.batch = Batch(self.world, 1, restart=restart)
        self.state = self.batch.state[0]
        self.state["rows"] = rows_of(cells)
        self.state["pad"] = AWAY
        self.state["shield"] = 0
        self.state["back"] = 1000
        for w, place in enumerate(AWAY):
            self.bystander(w, *place)
        self.stand(0, -4, 0, 0.0)
        self.stand(1, 4, 0, 180.0)

    def stand(self, n: int, x: float, y: float, degrees: float = 0.0) -> None:
        """Put a fighter somewhere, looking somewhere."""
        self.state["position"][n] = x, y
        self.state["heading"][n] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        self.state["velocity"][n] = 0

    def bystander(self, w: int, x: float, y: float) -> None:
        """Put a bystander somewhere; it stays there for a minute."""
        self.state["walker"][w] = self.state["walker_goal"][w] = x, y
        self.state["walker_velocity"][w] = 0
        self.state["walker_startled"][w] = 10_000

    def step(self, first: Any = STILL, second: Any = STILL) -> dict[str, list[float]]:
        """Act; returns terms and costs of both by name."""
        self.batch.step(np.array([[first, second]]))
        found = {name: self.batch.terms[0, :, k] for k, name in enumerate(self.world.terms)}
        found |= {name: self.batch.costs[0, :, k] for k, name in enumerate(self.world.costs)}
        return {name: values.tolist() for name, values in found.items()}

    def sums(self, steps: int, first: Any = STILL, second: Any = STILL) -> dict[str, list[float]]:
        """Act for so many steps; what came out altogether."""
        total: dict[str, Any] = {}
        for _ in range(steps):
            for name, values in self.step(first, second).items():
                total[name] = np.add(total.get(name, (0, 0)), values)
        return {name: values.round(5).tolist() for name, values in total.items()}

    def shoot(self) -> dict[str, list[float]]:
        """Fighter 0 fires once, and the shot flies to its end."""
        fired = self.step(FIRE)
        rest = self.sums(40)
        return {name: np.add(fired[name], rest[name]).round(5).tolist() for name in fired}

    def see(self, n: int = 0) -> np.ndarray:
        """What a fighter sees of the state as it is now."""
        seen: np.ndarray = self.batch.observe()[0, n].copy()
        return seen


def rows_of(cells: tuple[tuple[int, int], ...]) -> np.ndarray:
    """The rows of an arena whose cover has its lower left corners there."""
    rows = np.full(ROWS, 1 | 1 << (ROWS - 1), np.uint32)
    rows[0] = rows[-1] = (1 << ROWS) - 1
    for x, y in cells:
        rows[y + HALF + 1] |= np.uint32(1 << (x + HALF + 1))
    return rows


def cells_of(rows: np.ndarray) -> np.ndarray:
    """The lower left corners of all solid cells, the walls' too: [K, 2]."""
    found = [
        (bit - HALF - 1, row - HALF - 1)
        for row in range(ROWS)
        for bit in range(ROWS)
        if int(rows[row]) >> bit & 1
    ]
    return np.array(found)
