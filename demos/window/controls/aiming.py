"""Aiming: which of several turns brings what one plays to look where the mouse or a stick points.

The world says how (`environments.simulation.world`): `way_to` for a place of its picture, `aim` for a
direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from environments.simulation.world import World

if TYPE_CHECKING:
    from demos.window.controls.bindings import Binder
    from demos.window.controls.inputs import Choice, InputState

Way = tuple[float, float]  # to the right and up


@dataclass(frozen=True)
class AimingView:
    """The game and the seat that somebody aims in."""

    world: World
    batch: Any
    seat: int

    def way_to(self, pointer: tuple[float, float], size: tuple[int, int]) -> Way | None:
        """The direction from the fighter to a place of its picture, 0..1 from its left and top."""
        table, state = self.world.table[0], self.batch.state[0]
        found: Way | None = self.world.module.way_to(table, state, self.seat, pointer, size)
        return found

    def turn(self, way: Way) -> int:
        """The choice that turns it most nearly there."""
        table, state = self.world.table[0], self.batch.state[0]
        return int(self.world.module.aim(table, state, self.seat, way))


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
        if chosen not in self.keys.idle or look.eyes is None:
            return chosen
        way = self._pushed(look)
        if way is None and self.pointer and look.pointer is not None:
            way = look.eyes.way_to(look.pointer, look.held.size)
        return chosen if way is None else look.eyes.turn(way)

    def _pushed(self, look: InputState) -> Way | None:
        """Where the stick points, None while it rests: a fighter then goes on looking where it looks."""
        pad = look.held.pads.get(self.pad)
        if self.axes is None or pad is None or max(self.axes) >= len(pad.axes):
            return None
        x, y = (pad.axes[axis] for axis in self.axes)
        return (x, -y) if math.hypot(x, y) > self.dead else None


def bind_aim(wirer: Binder) -> None:
    """Put an `Aim` around the choice of the component that the table aims with.

    Raises:
        Problem: the world has nothing to aim, or not that component.
    """
    wiring, hands = wirer.wiring, wirer.hands
    for row in wirer.table.aim:
        if not hasattr(wirer.world.module, "aim"):
            raise wirer.problem(f"in {wirer.world.id} there is nothing to aim: remove [[aim]].")
        if row.component >= len(wiring.components):
            raise wirer.problem(
                "[[aim]]: " + wirer.no_part("component", row.component, len(wiring.components))
            )
        keys: Any = wiring.components[row.component]
        if hands.device == "keyboard":
            wiring.components[row.component] = Aim(keys, pointer=hands.person == 0)
            wiring.pointer = wiring.pointer or hands.person == 0
            by: tuple[str, ...] = ("mouse",) if hands.person == 0 else ()
        else:
            wiring.components[row.component] = Aim(keys, False, row.axes, hands.pad, row.dead)
            wiring.axes.update(dict.fromkeys((hands.pad, axis) for axis in row.axes))
            by = ("right stick",)
        wiring.rows.append((row.label, by))
        free = f"component {row.component}: "
        wiring.unassigned = tuple(u for u in wiring.unassigned if not u.startswith(free))
