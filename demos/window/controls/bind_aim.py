"""Binds the pointer and sticks of a table to the choices that they aim: `[[aim]]` rows become `Aim`s."""

from __future__ import annotations

from typing import Any

from demos.window.controls.aiming import Aim
from demos.window.controls.bindings import Binder


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
