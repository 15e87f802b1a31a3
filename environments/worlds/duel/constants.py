"""What there is in a duel, as names and numbers: sizes, places, actions.

Lengths are in metres from the middle of the arena, x to the east and y to the north. A quarter or half turn
about the middle is then only a matter of signs, so that a mirrored game plays out the same to the last bit.
"""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
from gymnasium import spaces

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
