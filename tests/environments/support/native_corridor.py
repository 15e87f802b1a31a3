"""A small world of our own kind with potential terms: two walkers on six cells; the ends pay, and end it."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from environments.simulation.kernels import HEADER, uniform

VERSION, TICK, HORIZON = 1, 0.1, 60
AGENTS = ("first", "second")
ACTIONS = ("left", "stay", "right")
IDLE, START, CELLS = 1, 2, 6
STATE = np.dtype([*HEADER, ("cell", np.int32, 2)])
TERMS = {"found": "1 at the left end, 3 at the right end", "hint": "none", "steps": "steps taken"}
COSTS: dict[str, str] = {}
NORTH_STAR, WEIGHTS = "found", {"found": 1.0}
POTENTIALS = ("hint", "depth")
TERMS["depth"] = "how far to the right"
TERMS_DTYPE, COSTS_DTYPE = np.dtype([(name, np.float32) for name in TERMS]), np.dtype(np.float32)

# As wild as can be, and worth something where a game ends: a potential may be anything.
HINT = np.array([3.0, -7.0, 2.0, 11.0, -5.0, 40.0])


@dataclass(frozen=True)
class Params:
    """None."""


def derive(params):
    return np.zeros(1, [("none", np.float32)])


def observation_bounds(table):
    return np.zeros(1, np.float32), np.full(1, CELLS, np.float32)


def reset_state(state, table, options):
    pass


@njit
def reset_one(table, state):
    state.cell[0] = START
    state.cell[1] = 1 + int(4 * uniform(state))


@njit
def step_one(table, state, actions, terms, costs):
    for n in range(2):
        state.cell[n] = min(max(state.cell[n] + actions[n] - 1, 0), CELLS - 1)
        terms[n].steps = 1
    if state.cell[0] == 0:
        terms[0].found = 1
    if state.cell[0] == CELLS - 1:
        terms[0].found = 3
    return state.cell[0] == 0 or state.cell[0] == CELLS - 1


@njit
def potential_one(table, state, phi):
    for n in range(2):
        phi[n].hint = HINT[state.cell[n]]
        phi[n].depth = state.cell[n] + 0.25


@njit
def observe_one(table, state, seen):
    for n in range(2):
        seen[n, 0] = state.cell[n]
