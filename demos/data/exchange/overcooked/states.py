"""Recorded kitchens: the states of Carroll et al.'s recordings as ours, and ours as theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from environments.files.readers import parse_json
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.worlds.kitchen.constants import (
    COUNTER,
    EAST,
    INTERACT,
    NORTH,
    POT,
    SOUP,
    SOUTH,
    STAY,
    WEST,
)

DIRECTIONS = {(0, -1): NORTH, (0, 1): SOUTH, (1, 0): EAST, (-1, 0): WEST}
OBJECTS = ("nothing", "onion", "dish", "soup")  # by our codes
ONIONS_A_SOUP = 3


def encode_actions(recorded: Sequence[str]) -> np.ndarray:
    """Joint actions such as `[[0, -1], 'INTERACT']` as ours: int64 [T, 2]."""
    known = {text: _encode_action(text) for text in set(recorded)}
    return np.array([known[text] for text in recorded], np.int64).reshape(-1, 2)


def encode_states(recorded: Sequence[str], world: World) -> np.ndarray:
    """Recorded states of one layout as ours: STATE [T], with clocks at 0 and the world's horizon.

    Nothing is left out: `decode_state` gives back what was recorded. What was not recorded, who put
    an object on a counter and when, stays 0.

    Raises:
        UserError: a recorded state does not fit the layout or the rules.
    """
    number = {text: i for i, text in enumerate(dict.fromkeys(recorded))}
    states = np.zeros(len(number), world.module.STATE)
    states["horizon"] = world.horizon
    for text, i in number.items():
        _encode_state(parse_state(text), states[i], world.table[0])
    encoded: np.ndarray = states[[number[text] for text in recorded]]
    return encoded


def parse_state(text: str) -> dict[str, Any]:
    """A state as it was written: a Python dictionary of plain names and numbers."""
    plain = text.replace("'", '"').replace("False", "false").replace("True", "true")
    state: dict[str, Any] = parse_json(plain)
    return state


def decode_state(state: np.void, table: np.void) -> dict[str, Any]:
    """Our state as the recordings write it, without what their rules of 2019 never change."""
    orientations = {facing: list(offset) for offset, facing in DIRECTIONS.items()}
    players = []
    for cell, facing, held, ticks in zip(
        *(state[name].tolist() for name in ("position", "facing", "held", "held_ticks")),
        strict=True,
    ):
        place = _place(cell, table)
        player: dict[str, Any] = {"position": place, "orientation": orientations[facing]}
        if held:
            player["held_object"] = _decode_object(held, place, ONIONS_A_SOUP, ticks)
        players.append(player)
    objects = {}
    for cell in np.flatnonzero(state["item"]).tolist():
        place = _place(cell, table)
        item, ticks = int(state["item"][cell]), int(state["item_ticks"][cell])
        objects[f"{place[0]},{place[1]}"] = _decode_object(item, place, ONIONS_A_SOUP, ticks)
    for pot in np.flatnonzero(state["onions"]).tolist():
        place = _place(int(table["pots"][pot]), table)
        onions, ticks = int(state["onions"][pot]), int(state["ticks"][pot])
        objects[f"{place[0]},{place[1]}"] = _decode_object(SOUP, place, onions, ticks)
    return {"players": players, "objects": objects}


def _encode_action(text: str) -> list[int]:
    moves = {**DIRECTIONS, (0, 0): STAY}
    acts = parse_json(text.replace("'", '"'))
    return [INTERACT if act == "INTERACT" else moves[tuple(act)] for act in acts]


def _encode_state(recorded: dict[str, Any], state: np.void, table: np.void) -> None:
    width = int(table["width"])
    for n, player in enumerate(recorded["players"]):
        x, y = player["position"]
        state["position"][n] = y * width + x
        state["facing"][n] = DIRECTIONS[tuple(player["orientation"])]
        if "held_object" in player:
            state["held"][n], _, state["held_ticks"][n] = _encode_object(player["held_object"])
    for thing in recorded["objects"].values():
        x, y = thing["position"]
        cell = y * width + x
        item, onions, ticks = _encode_object(thing)
        kind = table["terrain"][cell]
        if kind == POT and item == SOUP:
            pot = table["pot_at"][cell]
            state["onions"][pot], state["ticks"][pot] = onions, ticks
        elif kind == COUNTER and onions in (0, ONIONS_A_SOUP):
            state["item"][cell], state["item_ticks"][cell] = item, ticks
        else:
            raise UserError(
                f"A recorded {thing['name']} is at {x},{y}, where the layout has no room for it."
            )


def _encode_object(thing: dict[str, Any]) -> tuple[int, int, int]:
    """Code, onions and ticks; only a soup has the last two."""
    _, onions, ticks = thing.get("state", ("", 0, 0))
    return OBJECTS.index(thing["name"]), onions, ticks


def _place(cell: int, table: np.void) -> list[int]:
    width = int(table["width"])
    return [cell % width, cell // width]


def _decode_object(item: int, place: list[int], onions: int, ticks: int) -> dict[str, Any]:
    thing: dict[str, Any] = {"name": OBJECTS[item], "position": place}
    if item == SOUP:
        thing["state"] = ["onion", onions, ticks]
    return thing
