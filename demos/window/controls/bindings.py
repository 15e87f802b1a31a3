"""One person's part of a table of controls: what does what, and sentences about what is wrong in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from gymnasium import spaces

from demos.window.controls.aiming import Aim
from demos.window.controls.input_names import key_source, pad_sources, spoken
from demos.window.controls.inputs import Choice, Slider, Switch
from demos.window.controls.table import ControlsTable, Keys, keys_for
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


def _short(source: str) -> str:
    return source.removeprefix("key ")
