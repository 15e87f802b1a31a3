"""A kitchen set up by hand, for tests that read as sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.worlds.kitchen.constants import NORTH, NOTHING, WEST
from environments.worlds.kitchen.world import COSTS, TERMS


class Kitchen:
    """One game, set up by hand."""

    def __init__(self, layout: str = "cramped_room", **params: Any) -> None:
        self.batch = Batch(make_world("gpo/Kitchen-v0", layout=layout, **params), restart=False)
        self.state = self.batch.state[0]
        self.width = int(self.batch.world.table[0]["width"])

    def cell(self, place: tuple[int, int]) -> int:
        return place[1] * self.width + place[0]

    def put(self, cook: int, at: tuple[int, int], facing: int, held: int = NOTHING) -> Kitchen:
        self.state["position"][cook], self.state["facing"][cook] = self.cell(at), facing
        self.state["held"][cook] = held
        return self

    def pot(self, onions: int, ticks: int = 0) -> Kitchen:
        self.state["onions"][0], self.state["ticks"][0] = onions, ticks
        return self

    def lay(self, item: int, at: tuple[int, int]) -> Kitchen:
        self.state["item"][self.cell(at)] = item
        return self

    def step(self, *actions: int) -> Kitchen:
        self.batch.step(np.array([actions]))
        return self

    def places(self) -> list[tuple[int, int]]:
        return [(int(c) % self.width, int(c) // self.width) for c in self.state["position"]]

    def facing(self) -> list[int]:
        return list(self.state["facing"])

    def held(self) -> list[int]:
        return list(self.state["held"])

    def item(self, at: tuple[int, int]) -> int:
        return int(self.state["item"][self.cell(at)])

    def term(self, name: str) -> list[float]:
        return list(self.batch.terms[0, :, list(TERMS).index(name)])

    def cost(self, name: str) -> list[float]:
        return list(self.batch.costs[0, :, list(COSTS).index(name)])


def at_the_pot(held: int, onions: int, ticks: int = 0) -> Kitchen:
    """Cook 0 of cramped_room faces the pot; cook 1 stands in the corner."""
    kitchen = Kitchen().put(0, (2, 1), NORTH, held).put(1, (1, 2), WEST)
    return kitchen.pot(onions, ticks)
