"""courier: a two-wheeled robot carries parcels between stations of a hall in which people walk too.

The hall, its people and the orders follow from the seed. Safety is told by costs: bumps, being fast near
people, being fast in marked zones; a shield (`environments.shields.shield`) can hold the robot to the
first two.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
from gymnasium import spaces
from numba import njit

from environments.simulation.kernels import uniform
from environments.system.errors import UserError
from environments.worlds.courier.body import rolled, until_touch, wheels
from environments.worlds.courier.constants import AGENTS as AGENTS
from environments.worlds.courier.constants import (
    COLUMNS,
    DELAY,
    DELAYS,
    DRAWN,
    MARK,
    MARK_SPEED,
    PEOPLE,
    RADIUS,
    SLIP,
    STATIONS,
    TOUCH,
    ZONE,
    cell_at,
    clipped,
    pushed_out,
)
from environments.worlds.courier.constants import (
    STATE as STATE,  # part of a world, as all `as` here
)
from environments.worlds.courier.constants import TICK as TICK
from environments.worlds.courier.hall import below, build_hall, way_length
from environments.worlds.courier.lidar import scan
from environments.worlds.courier.observation import goal, to_go
from environments.worlds.courier.observation import observation_bounds as observation_bounds
from environments.worlds.courier.observation import observe_one as observe_one
from environments.worlds.courier.observation import potential_one as potential_one
from environments.worlds.courier.options import OPTIONS as OPTIONS
from environments.worlds.courier.options import reset_state as reset_state
from environments.worlds.courier.pedestrians import place_people, walk
from environments.worlds.courier.shield import MOVES, NEAR, SLOW
from environments.worlds.courier.shield import shield_one as shield_one

VERSION = 2  # raise it when the physics or the observation changes
HORIZON = 1200  # steps of an episode (2 min), unless the option `horizon` says otherwise


@dataclass(frozen=True)
class Params:
    """What may differ from hall to hall."""

    people: int = 5  # who walk about
    attentive: float = 0.6  # share of them who give way to a robot that drives
    zone_limit: float = 0.5  # m/s, in marked zones

    def __post_init__(self) -> None:
        """Refuse what no hall can be.

        Raises:
            UserError: too many people, a share that is none, a limit that is not above zero.
        """
        if not isinstance(self.people, int) or not 0 <= self.people <= PEOPLE:
            raise UserError(
                f"The courier's people are {self.people}; give a whole number up to {PEOPLE}."
            )
        if not 0 <= self.attentive <= 1:
            raise UserError(
                f"The courier's attentive is {self.attentive}; give a share from 0 to 1."
            )
        if not 0 < self.zone_limit < np.inf:
            raise UserError(f"The courier's zone_limit is {self.zone_limit}; give a speed above 0.")


# Shares of full speed ahead, and of turning right.
ACTION_SPACE = spaces.Box(-1.0, 1.0, (2,), np.float32)
IDLE = 0.0

TERMS = {
    "delivered": "parcels delivered",
    "progress": "metres that the way to the end of the order became shorter (a potential)",
    "smooth": "minus the change of the wheels' acceleration, m/s2, mean of both",
    "time": "seconds that passed",
}
COSTS = {
    "collision": "times the robot ran into a shelf, a wall or a person",
    "too_close": "steps within 0.5 m of a person while faster than 0.3 m/s",
    "zone_speed": "steps in a marked zone while faster than `zone_limit`",
}
NORTH_STAR = "delivered"
POTENTIALS = ("progress",)
WEIGHTS = {"delivered": 10.0}

TERMS_DTYPE = np.dtype([(name, np.float32) for name in TERMS])
COSTS_DTYPE = np.dtype([(name, np.float32) for name in COSTS])
TABLE = np.dtype([("people", np.int64), ("attentive", np.float64), ("zone_limit", np.float64)])


def derive(params: Params) -> np.ndarray:
    """What the kernels need of the parameters: an array of one TABLE."""
    return np.array([(params.people, params.attentive, params.zone_limit)], TABLE)


# ------------------------------------------------------------------ reset and step


@njit
def next_order(state, here):  # type: ignore[no-untyped-def]
    """Draw an order between two stations that does not begin where the robot is."""
    state.order_from = (here + 1 + below(state, STATIONS - 1)) % STATIONS
    state.order_to = (state.order_from + 1 + below(state, STATIONS - 1)) % STATIONS
    state.carries = False
    state.after = way_length(state.way[state.order_to], state.station[state.order_from])


@njit
def reset_one(table, state):  # type: ignore[no-untyped-def]
    """Build the hall, set the robot on a station and people anywhere, and look."""
    for k in range(len(DRAWN)):
        low, high = state.asked[k, 0], state.asked[k, 1]
        chance = uniform(state)
        whole = k == DELAY
        state.drawn[k] = low + (int(chance * (high - low + 1)) if whole else chance * (high - low))
    for side in range(2):
        state.slip[side] = uniform(state) * state.drawn[SLIP]
    build_hall(state)
    here = below(state, STATIONS)
    state.x = state.station[here] % COLUMNS + 0.5
    state.y = state.station[here] // COLUMNS + 0.5
    state.heading = uniform(state) * 2 * pi
    state.left, state.right = 0.0, 0.0
    state.gain[:] = 0
    state.commands[:] = 0
    state.touches = False
    state.delivered = 0
    next_order(state, here)
    state.to_go = to_go(state)
    place_people(state, table.people, table.attentive)
    scan(state, table.people)


@njit
def drive(table, state, terms):  # type: ignore[no-untyped-def]
    """Turn the wheels, move, and stop at what is in the way; returns whether the robot ran into anything."""
    delay = int(state.drawn[DELAY])
    left, right = wheels(
        state.commands[delay, 0], state.commands[delay, 1], state.left, state.right
    )
    gain_left, gain_right = left - state.left, right - state.right
    jerk = abs(gain_left - state.gain[0]) + abs(gain_right - state.gain[1])
    terms[0].smooth = -0.5 * jerk / TICK
    state.gain[0], state.gain[1] = gain_left, gain_right
    x, y, heading = rolled(
        state.x, state.y, state.heading, left * (1.0 - state.slip[0]), right * (1.0 - state.slip[1])
    )
    state.heading = heading % (2 * pi)
    fast = abs(left + right) / 2 > MOVES
    x, y, stopped = pushed_out(state.grid, x, y, RADIUS)
    bumped = stopped
    for p in range(table.people):
        dx, dy = state.person_x[p] - x, state.person_y[p] - y
        before_x, before_y = state.person_x[p] - state.x, state.person_y[p] - state.y
        square = dx * dx + dy * dy
        if square < TOUCH * TOUCH and square < before_x * before_x + before_y * before_y - 1e-12:
            x, y = until_touch(state.x, state.y, x, y, before_x, before_y)
            stopped = True
            bumped = bumped or fast
    state.x, state.y = x, y
    state.left, state.right = (0.0, 0.0) if stopped else (left, right)
    ran_into = bumped and not state.touches
    state.touches = stopped
    return ran_into


@njit
def handle_parcels(state, terms):  # type: ignore[no-untyped-def]
    """Take or give a parcel if the robot stands on the right mark; returns whether all is delivered."""
    to = goal(state)
    dx = state.station[to] % COLUMNS + 0.5 - state.x
    dy = state.station[to] // COLUMNS + 0.5 - state.y
    if dx * dx + dy * dy > MARK * MARK or abs(state.left + state.right) / 2 > MARK_SPEED:
        return False
    if not state.carries:
        state.carries, state.after = True, 0.0
        return False
    state.delivered += 1
    terms[0].delivered = 1.0
    next_order(state, to)
    return state.delivered == state.orders


@njit(inline="always")
def step_one(table, state, actions, terms, costs):  # type: ignore[no-untyped-def]
    """Drive, let people walk, handle parcels, look; over when the last of the `orders` is delivered."""
    for k in range(DELAYS, 0, -1):
        state.commands[k, 0], state.commands[k, 1] = (
            state.commands[k - 1, 0],
            state.commands[k - 1, 1],
        )
    state.commands[0, 0], state.commands[0, 1] = (
        clipped(actions[0, 0], 1.0),
        clipped(actions[0, 1], 1.0),
    )
    ran_into = drive(table, state, terms)
    speed = abs(state.left + state.right) / 2
    walk(state, table.people, speed)
    nearest = 1e9
    for p in range(table.people):
        dx, dy = state.person_x[p] - state.x, state.person_y[p] - state.y
        nearest = min(nearest, dx * dx + dy * dy)
    costs[0].collision = ran_into
    costs[0].too_close = speed > SLOW and nearest < (TOUCH + NEAR) ** 2
    zone = state.grid[cell_at(state.x, state.y)] == ZONE
    costs[0].zone_speed = zone and speed > table.zone_limit
    terms[0].time = TICK
    over = handle_parcels(state, terms)
    state.to_go = to_go(state)
    scan(state, table.people)
    return over


def draw(surface: Any, table: np.void, state: np.void, score: dict[str, Any]) -> None:
    """Draw the hall on a pygame surface of any size from 640x480 up."""
    from environments.worlds.courier.drawing import draw_courier

    draw_courier(surface, table, state, score)
