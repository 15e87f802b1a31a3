"""balance: a pole on a cart, Gymnasium's CartPole-v1 to the last digit; copy this file to make a world.

The physics is that of Barto, Sutton and Anderson (1983), written as Gymnasium writes it: the same
expressions in the same order, in float64, because adding floats in another order changes the last digit
(`tests/environments/worlds/test_balance.py` compares 100,000 steps).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import cos, pi, sin
from typing import Any

import numpy as np
from numba import njit

from environments.simulation.kernels import HEADER, uniform
from environments.system.errors import UserError

VERSION = 1  # raise it when the physics or the observation changes: old recordings are then refused
AGENTS = ("cart",)  # one name per seat
TICK = 0.02  # s a step takes when people play
HORIZON = 500  # steps of an episode, unless the option `horizon` says otherwise
LEAST, MOST = 1e-9, 1e9  # of every parameter: far beyond, the physics gives no numbers


# ------------------------------------------------------------------ what may differ


@dataclass(frozen=True)
class Params:
    """What may differ from cart to cart; each is a keyword of `make_world("gpo/Balance-v0", ...)`."""

    gravity: float = 9.8  # m/s2
    cart_mass: float = 1.0  # kg
    pole_mass: float = 0.1  # kg
    half_length: float = 0.5  # m, from the hinge to the middle of the pole
    push: float = 10.0  # N, to the left or to the right
    track: float = 2.4  # m from the middle to either end
    fall: float = 12 * 2 * pi / 360  # rad from upright at which the pole has fallen
    aside: float = 1.2  # m from the middle, beyond which it costs

    def __post_init__(self) -> None:
        """Refuse what no cart can be.

        Raises:
            UserError: a mass, length or limit that is not above zero, or beyond all sense.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if not LEAST <= value <= MOST:
                raise UserError(
                    f"The balance's {field.name} is {value}; give a number from {LEAST:g} to {MOST:g}."
                )


ACTIONS = ("left", "right")
IDLE = 0  # what an empty seat does; with one seat it is never asked for
OPTIONS = {"state": "the four numbers an episode begins with: x, its speed, angle, its speed"}


# ------------------------------------------------------------------ what a game consists of

# All that changes during play; with the actions it says everything that will happen.
STATE = np.dtype(
    [
        *HEADER,
        ("x", np.float64),  # m from the middle
        ("x_speed", np.float64),  # m/s
        ("angle", np.float64),  # rad from upright, to the right
        ("angle_speed", np.float64),  # rad/s
        ("begin", np.float64, 4),  # the option `state`
        ("begin_given", np.bool_),  # whether it was given
    ]
)

TERMS = {
    "balanced": "steps, the one in which the pole falls included",
    "centred": "1 in the middle of the track, falling to 0 at its ends",
}
COSTS = {"off_centre": "steps spent further than `aside` from the middle"}
NORTH_STAR = "balanced"
WEIGHTS = {"balanced": 1.0}

TERMS_DTYPE = np.dtype([(name, np.float32) for name in TERMS])
COSTS_DTYPE = np.dtype([(name, np.float32) for name in COSTS])

# What never changes during play: Params, and what follows from them.
TABLE = np.dtype(
    [(field.name, np.float64) for field in fields(Params)]
    + [("mass", np.float64), ("pole_moment", np.float64)]
)


def derive(params: Params) -> np.ndarray:
    """Everything that follows from the parameters: an array of one TABLE."""
    table = np.zeros(1, TABLE)
    for field in fields(params):
        table[field.name] = getattr(params, field.name)
    table["mass"] = params.pole_mass + params.cart_mass
    table["pole_moment"] = params.pole_mass * params.half_length
    return table


# ------------------------------------------------------------------ reset, step, observe


def reset_state(state: Any, table: Any, options: dict[str, Any]) -> None:
    """Read the options of an episode into its state.

    Raises:
        UserError: `state` is not four finite numbers.
    """
    begin = options.get("state")
    state["begin_given"] = begin is not None
    if begin is None:
        return
    try:
        numbers = np.asarray(begin, np.float64)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty(0)
    if numbers.shape != (4,) or not np.isfinite(numbers).all():
        raise UserError(f"The option 'state' is {begin!r}; give four finite numbers.")
    state["begin"] = numbers


@njit(inline="always")
def reset_one(table, state):  # type: ignore[no-untyped-def]
    """Begin near the middle, nearly upright and nearly at rest, or as the option `state` says."""
    if not state.begin_given:
        for i in range(4):
            state.begin[i] = -0.05 + 0.1 * uniform(state)
    state.x = state.begin[0]
    state.x_speed = state.begin[1]
    state.angle = state.begin[2]
    state.angle_speed = state.begin[3]


@njit(inline="always")
def step_one(table, state, actions, terms, costs):  # type: ignore[no-untyped-def]
    """Push, move on by one tick (explicit Euler), and say whether it is over: the physics is only here."""
    force = table.push if actions[0] == 1 else -table.push
    cosine, sine = cos(state.angle), sin(state.angle)
    swing = state.angle_speed * state.angle_speed
    # https://coneural.org/florian/papers/05_cart_pole.pdf
    shared = (force + table.pole_moment * swing * sine) / table.mass
    angle_acceleration = (table.gravity * sine - cosine * shared) / (
        table.half_length * (4.0 / 3.0 - table.pole_mass * (cosine * cosine) / table.mass)
    )
    acceleration = shared - table.pole_moment * angle_acceleration * cosine / table.mass
    state.x = state.x + TICK * state.x_speed
    state.x_speed = state.x_speed + TICK * acceleration
    state.angle = state.angle + TICK * state.angle_speed
    state.angle_speed = state.angle_speed + TICK * angle_acceleration

    away = abs(state.x)
    terms[0].balanced = 1.0
    terms[0].centred = max(0.0, 1.0 - away / table.track)
    costs[0].off_centre = away > table.aside
    return away > table.track or abs(state.angle) > table.fall


def observation_bounds(table: Any) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest that the cart can see, with room for the step that ends an episode."""
    high = np.array([table["track"] * 2, np.inf, table["fall"] * 2, np.inf], np.float32)
    return -high, high


@njit(inline="always")
def observe_one(table, state, observations):  # type: ignore[no-untyped-def]
    """Write what each agent sees, here the whole state: [1, 4]."""
    out = observations[0]
    out[0] = state.x
    out[1] = state.x_speed
    out[2] = state.angle
    out[3] = state.angle_speed


# ------------------------------------------------------------------ what a person sees


def draw(surface: Any, table: Any, state: Any, score: dict[str, float]) -> None:
    """Draw the cart, its pole and the part of the track that costs nothing, on a surface of any size."""
    import pygame  # here, so that training needs no window library

    width, height = surface.get_size()
    scale = width / (2.2 * float(table["track"]))  # pixels a metre
    middle, ground = width / 2, height * 0.72
    surface.fill((244, 241, 234))
    free = pygame.Rect(0, 0, 2 * float(table["aside"]) * scale, 10)
    free.midtop = (round(middle), round(ground))
    pygame.draw.line(
        surface, (90, 90, 96), (middle * 0.09, ground), (width - middle * 0.09, ground), 3
    )
    pygame.draw.rect(surface, (150, 190, 150), free)

    hinge = pygame.Vector2(middle + float(state["x"]) * scale, ground - height * 0.06)
    cart = pygame.Rect(0, 0, width * 0.1, height * 0.075)
    cart.midbottom = (round(hinge.x), round(ground))
    pygame.draw.rect(surface, (52, 73, 94), cart, border_radius=5)
    for side in (-1, 1):  # where the pole would have fallen
        fallen = pygame.Vector2(0, -2.2 * float(table["half_length"]) * scale)
        edge = hinge + fallen.rotate_rad(side * float(table["fall"]))
        pygame.draw.aaline(surface, (214, 178, 168), hinge, edge)
    pole = pygame.Vector2(0, -2 * float(table["half_length"]) * scale)
    tip = hinge + pole.rotate_rad(float(state["angle"]))
    pygame.draw.line(surface, (202, 130, 70), hinge, tip, max(6, round(width * 0.014)))
    pygame.draw.circle(surface, (120, 80, 160), hinge, max(5, round(width * 0.011)))

    pygame.font.init()
    font = pygame.font.Font(None, max(24, height // 18))
    seconds = float(state["tick"]) * TICK
    text = f"balanced for {seconds:.1f} s of {float(state['horizon']) * TICK:.1f} s"
    surface.blit(font.render(text, True, (52, 73, 94)), (width * 0.04, height * 0.05))
