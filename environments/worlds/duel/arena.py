"""The arena of a duel: cover drawn from the seed, and how it blocks views, shots and movement.

Cover is made of whole cells of 1 m, a bit each: `rows[y + 11]` has bit `x + 11` set where the cell from
(x, y) to (x + 1, y + 1) is solid. Every layout is its own image under half a turn: neither side is better.
"""

from __future__ import annotations

from math import floor, sqrt

import numpy as np
from numba import njit

from environments.simulation.kernels import uniform
from environments.worlds.duel.constants import HALF, PADS, ROWS, SPAWNS

_SHIFT = HALF + 1  # from a coordinate to its row or bit
_TRIES = 12  # places tried for each piece of cover


@njit
def solid(rows, x, y):  # type: ignore[no-untyped-def]
    """Whether the cell with its lower left corner at (x, y), whole numbers, is cover or wall."""
    return (rows[y + _SHIFT] >> (x + _SHIFT)) & 1


@njit
def inverse(number):  # type: ignore[no-untyped-def]
    """1 / number, and infinity for 0."""
    return 1 / number if number != 0 else np.inf


@njit
def reach(rows, x, y, per_x, per_y, most):  # type: ignore[no-untyped-def]
    """How often a vector fits from (x, y) up to cover or wall, at most `most`; given are its parts' inverses.

    Walks from cell to cell (Amanatides and Woo, Eurographics 1987): exact, however thin the corner. What
    runs along the seam of two cells runs in the upper or the right one; fighters never stand on a seam.
    """
    cell_x, cell_y = floor(x), floor(y)
    if cell_x == x and 0 < per_x < np.inf:  # on a seam: it has yet to enter this cell
        cell_x -= 1
    if cell_y == y and 0 < per_y < np.inf:
        cell_y -= 1
    step_x = 1 if per_x > 0 else -1
    step_y = 1 if per_y > 0 else -1
    next_x = (cell_x + (1 if per_x > 0 else 0) - x) * per_x
    next_y = (cell_y + (1 if per_y > 0 else 0) - y) * per_y
    stride_x, stride_y = abs(per_x), abs(per_y)
    bit, row = cell_x + _SHIFT, cell_y + _SHIFT
    while True:
        if next_x < next_y:
            gone = next_x
            next_x += stride_x
            bit += step_x
        else:
            gone = next_y
            next_y += stride_y
            row += step_y
        if gone >= most:
            return most
        if (rows[row] >> bit) & 1:
            return gone


@njit
def clear(rows, x, y, to_x, to_y):  # type: ignore[no-untyped-def]
    """Whether nothing stands on the straight line between two places."""
    return reach(rows, x, y, inverse(to_x - x), inverse(to_y - y), 1.0) >= 1.0


@njit
def _beside_faces(rows, x, y, radius):  # type: ignore[no-untyped-def]
    """The nearest place that keeps a radius from the four cells that adjoin this one."""
    cell_x, cell_y = floor(x), floor(y)
    if solid(rows, cell_x - 1, cell_y):
        x = max(x, cell_x + radius)
    if solid(rows, cell_x + 1, cell_y):
        x = min(x, cell_x + 1 - radius)
    if solid(rows, cell_x, cell_y - 1):
        y = max(y, cell_y + radius)
    if solid(rows, cell_x, cell_y + 1):
        y = min(y, cell_y + 1 - radius)
    return x, y


@njit
def keep_out(rows, x, y, radius):  # type: ignore[no-untyped-def]
    """Where a disc with its middle in a free cell is pushed by the cover that it touches.

    The faces first, then the one corner that a disc smaller than a cell can touch.
    """
    x, y = _beside_faces(rows, x, y, radius)
    cell_x, cell_y = floor(x), floor(y)
    right, upper = x - cell_x >= 0.5, y - cell_y >= 0.5
    if solid(rows, cell_x + (1 if right else -1), cell_y + (1 if upper else -1)):
        dx = x - (cell_x + (1 if right else 0))
        dy = y - (cell_y + (1 if upper else 0))
        away = sqrt(dx * dx + dy * dy)
        if 0 < away < radius:
            x += dx * (radius / away - 1)
            y += dy * (radius / away - 1)
            x, y = _beside_faces(rows, x, y, radius)
    return x, y


@njit
def free_place(rows, state):  # type: ignore[no-untyped-def]
    """The middle of a cell drawn at random, and whether it is free: x, y, free."""
    x = int(uniform(state) * 2 * HALF) - HALF
    y = int(uniform(state) * 2 * HALF) - HALF
    return x + 0.5, y + 0.5, not solid(rows, x, y)


# ------------------------------------------------------------------ building


@njit
def _fill(rows, x, y, wide, high):  # type: ignore[no-untyped-def]
    """Make a rectangle of cells solid, and its image under half a turn."""
    for k in range(high):
        for i in range(wide):
            rows[y + k + _SHIFT] |= np.uint32(1) << np.uint32(x + i + _SHIFT)
            rows[-1 - y - k + _SHIFT] |= np.uint32(1) << np.uint32(-1 - x - i + _SHIFT)


@njit
def _is_free(rows, x, y, wide, high):  # type: ignore[no-untyped-def]
    """Whether a rectangle of cells is free."""
    mask = ((np.uint32(1) << np.uint32(wide)) - np.uint32(1)) << np.uint32(x + _SHIFT)
    found = np.uint32(0)
    for k in range(high):
        found |= rows[y + k + _SHIFT] & mask
    return found == 0


@njit
def _set_up_pads(state):  # type: ignore[no-untyped-def]
    """Two pads of a kind opposite each other; the ammunition in the upper left or lower left quarter."""
    upper = 1 if uniform(state) < 0.5 else -1
    for kind in range(PADS // 2):
        x = -7.5 + int(uniform(state) * 6)
        y = (2.5 + int(uniform(state) * 6)) * upper
        state.pad[2 * kind, 0] = x
        state.pad[2 * kind, 1] = y
        state.pad[2 * kind + 1, 0] = -x
        state.pad[2 * kind + 1, 1] = -y
        upper = -upper


@njit
def build(state, pieces):  # type: ignore[no-untyped-def]
    """Draw walls, pads and about `pieces` pairs of cover, with room to walk around each of them."""
    rows = state.rows
    whole = (np.uint32(1) << np.uint32(ROWS)) - np.uint32(1)
    for k in range(ROWS):
        rows[k] = whole if k == 0 or k == ROWS - 1 else np.uint32(1) | (whole ^ (whole >> 1))
    _set_up_pads(state)
    if uniform(state) < 0.75:  # something in the middle: a square or a bar
        lying = int(uniform(state) * 3)
        wide, high = (4, 2) if lying == 1 else ((2, 4) if lying == 2 else (2, 2))
        _fill(rows, -wide // 2, -high // 2, wide, high)
    for _ in range(pieces):
        for _ in range(_TRIES):
            long = 2 + int(uniform(state) * 2)
            lying = uniform(state) < 0.5
            thick = 1 + int(uniform(state) * 1.4)
            wide, high = (long, thick) if lying else (thick, long)
            x = 1 - HALF + int(uniform(state) * (2 * HALF - 1 - wide))
            y = 1 - HALF + int(uniform(state) * (2 * HALF - 1 - high))
            if _has_room(state, x, y, wide, high):
                _fill(rows, x, y, wide, high)
                break


@njit
def _has_room(state, x, y, wide, high):  # type: ignore[no-untyped-def]
    """Whether cover may stand there: a cell apart from other cover and its own image, off pads and spawns."""
    if not _is_free(state.rows, x - 1, y - 1, wide + 2, high + 2):
        return False
    if x - 1 < -x and -x - wide < x + wide + 1 and y - 1 < -y and -y - high < y + high + 1:
        return False  # it would touch its own image
    for k in range(PADS):
        if _within(state.pad[k, 0], state.pad[k, 1], x, y, wide, high, 1.0):
            return False
    for k in range(2):
        for side in (-1, 1):
            if _within(side * SPAWNS[k, 0], side * SPAWNS[k, 1], x, y, wide, high, 1.5):
                return False
    return True


@njit
def _within(px, py, x, y, wide, high, margin):  # type: ignore[no-untyped-def]
    """Whether a place lies in a rectangle of cells or less than a margin beside it."""
    return x - margin < px < x + wide + margin and y - margin < py < y + high + margin
