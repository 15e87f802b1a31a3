"""Constants of a duel: sizes, places, actions, and the dtype of its state.

Lengths are in metres from the middle of the arena, x to the east and y to the north. A quarter or half turn
about the middle is then only a matter of signs, so that a mirrored game plays out the same to the last bit.
"""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from gymnasium import spaces

from environments.simulation.kernels import HEADER

AGENTS = ("fighter_0", "fighter_1")
TICK = 0.05  # s
HALF = 10  # m from the middle to a wall
ROWS = 2 * HALF + 2  # rows of cells of 1 m, the walls around them included
REACH = 40.0  # m, further than anything is away

SHOTS, BYSTANDERS, PADS, RAYS = 8, 4, 4, 16
AMMUNITION, HEALTH = 0, 1  # what a pad holds: pads 0 and 1 the first, 2 and 3 the second
FIGHTER_RADIUS, BYSTANDER_RADIUS, PAD_RADIUS = 0.4, 0.3, 0.6  # m
SAFE_DISTANCE = 1.0  # m from a bystander's middle, within which a shot endangers it
# Where fighter 0 comes into the arena; fighter 1's places are these turned by half a turn.
SPAWNS = np.array([[-8.5, 5.5], [-8.5, -5.5]])
CAMP_RADIUS = 5.0  # m around the place where the other comes back

# What a fighter can do: five choices at once.
MOVE, TURN, FIRE, RELOAD, DASH = range(5)
MOVES = ("none", "right", "up-right", "up", "up-left", "left", "down-left", "down", "down-right")
TURN_SHARES = (
    0.0,
    0.08,
    0.2,
    0.5,
    1.0,
    -0.08,
    -0.2,
    -0.5,
    -1.0,
)  # of the turn rate; + is leftwards
_HOW_FAR = (" a hair", " a little", "", " fast")
TURNS = ("ahead", *(f"left{far}" for far in _HOW_FAR), *(f"right{far}" for far in _HOW_FAR))
# What people call all that: the first of each is not doing it.
CHOICES = (MOVES, TURNS, ("hold", "fire"), ("keep", "reload"), ("walk", "dash"))
ACTION_SPACE = spaces.MultiDiscrete([len(MOVES), len(TURN_SHARES), 2, 2, 2])
IDLE = (0, 0, 0, 0, 0)  # what an empty seat does

_HALF_ROOT = 0.5**0.5
# Unit vectors of the moves; written out, so that opposite ones are opposite to the last bit.
WAYS = np.array(
    [
        [0, 0],
        [1, 0],
        [_HALF_ROOT, _HALF_ROOT],
        [0, 1],
        [-_HALF_ROOT, _HALF_ROOT],
        [-1, 0],
        [-_HALF_ROOT, -_HALF_ROOT],
        [0, -1],
        [_HALF_ROOT, -_HALF_ROOT],
    ]
)


def _compass() -> np.ndarray:
    """Unit vectors of the rays, every 22.5 degrees from the east on to the left: [RAYS, 2]."""
    half = [[cos(2 * pi * k / RAYS), sin(2 * pi * k / RAYS)] for k in range(RAYS // 2)]
    ways = np.array(half)
    ways[np.abs(ways) < 1e-9] = 0.0
    return np.concatenate([ways, -ways])


COMPASS = _compass()
PER_COMPASS = np.full_like(COMPASS, np.inf)  # one over them
np.divide(1.0, COMPASS, out=PER_COMPASS, where=COMPASS != 0)

# All that changes in a duel; with the actions it says everything that will happen.
STATE = np.dtype(
    [
        *HEADER,
        ("rows", np.uint32, ROWS),  # cover and walls, a bit a cell: see `arena`
        # fighters
        ("position", np.float32, (2, 2)),  # m
        ("velocity", np.float32, (2, 2)),  # m/s, as it came out
        ("heading", np.float32, (2, 2)),  # unit vector
        ("dash_way", np.float32, (2, 2)),  # unit vector
        ("hurt_from", np.float32, (2, 2)),  # unit vector to where the last hit came from
        ("health", np.float32, 2),
        ("magazine", np.int16, 2),  # shots
        ("reserve", np.int16, 2),  # shots
        ("cooldown", np.int16, 2),  # ticks until the next shot, as all that follow
        ("reloading", np.int16, 2),
        ("dashing", np.int16, 2),
        ("dash_wait", np.int16, 2),
        ("hurt", np.int16, 2),  # that a hit smarts
        ("down", np.int16, 2),  # until it comes back; 0 while it is up
        ("shield", np.int16, 2),  # that it cannot be harmed
        ("back", np.int16, 2),  # since it came in
        ("spawn", np.int8, 2),  # where it came in, or will
        ("knockouts", np.int8, 2),  # by this fighter
        # shots, of each fighter
        ("shot", np.float32, (2, SHOTS, 2)),  # m
        ("shot_velocity", np.float32, (2, SHOTS, 2)),  # m/s
        ("shot_flying", np.int8, (2, SHOTS)),
        ("shot_near", np.uint8, (2, SHOTS)),  # a bit for each bystander that it has endangered
        # bystanders
        ("walker", np.float32, (BYSTANDERS, 2)),  # m
        ("walker_velocity", np.float32, (BYSTANDERS, 2)),  # m/s, as it came out
        ("walker_goal", np.float32, (BYSTANDERS, 2)),  # m
        ("walker_sign", np.int8, BYSTANDERS),  # -1: its goals are the images of those drawn
        ("walker_startled", np.int16, BYSTANDERS),  # ticks that it stands after a hit
        # pads
        ("pad", np.float32, (PADS, 2)),  # m
        ("pad_wait", np.int16, PADS),  # ticks until something lies there
        # what each fighter knows of the other
        ("sees", np.int8, 2),
        ("seen_age", np.int16, 2),  # ticks; -1: nothing is known
        ("seen_position", np.float32, (2, 2)),
        ("seen_velocity", np.float32, (2, 2)),
        ("seen_heading", np.float32, (2, 2)),
        ("seen_health", np.float32, 2),
        ("seen_reloading", np.int8, 2),
        ("seen_shield", np.int8, 2),
    ]
)
