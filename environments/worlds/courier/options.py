"""The options of a courier's episode, fixed or drawn anew for each."""

from __future__ import annotations

from typing import Any

import numpy as np

from environments.system.errors import UserError
from environments.worlds.courier.constants import DELAYS, DRAWN

# As far as they may go; and what an episode has that is asked for nothing.
BOUNDS = {
    "slip": (0.0, 0.2),
    "noise": (0.0, 0.5),
    "dropout": (0.0, 0.9),
    "delay": (0, DELAYS),
    "pace": (0.0, 1.4),
}
USUAL = {"slip": 0.0, "noise": 0.02, "dropout": 0.02, "delay": 0, "pace": 1.1}
EACH = "a number, or [least, most] to draw from for each episode"
OPTIONS = {
    "slip": f"share of its turning that a wheel may lose, at most; {EACH}",
    "noise": f"standard deviation of the lidar's ranges, m; {EACH}",
    "dropout": f"share of rays that come back empty; {EACH}",
    "delay": f"ticks from an action to the wheels, 0 to {DELAYS}; {EACH}",
    "pace": f"at which people walk, m/s; {EACH}",
    "orders": "parcels after which the episode is over; 0 for no end",
}


def reset_state(state: Any, table: Any, options: dict[str, Any]) -> None:
    """Read an episode's options into its state.

    Raises:
        UserError: one of them is not what it must be.
    """
    for k, name in enumerate(DRAWN):
        state["asked"][k] = _range(name, options.get(name, USUAL[name]))
    orders = options.get("orders", 0)
    whole = isinstance(orders, (int, np.integer)) and not isinstance(orders, bool)
    if not whole or not 0 <= orders < 2**31:
        raise UserError(f"The option 'orders' is {orders!r}; give a whole number from 0 up.")
    state["orders"] = orders


def _range(name: str, given: Any) -> tuple[float, float]:
    """The least and the most of what was given."""
    least, most = BOUNDS[name]
    whole = name == "delay"
    problem = UserError(
        f"The option '{name}' is {given!r}; give a {'whole ' * whole}number from {least:g} to {most:g}, "
        "or two of them, the least first."
    )
    try:
        numbers = np.asarray(given, np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        raise problem from None
    if len(numbers) not in (1, 2) or not np.isfinite(numbers).all():
        raise problem
    low, high = float(numbers[0]), float(numbers[-1])
    if not least <= low <= high <= most or (whole and (low % 1 or high % 1)):
        raise problem
    return low, high
