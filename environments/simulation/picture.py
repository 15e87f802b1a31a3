"""Pictures of a game: as an array, without a window (`picture`), or in one (`PygameWindow`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from environments.simulation.world import World

SIZE = (640, 480)  # width and height in pixels


def picture(
    world: World,
    state: Any,
    size: tuple[int, int] = SIZE,
    score: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """A state as a picture, drawn in memory: uint8 [H, W, 3].

    Args:
        world: what is played.
        state: one game's state, as in `Batch.state[b]`.
        size: width and height in pixels.
        score: the episode's sums by name, for worlds that show them, such as `score`.
    """
    import pygame  # here, so that nobody who only trains loads it

    surface = pygame.Surface(size)
    world.module.draw(surface, world.table[0], state, dict(score or {}))
    return np.ascontiguousarray(pygame.surfarray.array3d(surface).transpose(1, 0, 2))


class PygameWindow:
    """A window that shows one game at the pace at which people play it."""

    def __init__(self, world: World, size: tuple[int, int] = SIZE) -> None:
        import pygame

        pygame.display.init()
        self._world = world
        self._surface = pygame.display.set_mode(size)
        self._clock = pygame.time.Clock()
        pygame.display.set_caption(world.id)

    def show(self, state: Any, score: Mapping[str, Any]) -> None:
        """Draw a state, then wait until its tick is over."""
        import pygame

        self._world.module.draw(self._surface, self._world.table[0], state, dict(score))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(1.0 / self._world.tick)

    def close(self) -> None:
        """Close the window."""
        import pygame

        pygame.display.quit()
