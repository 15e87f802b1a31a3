"""Binds a table for actions that are chosen (Discrete, MultiDiscrete), aimed, or switched (MultiBinary)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from demos.window.controls.aiming import Aim
from demos.window.controls.bindings import Binder, numbers
from demos.window.controls.inputs import Binding, Choice, Switch
from demos.window.controls.table import ActionRow
from environments.system.suggestions import nearest


def bind_choices(binder: Binder) -> None:
    """A choice for Discrete actions, one a component for MultiDiscrete.

    Raises:
        Problem: the table does not fit the world.
    """
    counts = _counts(binder)
    for k, row in enumerate(binder.table.action):
        if row.component >= len(counts):
            raise binder.row_problem(k, binder.no_part("component", row.component, len(counts)))
    idle = _idle_choices(binder, counts)
    unassigned: list[str] = []
    for component in range(len(counts)):
        names = _names(binder, counts, component)
        bindings = [
            _binding(binder, k, row, names)
            for k, row in enumerate(binder.table.action)
            if row.component == component
        ]
        choice = Choice(names, [parts_of(name) for name in names], bindings, idle[component])
        binder.bindings.components.append(choice)
        unassigned += [_told(binder, component, name) for name in _undone(choice)]
    binder.bindings.unassigned = tuple(unassigned)


def bind_switches(binder: Binder) -> None:
    """A switch a bit.

    Raises:
        Problem: the table does not fit the world.
    """
    count = int(np.prod(binder.space.shape))
    bindings: list[list[Binding]] = [[] for _ in range(count)]
    for k, row in enumerate(binder.table.action):
        if row.do is not None or row.bit is None:
            raise binder.row_problem(k, f"it must say which switch: bit = 0 to {count - 1}.")
        if row.bit >= count:
            raise binder.row_problem(k, binder.no_part("bit", row.bit, count))
        label = row.label or f"bit {row.bit}"
        sources = binder.sources(k, row.keys, row.pad, row.bit, label)
        bindings[row.bit].append(Binding((label,), sources, row.once))
        binder.bindings.rows.append((label, binder.spoken(row.keys, row.pad)))
    idle = _idle_switches(binder, count)
    switches = [Switch(own, rest) for own, rest in zip(bindings, idle, strict=True)]
    binder.bindings.components += switches
    free = [k for k, own in enumerate(bindings) if not any(b.sources for b in own)]
    binder.bindings.unassigned = tuple(f"bit {k}" for k in free)


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


def parts_of(name: str) -> frozenset[str]:
    """The parts of an action's name: "up-left" is up and left at once."""
    return frozenset(part for part in re.split("[-+]", name) if part) or frozenset({name})


def _counts(binder: Binder) -> list[int]:
    if isinstance(binder.space, spaces.Discrete):
        return [int(binder.space.n)]
    return [int(n) for n in binder.space.nvec.ravel()]


def _names(binder: Binder, counts: Sequence[int], component: int) -> list[str]:
    """What the choices of a component are called; where there are several, their numbers."""
    numbered = [str(n) for n in range(counts[component])]
    if not isinstance(binder.space, spaces.Discrete):
        if binder.table.names:
            raise binder.problem("'names' are for one choice; give each row a label instead.")
        named = binder.world.choice_names
        return list(named[component]) if named else numbered
    names = binder.table.names or list(binder.world.action_names) or numbered
    if len(names) != len(numbered) or len(set(names)) != len(names):
        raise binder.problem(
            f"'names' must give each of the {len(numbered)} actions of {binder.world.id} one of its own."
        )
    return names


def _told(binder: Binder, component: int, name: str) -> str:
    return name if isinstance(binder.space, spaces.Discrete) else f"component {component}: {name}"


def _binding(binder: Binder, k: int, row: ActionRow, names: Sequence[str]) -> Binding:
    if row.bit is not None or row.do is None:
        raise binder.row_problem(k, "it must say what to do: do = ..., a name or a number.")
    name = _known(row.do, names)
    if name is None:
        raise binder.row_problem(k, _unknown(row.do, names))
    sources = binder.sources(k, row.keys, row.pad, row.component, name)
    label = row.label or _told(binder, row.component, name)
    binder.bindings.rows.append((label, binder.spoken(row.keys, row.pad)))
    return Binding(tuple(sorted(parts_of(name))), sources, row.once)


def _known(do: Any, names: Sequence[str]) -> str | None:
    """The name of an action, or of a part of one, None if there is none."""
    if isinstance(do, int) and not isinstance(do, bool):
        return names[do] if 0 <= do < len(names) else None
    parts = {part for name in names for part in parts_of(name)}
    return do if isinstance(do, str) and (do in names or do in parts) else None


def _unknown(do: Any, names: Sequence[str]) -> str:
    return f"there is no action {do!r}: {nearest(str(do), names)}"


def _undone(choice: Choice) -> list[str]:
    """The actions that nothing does, not even nothing."""
    able = {part for b in choice.bindings if b.sources for part in b.parts}
    return [
        name
        for n, name in enumerate(choice.names)
        if not choice.actions[n] <= able and n not in choice.idle
    ]


def _idle_choices(binder: Binder, counts: Sequence[int]) -> list[tuple[int, ...]]:
    """What nothing pressed does, in turn, of each component."""
    given = binder.table.idle
    if given is None:
        rest = np.broadcast_to(np.asarray(binder.world.idle).ravel(), (len(counts),))
        return [(int(n),) for n in rest]
    if isinstance(binder.space, spaces.Discrete):
        names = _names(binder, counts, 0)
        listed = given if isinstance(given, list) and given else [given]
        known = [_known(do, names) for do in listed]
        for do, name in zip(listed, known, strict=True):
            if name not in names:
                raise binder.problem(f"idle: {_unknown(do, names)}")
        return [tuple(names.index(name) for name in known if name is not None)]
    if not numbers(given, len(counts), whole=True) or any(
        not 0 <= n < count for n, count in zip(given, counts, strict=True)
    ):
        raise binder.problem(f"idle: give {len(counts)} numbers, each a choice of its component.")
    return [(n,) for n in given]


def _idle_switches(binder: Binder, count: int) -> list[int]:
    given = binder.table.idle
    if given is None:
        rest = np.broadcast_to(np.asarray(binder.world.idle), binder.space.shape)
        return [int(n) for n in rest.ravel()]
    if not numbers(given, count, whole=True) or set(given) - {0, 1}:
        raise binder.problem(f"idle: give {count} numbers, each 0 or 1.")
    return list(given)
