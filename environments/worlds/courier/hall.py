"""The hall of an episode: racks, marked zones, stations, and the ways that lead to each station."""

from __future__ import annotations

import numpy as np
from numba import njit

from environments.simulation.kernels import uniform
from environments.worlds.courier.constants import (
    ACROSS,
    CELLS,
    COLUMNS,
    DOWN,
    FLOOR,
    HERE,
    ROWS,
    SHELF,
    STATIONS,
    WALL,
    ZONE,
)

LANE = 3  # cells from rack to rack: one of shelf, two to walk
GAP = 2  # cells of a passage through a rack
APART = 4.0  # m between stations, as far as there is room
ZONES = 3
FAR = 1e4  # m, further than anything
DIAGONAL = 2.0**0.5


@njit
def below(state, count):  # type: ignore[no-untyped-def]
    """A whole number from 0 to count - 1."""
    return int(uniform(state) * count)


@njit
def build_hall(state):  # type: ignore[no-untyped-def]
    """Draw a whole hall into a state."""
    for cell in range(CELLS):
        x, y = cell % COLUMNS, cell // COLUMNS
        edge = x == 0 or y == 0 or x == COLUMNS - 1 or y == ROWS - 1
        state.grid[cell] = WALL if edge else FLOOR
    _build_racks(state)
    _place_stations(state)
    _mark_zones(state)
    distance = np.empty(CELLS, np.float32)
    for station in range(STATIONS):
        _find_ways(state.grid, state.station[station], distance, state.way[station])


@njit
def _build_racks(state):  # type: ignore[no-untyped-def]
    """Parallel racks with two cells around each, all along or all across, a passage or two through each."""
    state.racks = 0
    state.rack[:] = 0
    upright = uniform(state) < 0.6
    lines, length = (COLUMNS, ROWS) if upright else (ROWS, COLUMNS)
    line = 3 + below(state, 2)
    while line <= lines - 4:
        begin, end = 3 + below(state, 2), length - 3 - below(state, 2)
        gaps = 1 if upright else 2
        first = begin + 1 + below(state, max((end - begin) // gaps - GAP, 1))
        second = first + GAP + 2 + below(state, 3) if gaps == 2 else end
        _build_rack(state, upright, line, begin, min(first, end))
        _build_rack(state, upright, line, first + GAP, min(second, end))
        _build_rack(state, upright, line, second + GAP, end)
        line += LANE + (uniform(state) < 0.2)


@njit
def _build_rack(state, upright, line, begin, end):  # type: ignore[no-untyped-def]
    """One rack along a line of cells, as cells and as a box; none if it has no length."""
    if begin >= end:
        return
    for at in range(begin, end):
        state.grid[at * COLUMNS + line if upright else line * COLUMNS + at] = SHELF
    box = state.rack[state.racks]
    if upright:
        box[0], box[1], box[2], box[3] = line, begin, line + 1, end
    else:
        box[0], box[1], box[2], box[3] = begin, line, end, line + 1
    state.racks += 1


@njit
def _place_stations(state):  # type: ignore[no-untyped-def]
    """Along the walls, where no rack is, and as far from each other as there is room."""
    for station in range(STATIONS):
        apart = APART
        placed = False
        while not placed:
            for _ in range(40):
                side = below(state, 4)
                x, y = 1 + below(state, COLUMNS - 2), 1 + below(state, ROWS - 2)
                if side < 2:
                    x = 1 if side == 0 else COLUMNS - 2
                else:
                    y = 1 if side == 2 else ROWS - 2
                placed = _is_free_of_others(state, station, x, y, apart)
                if placed:
                    state.station[station] = y * COLUMNS + x
                    break
            apart *= 0.8


@njit
def _is_free_of_others(state, count, x, y, apart):  # type: ignore[no-untyped-def]
    """Whether a free cell is so far from the first `count` stations."""
    if state.grid[y * COLUMNS + x] >= SHELF:
        return False
    for other in range(count):
        cell = state.station[other]
        dx, dy = x - cell % COLUMNS, y - cell // COLUMNS
        if dx * dx + dy * dy < apart * apart:
            return False
    return True


@njit
def _mark_zones(state):  # type: ignore[no-untyped-def]
    """Mark the free floor of some blocks of 3 by 2 or 2 by 3 cells, away from the walls."""
    for _ in range(ZONES):
        wide = 2 + below(state, 2)
        left, top = 2 + below(state, COLUMNS - 6), 2 + below(state, ROWS - 6)
        for y in range(top, top + 5 - wide):
            for x in range(left, left + wide):
                if state.grid[y * COLUMNS + x] == FLOOR:
                    state.grid[y * COLUMNS + x] = ZONE


@njit
def _find_ways(grid, goal, distance, way):  # type: ignore[no-untyped-def]
    """For every cell the direction of the next cell on the way to a goal; `distance` is scratch, m.

    Relaxed in alternating sweeps until nothing changes. A diagonal is taken where both its sides are free.
    """
    for cell in range(CELLS):
        distance[cell], way[cell] = FAR, HERE
    distance[goal] = 0.0
    changed, sweep = True, 0
    while changed:
        changed = False
        for at in range(COLUMNS + 1, CELLS - COLUMNS - 1):
            cell = at if sweep % 2 == 0 else CELLS - 1 - at
            if grid[cell] >= SHELF:
                continue
            for k in range(8):
                side, ahead = ACROSS[k], DOWN[k] * COLUMNS
                if grid[cell + side + ahead] >= SHELF:
                    continue
                if side != 0 and ahead != 0:
                    if grid[cell + side] >= SHELF or grid[cell + ahead] >= SHELF:
                        continue
                    found = distance[cell + side + ahead] + np.float32(DIAGONAL)
                else:
                    found = distance[cell + side + ahead] + np.float32(1.0)
                if found < distance[cell] - np.float32(1e-4):
                    distance[cell], way[cell] = found, k
                    changed = True
        sweep += 1


@njit
def way_length(way, cell):  # type: ignore[no-untyped-def]
    """How far it is from a cell's middle to the station that the ways lead to, m."""
    length = 0.0
    for _ in range(CELLS):
        k = way[cell]
        if k == HERE:
            break
        length += DIAGONAL if k % 2 == 1 else 1.0
        cell += DOWN[k] * COLUMNS + ACROSS[k]
    return length
