"""A small world of our own kind that offers a mask: two agents, three doors, of which one is shut."""

from dataclasses import dataclass

import numpy as np
from gymnasium import spaces
from numba import njit

from environments.simulation.kernels import HEADER, uniform

VERSION, TICK, HORIZON = 1, 0.1, 5
AGENTS = ("left", "right")
ACTIONS = ("one", "two", "three")
STATE = np.dtype([*HEADER, ("shut", np.int32)])
TERMS = {"open": "went through an open door"}
COSTS: dict[str, str] = {}
TERMS_DTYPE, COSTS_DTYPE = np.dtype([("open", np.float32)]), np.dtype(np.float32)
NORTH_STAR, WEIGHTS = "open", {"open": 1.0}


@dataclass(frozen=True)
class Params:
    """None."""


def derive(params):
    return np.zeros(1, [("none", np.float32)])


def observation_bounds(table):
    return np.zeros(2, np.float32), np.ones(2, np.float32)


def reset_state(state, table, options):
    pass


@njit
def reset_one(table, state):
    state.shut = int(3 * uniform(state))


@njit
def step_one(table, state, actions, terms, costs):
    for n in range(2):
        terms[n].open = actions[n] != state.shut
    state.shut = int(3 * uniform(state))
    return False


@njit
def observe_one(table, state, seen):
    seen[:, 0] = state.tick / 5
    seen[:, 1] = 0.5


@njit
def mask_one(table, state, mask):
    mask[:] = 1
    mask[:, state.shut] = 0


SPACE = spaces.Box(0.0, 1.0, (2 + 3,), np.float32)
