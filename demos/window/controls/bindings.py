"""One person's part of a table of controls: what does what, sentences about what is wrong, and labels."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium import spaces

from demos.window.controls.aiming import Aim
from demos.window.controls.input_names import key_source, pad_sources, spoken
from demos.window.controls.inputs import Choice, Slider, Switch
from demos.window.controls.table import ControlsTable, Keys, find_table, keys_for, written_table
from environments.simulation.world import World
from environments.system.errors import UserError


@dataclass(frozen=True)
class ControlsOwner:
    """Whose controls they are."""

    device: str  # "keyboard" or "gamepad"
    person: int = 0  # of those who share the device
    people: int = 1  # who share the device
    pad: int = 0  # which gamepad


@dataclass
class Bindings:
    """One person's table, ready to be asked at every tick."""

    components: list[Choice | Switch | Slider | Aim] = field(default_factory=list)
    rows: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # what is done, by what
    sources: dict[str, None] = field(default_factory=dict)  # all that it reads, in order
    axes: dict[tuple[int, int], None] = field(default_factory=dict)  # pad and axis that it reads
    pointer: bool = False
    unassigned: tuple[str, ...] = ()  # actions that nothing does


class Binder:
    """Binds one table for one person.

    Args:
        table: as it was read.
        world: that it is for.
        hands: whose they are.
        where: the file, for sentences about it.
    """

    def __init__(
        self, table: ControlsTable, world: World, hands: ControlsOwner, where: str
    ) -> None:
        self.table, self.world, self.hands, self.where = table, world, hands, where
        self.space = world.action_space
        self.bindings = Bindings()
        self._taken: dict[tuple[int, str], str] = {}  # component and source -> what they do

    def problem(self, what: str) -> UserError:
        """What is wrong with the table."""
        return UserError(f"The controls {self.where}: {what}")

    def no_part(self, kind: str, given: int, count: int) -> str:
        """What is wrong with a number that no component or bit has."""
        return f"there is no {kind} {given} in {self.world.id}: they are 0 to {count - 1}."

    def sources(
        self, k: int, keys: Keys, pad: list[str], component: int, what: str
    ) -> tuple[str, ...]:
        """The sources of a row for this person; a source may stand once in a component."""
        found: list[str] = []
        try:
            for person in range(2):  # all is checked, also what this person does not use
                self._apart(person, [key_source(key) for key in keys_for(keys, person, 2)])
            mine = keys_for(keys, self.hands.person, self.hands.people)
            pressed = [key_source(key) for key in mine]
            pushed = [source for part in pad for source in pad_sources(part, self.hands.pad)]
            found = pressed if self.hands.device == "keyboard" else pushed
        except UserError as problem:
            raise self.row_problem(k, str(problem)) from None
        for source in found:
            other = self._taken.setdefault((component, source), what)
            if other != what:
                raise self.row_problem(
                    k, f"'{_short(source)}' already does '{other}'; it can do one thing."
                )
            self.bindings.sources[source] = None
            if match := re.fullmatch(r"pad(\d+) axis (\d+) [-+]", source):
                self.bindings.axes[int(match[1]), int(match[2])] = None
        return tuple(found)

    def _apart(self, person: int, own: list[str]) -> None:
        """Two people at one keyboard may not share a key."""
        if self.hands.people < 2 or self.hands.device != "keyboard":
            return
        for source in own:
            owner = self._taken.setdefault((-1, source), str(person))
            if owner != str(person):
                raise UserError(
                    f"both people would have '{_short(source)}': "
                    "write keys = { first = [...], second = [...] }."
                )

    def spoken(self, keys: Keys, pad: list[str]) -> tuple[str, ...]:
        """What a row is done with, as the screen says it."""
        if self.hands.device == "keyboard":
            return tuple(map(spoken, keys_for(keys, self.hands.person, self.hands.people)))
        return tuple(pad)

    def row_problem(self, k: int, what: str) -> UserError:
        """What is wrong with one row."""
        kind = "axis" if isinstance(self.space, spaces.Box) else "action"
        return self.problem(f"[[{kind}]] number {k + 1}: {what}")


def numbers(given: Any, count: int, whole: bool = False) -> bool:
    """Whether it is a list of so many numbers."""
    kinds = int if whole else (int, float)
    return (
        isinstance(given, list)
        and len(given) == count
        and all(isinstance(n, kinds) and not isinstance(n, bool) for n in given)
    )


@dataclass(frozen=True)
class ActionLabels:
    """What people call the actions of a world."""

    choices: tuple[tuple[str, ...], ...] = ()  # of each component that is chosen
    parts: tuple[
        str, ...
    ] = ()  # the components that are numbers or switches; "" where nobody named one


def action_labels(world: World) -> ActionLabels:
    """The labels of the world's table; where there is none, or a wrong one, the names that it has itself."""
    with suppress(UserError):
        return _labels(find_table(world)[1], world.action_space, world)
    return _labels(None, world.action_space, world)


def written_labels(world_id: str, space: Any) -> ActionLabels:
    """The same of a world that is not there to be asked."""
    with suppress(UserError):
        found = written_table(world_id, space)
        return _labels(None if found is None else found[1], space)
    return _labels(None, space)


def _labels(table: ControlsTable | None, space: Any, world: World | None = None) -> ActionLabels:
    table = ControlsTable(world="") if table is None else table
    if isinstance(space, spaces.Box | spaces.MultiBinary):
        named = {row.component: row.label for row in table.axis}
        named |= {row.bit: row.label for row in table.action if row.bit is not None}
        return ActionLabels(parts=tuple(named.get(k, "") for k in range(math.prod(space.shape))))
    counts = [
        int(n) for n in np.ravel(space.n if isinstance(space, spaces.Discrete) else space.nvec)
    ]
    known: Sequence[Sequence[str]] = (table.names,)
    if world is not None and len(table.names) != counts[0]:
        known = world.choice_names or (world.action_names,)
    choices = [[str(number) for number in range(count)] for count in counts]
    if [len(names) for names in known] == counts:
        choices = [list(names) for names in known]
    for row in table.action:
        names = choices[row.component] if row.component < len(choices) else []
        at = names.index(row.do) if row.do in names else row.do
        if row.label and isinstance(at, int) and 0 <= at < len(names):
            names[at] = row.label
    return ActionLabels(choices=tuple(map(tuple, choices)))


def _short(source: str) -> str:
    return source.removeprefix("key ")
