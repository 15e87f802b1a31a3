"""What a cook sees: all there is, from its own place, within the declared bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.worlds.kitchen.constants import EFFECTS, FLOOR
from environments.worlds.kitchen.layouts import FAR, LAYOUTS
from environments.worlds.kitchen.observation import TARGETS
from tests.environments.support.kitchen_by_hand import Kitchen
from tests.environments.support.recordings import Recorded

GAMES, STEPS = 32, 400  # of random play


def games_at(world: World, states: np.ndarray) -> Batch:
    """A batch whose games are in the given states, and seen so."""
    batch = Batch(world, len(states), restart=False)
    batch.state[:] = states
    batch.observe()
    return batch


def random_play(world: World) -> np.ndarray:
    """States of cooks who do anything, interact often, and start with pots as they may be."""
    rng = np.random.default_rng(0)
    batch = Batch(world, GAMES, options={"horizon": STEPS}, restart=False)
    batch.state["onions"] = rng.integers(0, 4, batch.state["onions"].shape)
    batch.state["onions"][:, int(world.table[0]["n_pots"]) :] = 0
    batch.state["ticks"] = np.where(batch.state["onions"] == 3, 1, 0)
    states = []
    for _ in range(STEPS):
        states.append(batch.state.copy())
        batch.step(rng.choice(6, (GAMES, 2), p=[0.15, 0.15, 0.15, 0.15, 0.1, 0.3]))
    return np.concatenate(states)


def recorded_play(layout: str) -> np.ndarray:
    """Every recorded state, at a random time of an episode."""
    states = Recorded(layout).states
    states["horizon"] = 1204
    states["tick"] = np.random.default_rng(1).integers(0, 1205, len(states))
    return states


class Reader:
    """Takes an observation [B, O] apart from left to right."""

    def __init__(self, seen: np.ndarray) -> None:
        self.seen, self.at = seen, 0

    def skip(self, count: int) -> None:
        self.at += count

    def numbers(self, count: int) -> np.ndarray:
        """The next `count` numbers: [B, count]."""
        self.at += count
        return self.seen[:, self.at - count : self.at]

    def one_of(self, count: int) -> np.ndarray:
        """Which of the next `count` is on, and only that one: [B]."""
        part = self.numbers(count)
        assert ((part == 0) | (part == 1)).all()
        assert (part.sum(axis=1) == 1).all()
        chosen: np.ndarray = part.argmax(axis=1)
        return chosen

    def one_or_none(self, count: int) -> np.ndarray:
        """0 if none of the next `count` is on, else 1 + which: [B]."""
        part = self.numbers(count)
        assert (part.sum(axis=1) <= 1).all()
        return np.where(part.any(axis=1), 1 + part.argmax(axis=1), 0)


def see_through(seen: np.ndarray, seat: int, world: World, horizon: int) -> dict[str, np.ndarray]:
    """The state of the game, from nothing but what the cook in `seat` sees: [B, O]."""
    table: Any = world.table[0]
    reader, games = Reader(seen), len(seen)
    floors = np.flatnonzero(table["floor_at"] >= 0)
    state = {name: np.zeros((games, 2), int) for name in ("facing", "held", "position")}
    for cook in (seat, 1 - seat):
        state["facing"][:, cook] = reader.one_of(4)
        state["held"][:, cook] = reader.one_of(4)
        state["position"][:, cook] = floors[reader.one_of(len(floors))]
    reader.skip(3 + 4 * (EFFECTS + 1) + EFFECTS)
    state["onions"] = np.zeros((games, table["pots"].size), int)
    state["ticks"] = np.zeros((games, table["pots"].size), int)
    for pot in range(table["n_pots"]):
        state["onions"][:, pot] = reader.one_of(4)
        state["ticks"][:, pot] = np.rint(reader.numbers(1)[:, 0] * table["cook_ticks"])
        reader.skip(4)
    state["item"] = np.zeros((games, table["terrain"].size), int)
    for counter in table["counters"][: table["n_counters"]]:
        state["item"][:, counter] = reader.one_or_none(3)
    reader.skip(5 * TARGETS)
    state["tick"] = horizon - np.rint(reader.numbers(1)[:, 0] * horizon).astype(int)
    assert reader.at == seen.shape[1], "every number is accounted for"
    return state


@pytest.mark.parametrize("source", ["random play", "recorded play"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_cook_sees_all_there_is(layout, source):
    """The whole state comes back from either cook's view; a soup is ready or not, however long."""
    world = make_world("gpo/Kitchen-v0", layout=layout)
    states = random_play(world) if source == "random play" else recorded_play(layout)
    batch = games_at(world, states)
    expected = {
        name: states[name] for name in ("position", "facing", "held", "item", "onions", "tick")
    }
    expected["ticks"] = np.minimum(states["ticks"], world.params.cook_ticks)
    for seat in range(2):
        found = see_through(batch.observation[:, seat], seat, world, int(states["horizon"][0]))
        assert set(found) == set(expected)
        for name, values in expected.items():
            assert (found[name] == values).all(), (name, seat)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_observation_is_within_its_bounds(layout):
    world = make_world("gpo/Kitchen-v0", layout=layout)
    for states in (random_play(world), recorded_play(layout)):
        seen = games_at(world, states).observation
        assert (seen >= world.observation_space.low).all()
        assert (seen <= world.observation_space.high).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_cooks_who_change_places_see_what_the_other_saw(layout):
    world = make_world("gpo/Kitchen-v0", layout=layout)
    states = random_play(world)
    swapped = states.copy()
    for name in ("position", "facing", "held", "held_ticks"):
        swapped[name] = states[name][:, ::-1]
    seen = games_at(world, states).observation
    assert (games_at(world, swapped).observation == seen[:, ::-1]).all()


def test_the_body_is_the_part_that_follows_the_cook_alone():
    world = make_world("gpo/Kitchen-v0")
    states = random_play(world)[:1]
    other = states.copy()
    other["position"][:, 1], other["held"][:, 1], other["onions"][:, 0] = 6, 1, 2
    mine = games_at(world, states).observation[:, 0]
    same = games_at(world, other).observation[:, 0]
    assert world.body is not None
    assert (mine[:, world.body] == same[:, world.body]).all()
    assert (mine != same).any()


# ------------------------------------------------------------------ distances


@pytest.mark.parametrize("layout", LAYOUTS)
def test_distance_is_the_steps_to_walk_until_a_cell_adjoins(layout):
    """0 where it adjoins, else one more than from the best neighbour: only shortest walks do."""
    table = make_world("gpo/Kitchen-v0", layout=layout).table[0]
    floors = [int(cell) for cell in np.flatnonzero(table["floor_at"] >= 0)]
    width, height = int(table["width"]), int(table["height"])
    steps = (-width, width, 1, -1)
    assert all(table["terrain"][cell] == FLOOR for cell in floors)
    for target in range(width * height):
        for here in floors:
            beside = [here + step for step in steps]
            onward = [int(table["distance"][cell, target]) for cell in beside if cell in floors]
            expected = 0 if target in beside else min(FAR, 1 + min(onward, default=FAR))
            assert table["distance"][here, target] == expected, (here, target)


def test_a_cook_of_forced_coordination_cannot_reach_the_other_side():
    kitchen = Kitchen("forced_coordination")
    distance = kitchen.batch.world.table[0]["distance"]
    assert distance[kitchen.cell((3, 1)), kitchen.cell((0, 1))] == FAR
    assert distance[kitchen.cell((3, 1)), kitchen.cell((3, 4))] == 2
    assert distance[kitchen.cell((3, 3)), kitchen.cell((4, 1))] == 2
