"""Binds the pointer and sticks of a table to the choices that they aim: `[[aim]]` rows become `Aim`s."""

from __future__ import annotations

from typing import Any

from demos.window.controls.aiming import Aim
from demos.window.controls.bindings import Binder


def bind_aim(binder: Binder) -> None:
    """Put an `Aim` around the choice of the component that the table aims with.

    Raises:
        Problem: the world has nothing to aim, or not that component.
    """
    bindings, hands = binder.bindings, binder.hands
    for row in binder.table.aim:
        if not hasattr(binder.world.module, "aim"):
            raise binder.problem(f"in {binder.world.id} there is nothing to aim: remove [[aim]].")
        if row.component >= len(bindings.components):
            raise binder.problem(
                "[[aim]]: " + binder.no_part("component", row.component, len(bindings.components))
            )
        keys: Any = bindings.components[row.component]
        if hands.device == "keyboard":
            bindings.components[row.component] = Aim(keys, pointer=hands.person == 0)
            bindings.pointer = bindings.pointer or hands.person == 0
            by: tuple[str, ...] = ("mouse",) if hands.person == 0 else ()
        else:
            bindings.components[row.component] = Aim(keys, False, row.axes, hands.pad, row.dead)
            bindings.axes.update(dict.fromkeys((hands.pad, axis) for axis in row.axes))
            by = ("right stick",)
        bindings.rows.append((row.label, by))
        free = f"component {row.component}: "
        bindings.unassigned = tuple(u for u in bindings.unassigned if not u.startswith(free))
