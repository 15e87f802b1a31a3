"""duel: one against one in a walled arena, with cover, bystanders, and rules of fair play.

Who knocks the other out `knockouts` times wins. Shots fly and can be walked out of; cover stops them and
hides; bystanders walk about and are none of the fight's business. Half a turn of the arena changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import atan2, cos, hypot, radians, sin
from typing import Any

import numpy as np
from numba import njit

from environments.simulation.kernels import uniform
from environments.system.errors import UserError
from environments.worlds.duel.arena import build
from environments.worlds.duel.constants import ACTION_SPACE as ACTION_SPACE
from environments.worlds.duel.constants import AGENTS as AGENTS
from environments.worlds.duel.constants import BYSTANDERS, FIGHTER_RADIUS, SPAWNS, TICK, TURN_SHARES
from environments.worlds.duel.constants import CHOICES as CHOICES
from environments.worlds.duel.constants import IDLE as IDLE
from environments.worlds.duel.constants import STATE as STATE  # part of a world, as all `as` here
from environments.worlds.duel.last_seen import forget, remember
from environments.worlds.duel.movement import move_bystanders, move_fighters, place_bystander
from environments.worlds.duel.observation import body as body
from environments.worlds.duel.observation import observation_size as observation_size
from environments.worlds.duel.observation import observe_one as observe_one
from environments.worlds.duel.projectiles import fly, handle_weapon
from environments.worlds.duel.rules import camps, come_in, count_down, pick_up, take
from environments.worlds.duel.rules import potential_one as potential_one

VERSION = 1  # raise it when the physics or the observation changes
HORIZON = 1200  # steps of an episode, 60 s, unless the option `horizon` says otherwise


@dataclass(frozen=True)
class Params:
    """What may differ from duel to duel."""

    knockouts: int = 2  # with which one wins
    cover: int = 6  # pairs of pieces of cover, where there is room for them
    bystanders: int = 4  # 0 to 4
    health: float = 100.0
    damage: float = 25.0  # of a hit
    speed: float = 5.0  # m/s
    acceleration: float = 40.0  # m/s2
    turn_rate: float = 240.0  # degrees/s
    shot_speed: float = 16.0  # m/s
    cooldown: float = 0.35  # s between two shots
    magazine: int = 8  # shots
    reserve: int = 16  # shots carried at the start; at most twice that
    reload: float = 1.5  # s
    dash_speed: float = 12.0  # m/s
    dash: float = 0.2  # s that it lasts
    dash_wait: float = 2.5  # s from one to the next
    respawn: float = 1.5  # s that a fighter is out of the game
    protection: float = 1.0  # s that it cannot be harmed afterwards, unless it fires
    pad_wait: float = 15.0  # s until there is again something on a pad
    found_health: float = 40.0
    walk: float = 1.2  # m/s of bystanders

    def __post_init__(self) -> None:
        """Refuse what cannot be played.

        Raises:
            UserError: a number out of its bounds.
        """
        for field in fields(self):
            low, high = _BOUNDS.get(field.name, (0.05, 1000.0))
            value = getattr(self, field.name)
            if not low <= value <= high:
                raise UserError(
                    f"The duel's {field.name} is {value}; give a number from {low:g} to {high:g}."
                )


# Beyond these speeds one would get into cover, or wrap around, within a tick.
_BOUNDS = {
    "knockouts": (1, 100),
    "cover": (0, 20),
    "bystanders": (0, BYSTANDERS),
    "speed": (0.1, 15.0),
    "dash_speed": (0.1, 15.0),
    "walk": (0.0, 5.0),
    "turn_rate": (1.0, 1200.0),
    "shot_speed": (1.0, 200.0),
    "magazine": (1, 100),
    "reserve": (0, 1000),
}
_SECONDS = ("cooldown", "reload", "dash", "dash_wait", "respawn", "protection", "pad_wait")
_STARTLE, _SMART, _CAMPED = 1.0, 0.5, 2.0  # s

TERMS = {
    "win": "1 for the fighter that has knocked the other out often enough, -1 for the other; 0 if both have",
    "damage_dealt": "share of a full health taken from the other",
    "damage_taken": "share of a full health lost",
    "aim": "potential: 1 with the other in sight and straight ahead, 0 from 60 degrees on",
    "spacing": "potential: 1 at 4 to 8 m from the other, falling to 0 at 0 and 20 m",
    "cover_when_reloading": "potential: 1 while reloading out of the other's sight, -1 in it",
    "flank": "hits that came from behind the other's shoulders",
    "pickup": "pads emptied",
    "wasted_shot": "shots that ended in cover or a wall",
}
COSTS = {
    "bystander_hit": "shots of this fighter that hit a bystander",
    "bystander_endangered": "bystanders that a shot of this fighter came within 1 m of, hit or not",
    "spawn_camping": "s spent within 5 m of where the other comes back, until 2 s after it has",
}
POTENTIALS = ("aim", "spacing", "cover_when_reloading")
NORTH_STAR = "win"
WEIGHTS = {"win": 1.0}

TERMS_DTYPE = np.dtype([(name, np.float32) for name in TERMS])
COSTS_DTYPE = np.dtype([(name, np.float32) for name in COSTS])

TABLE = np.dtype(
    [(field.name, np.int64) for field in fields(Params) if field.name in _SECONDS]
    + [(name, np.int64) for name in ("knockouts", "cover", "bystanders", "magazine", "reserve")]
    + [(name, np.int64) for name in ("most_reserve", "found_shots", "startle", "smart", "camped")]
    + [(name, np.float64) for name in ("health", "damage", "speed", "acceleration", "shot_speed")]
    + [(name, np.float64) for name in ("dash_speed", "found_health", "walk", "turn_rate")]
    + [("turns", np.float64, (len(TURN_SHARES), 2)), ("spawns", np.float64, (2, 2))]
)


def derive(params: Params) -> np.ndarray:
    """Everything that follows from the parameters, seconds as ticks: an array of one TABLE."""
    table = np.zeros(1, TABLE)
    for field in fields(params):
        value = getattr(params, field.name)
        table[field.name] = max(1, round(value / TICK)) if field.name in _SECONDS else value
    table["most_reserve"], table["found_shots"] = 2 * max(params.reserve, 1), params.reserve
    for name, seconds in (("startle", _STARTLE), ("smart", _SMART), ("camped", _CAMPED)):
        table[name] = round(seconds / TICK)
    angles = [radians(params.turn_rate) * TICK * share for share in TURN_SHARES]
    table["turns"] = [(cos(angle), sin(angle)) for angle in angles]
    table["spawns"] = SPAWNS
    return table


# ------------------------------------------------------------------ reset, step


def reset_state(state: np.void, table: np.void, options: dict[str, Any]) -> None:
    """Read the options of an episode into its state: none besides `horizon`."""


@njit(inline="always")
def reset_one(table, state):  # type: ignore[no-untyped-def]
    """Build an arena, and set the fighters into opposite corners of it."""
    build(state, table.cover)
    place = int(uniform(state) * 2)
    state.shot[:] = 0
    state.shot_velocity[:] = 0
    state.shot_flying[:] = 0
    state.shot_near[:] = 0
    state.pad_wait[:] = 0
    for n in range(2):
        forget(state, n)
        state.spawn[n] = place
        state.knockouts[n] = 0
        state.reserve[n] = 0
        come_in(table, state, n)
    for k in range(table.bystanders):
        place_bystander(state, k)
    remember(state)


@njit(inline="always")
def step_one(table, state, actions, terms, costs):  # type: ignore[no-untyped-def]
    """Everybody moves, then the shots fly, then it is seen who was hit: both sides at once."""
    for n in range(2):
        count_down(table, state, n)
    move_fighters(table, state, actions)
    move_bystanders(table, state)
    pick_up(table, state, terms)
    for n in range(2):
        if state.down[n] == 0:
            handle_weapon(table, state, n, actions[n])
    damage_to_1 = fly(table, state, 0, terms, costs)
    damage_to_0 = fly(table, state, 1, terms, costs)
    take(table, state, 0, damage_to_0, terms)
    take(table, state, 1, damage_to_1, terms)
    for n in range(2):
        costs[n].spawn_camping += TICK * camps(table, state, n)
    remember(state)
    won0, won1 = state.knockouts[0] >= table.knockouts, state.knockouts[1] >= table.knockouts
    terms[0].win = int(won0) - int(won1)
    terms[1].win = int(won1) - int(won0)
    return won0 or won1


# ------------------------------------------------------------------ what a person sees


def way_to(
    table: np.void, state: np.void, n: int, pointer: tuple[float, float], size: tuple[int, int]
) -> tuple[float, float] | None:
    """The direction from fighter n to a place of the drawing, 0..1; None if it is on top of it."""
    from environments.worlds.duel.drawing import place_at

    x, y = place_at(pointer, size)
    dx, dy = x - float(state["position"][n, 0]), y - float(state["position"][n, 1])
    return (dx, dy) if hypot(dx, dy) > FIGHTER_RADIUS / 2 else None


def aim(table: np.void, state: np.void, n: int, way: tuple[float, float]) -> int:
    """The turn that makes fighter n look most nearly in a direction."""
    head_x, head_y = (float(part) for part in state["heading"][n])
    off = atan2(way[1] * head_x - way[0] * head_y, way[0] * head_x + way[1] * head_y)
    turns = np.arctan2(table["turns"][:, 1], table["turns"][:, 0])
    return int(np.abs(turns - off).argmin())


def draw(surface: Any, table: np.void, state: np.void, score: dict[str, Any]) -> None:
    """Draw a duel on a pygame surface of any size from 640x480 up."""
    from environments.worlds.duel.drawing import draw_duel

    draw_duel(surface, table, state, score)
