"""The input that aims: the turn that brings a player to look where the mouse or a stick points.

The world says how (`environments.simulation.world`): `way_to` for a place of its picture, `aim` for a
direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from demos.window.controls.inputs import Choice, InputState, Way


@dataclass
class Aim:
    """One choice out of several turns: by keys, else by a stick, else by the pointer."""

    keys: Choice
    pointer: bool = False
    axes: tuple[int, int] | None = None  # of the stick, to the right and down
    pad: int = 0
    dead: float = 0.3

    def forget(self) -> None:
        """Everything was let go."""
        self.keys.forget()

    def value(self, look: InputState) -> int:
        """The turn for this tick."""
        chosen = self.keys.value(look)
        if chosen not in self.keys.idle or look.aiming is None:
            return chosen
        way = self._pushed(look)
        if way is None and self.pointer and look.pointer is not None:
            way = look.aiming.way_to(look.pointer, look.held.size)
        return chosen if way is None else look.aiming.turn(way)

    def _pushed(self, look: InputState) -> Way | None:
        """Where the stick points, None while it rests: a fighter then goes on looking where it looks."""
        pad = look.held.pads.get(self.pad)
        if self.axes is None or pad is None or max(self.axes) >= len(pad.axes):
            return None
        x, y = (pad.axes[axis] for axis in self.axes)
        return (x, -y) if math.hypot(x, y) > self.dead else None
