"""The five kitchens of Carroll et al. (2019), as their recordings hold them, and what follows from a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.system.errors import UserError
from environments.system.suggestions import nearest

# X counter, P pot, O onions, D dishes, S serving hatch, 1 and 2 where cook_0 and cook_1 start.
LAYOUTS = {
    "cramped_room": ("XXPXX", "O  2O", "X1  X", "XDXSX"),
    "asymmetric_advantages": ("XXXXXXXXX", "O XSXOX S", "X   P 1 X", "X2  P   X", "XXXDXDXXX"),
    "coordination_ring": ("XXXPX", "X 1 P", "D2X X", "O   X", "XOSXX"),
    "forced_coordination": ("XXXPX", "O X1P", "O2X X", "D X X", "XXXSX"),
    "counter_circuit": ("XXXPPXXX", "X      X", "D XXXX S", "X2    1X", "XXXOOXXX"),
}
RECORDED_NAMES = {"random0": "forced_coordination", "random3": "counter_circuit"}

CELLS, POTS = 45, 2
FAR = 99
# What never changes during play, derived from the grid once and handed to every kernel.
TABLE = np.dtype(
    [
        ("width", np.int16),
        ("height", np.int16),
        ("cook_ticks", np.int16),
        ("waste_ticks", np.int32),
        ("step", np.int16, 4),  # how a cell index changes per direction: north, south, east, west
        ("start", np.int16, 2),
        ("terrain", np.int8, CELLS),
        ("n_pots", np.int16),
        ("pots", np.int16, POTS),  # cell of each pot
        ("pot_at", np.int8, CELLS),  # and back
        ("n_counters", np.int16),
        ("counters", np.int16, CELLS),  # counters that a cook can stand at
        ("n_useful", np.int16),
        ("useful", np.int16, CELLS),  # every cell that a cook can stand at and use
        ("n_floors", np.int16),
        ("floor_at", np.int16, CELLS),  # number of a floor cell among the floor cells
        ("distance", np.int16, (CELLS, CELLS)),  # steps from a floor cell until a cell adjoins
    ]
)


def named_layout(name: str) -> tuple[str, ...]:
    """The grid of a layout.

    Raises:
        UserError: there is no such layout.
    """
    if name not in LAYOUTS:
        hint = nearest(name, LAYOUTS, f"choose one of {', '.join(LAYOUTS)}.")
        raise UserError(f"There is no kitchen layout '{name}': {hint}")
    return LAYOUTS[name]


def derive(params: Any) -> np.ndarray:
    """Everything that follows from a layout: an array of one TABLE."""
    grid = named_layout(params.layout)
    table = np.zeros(1, TABLE)
    row: Any = table[0]
    width, height = len(grid[0]), len(grid)
    cells = "".join(grid)
    row["width"], row["height"] = width, height
    row["cook_ticks"], row["waste_ticks"] = params.cook_ticks, params.waste_ticks
    row["step"] = (-width, width, 1, -1)
    row["start"] = (cells.index("1"), cells.index("2"))
    terrain = [" XPODS".index(" " if c in "12" else c) for c in cells]
    row["terrain"][: len(cells)] = terrain
    floors = [i for i, kind in enumerate(terrain) if kind == 0]
    row["n_floors"] = len(floors)
    row["floor_at"] = -1
    row["floor_at"][floors] = range(len(floors))
    _list_places(row, terrain, floors, width)
    _measure(row, floors, width, len(cells))
    return table


def _list_places(row: Any, terrain: list[int], floors: list[int], width: int) -> None:
    """List pots, counters and all useful cells that a cook can stand at."""
    pots = [i for i, kind in enumerate(terrain) if kind == 2]
    row["n_pots"] = len(pots)
    row["pots"][: len(pots)] = pots
    row["pot_at"] = -1
    row["pot_at"][pots] = range(len(pots))
    beside = {i + d for i in floors for d in (-width, width, 1, -1)}
    useful = sorted(i for i in beside if terrain[i] != 0)
    counters = [i for i in useful if terrain[i] == 1]
    row["n_useful"], row["n_counters"] = len(useful), len(counters)
    row["useful"][: len(useful)] = useful
    row["counters"][: len(counters)] = counters


def _measure(row: Any, floors: list[int], width: int, n_cells: int) -> None:
    """Walking distances, breadth first, as if the other cook were not there."""
    row["distance"] = FAR
    steps = (-width, width, 1, -1)
    for start in floors:
        away = {start: 0}
        frontier = [start]
        for here in frontier:  # grows while we walk through it
            for there in (here + d for d in steps):
                if there in floors and there not in away:
                    away[there] = away[here] + 1
                    frontier.append(there)
        for cell in range(n_cells):
            reach = [away[cell + d] for d in steps if cell + d in away]
            if reach:
                row["distance"][start, cell] = min(reach)
