"""JIT warm-up: compiles a world before the work begins, and says so where that takes long."""

from __future__ import annotations

import threading
from collections.abc import Callable

from environments.catalog import WORLDS, make_batch
from environments.simulation.world import World

PATIENCE = 1.0  # s before it is said: what is compiled already loads in less


def warm_up(world: World, say: Callable[[str], None], shield: bool = False) -> None:
    """Compile a world's loops, or load them from numba's cache; later batches of this `World` have them.

    Args:
        world: which.
        say: called with a sentence about what is waited for.
        shield: its shield too.

    Raises:
        UserError: the world has no shield.
    """
    if world.id not in WORLDS:  # of other people's environments nothing is compiled
        return
    words = f"The first start of {world.id} compiles its physics, which takes some seconds and is done once."
    timer = threading.Timer(PATIENCE, say, (words,))
    timer.daemon = True
    timer.start()
    try:
        batch = make_batch(world, 1, shield=shield)
        batch.step(batch.actions)
        batch.close()
    finally:
        timer.cancel()
