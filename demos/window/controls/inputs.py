"""Inputs that compose an action from all that is held at one tick: choices, switches and numbers.

Choices are composed, not looked up. An action named "up-left" has the parts "up" and "left", and is done by
whatever does its parts. Where what is held fits no single action, the most recently pressed part is done,
with whatever older ones go with it.

Nothing pressed is lost, however shortly:
- What was pressed and let go between two ticks is done in the next one; several such taps that do not go
  together are done one after the other, in the order in which they were pressed.
- An action marked `once` is done for one tick a press. It comes after what was pressed before it, and goes
  before what is held: "left, then interact" within a tick is left, and interact in the tick after.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from demos.window.controls.devices import Held
from environments.simulation.world import World

_REST = 0.0  # what an axis shows until it first moves; a trigger then jumps to -1, where it rests


Way = tuple[float, float]  # to the right and up


@dataclass(frozen=True)
class AimingView:
    """The game and the seat that is aimed in."""

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


@dataclass(frozen=True)
class InputState:
    """What a table sees at one tick."""

    held: Held
    news: Mapping[str, int]  # source -> number of the press, of those pressed since the last tick
    pointer: tuple[float, float] | None
    seconds: float  # since the last tick
    aiming: AimingView | None = None  # the game, where there is something to aim in it

    def holds(self, sources: Sequence[str]) -> bool:
        """Whether any of them is down."""
        return not self.held.down.isdisjoint(sources)

    def latest(self, sources: Sequence[str]) -> int:
        """The number of the latest press of those that are down or were just pressed; -1 if none is."""
        found = [self.held.presses.get(s, 0) for s in sources if s in self.held.down]
        return max(found + [self.news[s] for s in sources if s in self.news], default=-1)

    def fresh(self, sources: Sequence[str]) -> int | None:
        """The number of the first press since the last tick."""
        return min((self.news[s] for s in sources if s in self.news), default=None)


@dataclass(frozen=True)
class Binding:
    """What some sources do: parts of an action."""

    parts: tuple[str, ...]
    sources: tuple[str, ...]
    once: bool = False


@dataclass
class Choice:
    """One choice out of several."""

    names: Sequence[str]
    actions: Sequence[frozenset[str]]  # the parts of each
    bindings: Sequence[Binding]
    idle: Sequence[int]  # what nothing does, in turn
    _waiting: list[int] = field(default_factory=list)  # bindings whose press is still to be done
    _idled: int = 0  # ticks without anything

    def forget(self) -> None:
        """Everything was let go."""
        self._waiting.clear()

    def value(self, look: InputState) -> int:
        """The action for this tick."""
        pressed = [(look.fresh(b.sources), k) for k, b in enumerate(self.bindings)]
        for _, k in sorted((number, k) for number, k in pressed if number is not None):
            if k not in self._waiting:
                self._waiting.append(k)
        action = self._next(look)
        if action is None:
            self._idled += 1
            return self.idle[(self._idled - 1) % len(self.idle)]
        self._idled = 0
        return action

    def _next(self, look: InputState) -> int | None:
        held = self._held(look)
        while self._waiting:
            if self.bindings[self._waiting[0]].once:
                return self._compose([self._waiting.pop(0), *held])[0]
            run = list(takewhile(lambda k: not self.bindings[k].once, self._waiting))
            del self._waiting[: len(run)]
            tapped = [k for k in run if k not in held]
            action, done = self._compose([*tapped, *held])
            self._waiting[:0] = [k for k in tapped[1:] if k not in done]
            if action is not None:
                return action
        return self._compose(held)[0]

    def _held(self, look: InputState) -> list[int]:
        """Bindings that are held, the most recently pressed first."""
        held = [k for k, b in enumerate(self.bindings) if not b.once and look.holds(b.sources)]
        return sorted(held, key=lambda k: -look.latest(self.bindings[k].sources))

    def _compose(self, wanted: Sequence[int]) -> tuple[int | None, list[int]]:
        """The action that does the first of them and as many others as go with it; and those it does.

        Of two actions with the same parts it is the first.
        """
        at_hand = {part for k in wanted for part in self.bindings[k].parts}
        possible = [parts for parts in self.actions if parts <= at_hand]
        parts: frozenset[str] = frozenset()
        done: list[int] = []
        for k in wanted:
            more = parts.union(self.bindings[k].parts)
            if any(more <= action for action in possible):
                parts, done = more, [*done, k]
        return (self.actions.index(parts) if parts in self.actions and parts else None), done


@dataclass
class Switch:
    """On or off, independently of all others."""

    bindings: Sequence[Binding]
    idle: int

    def value(self, look: InputState) -> int:
        """1 while any of its sources is held, or in the tick after it was pressed."""
        for binding in self.bindings:
            news = look.fresh(binding.sources) is not None
            if news or (look.holds(binding.sources) and not binding.once):
                return 1
        return self.idle


@dataclass(frozen=True)
class Stick:
    """An axis of a gamepad, seen by its dead zone."""

    pad: int
    axis: int
    across: int | None = None  # the other axis of the same stick
    dead: float = 0.15
    sign: int = 1
    trigger: bool = False

    def value(self, held: Held) -> float:
        """-1..1, of a trigger 0..1."""
        pushed = self._read(held, self.axis)
        if self.trigger:
            pushed = 0.0 if pushed == _REST else (pushed + 1) / 2
        reach = pushed if self.across is None else math.hypot(pushed, self._read(held, self.across))
        if abs(reach) <= self.dead:
            return 0.0
        beyond = (min(abs(reach), 1.0) - self.dead) / (1 - self.dead)
        return self.sign * pushed / abs(reach) * beyond

    def _read(self, held: Held, axis: int) -> float:
        pad = held.pads.get(self.pad)
        return pad.axes[axis] if pad is not None and axis < len(pad.axes) else 0.0


@dataclass
class Slider:
    """One number of an action."""

    low: float
    high: float
    idle: float
    negative: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    sticks: Sequence[Stick] = ()
    pointer: str = ""  # "x", "y", or not aimed with
    turned: bool = False  # the pointer's direction
    ramp: float = 0.0  # s from rest to full with keys
    scale: float | None = None
    _level: float = 0.0  # where keys have brought it, -1..1

    def forget(self) -> None:
        """Everything was let go: it is at rest at once."""
        self._level = 0.0

    def value(self, look: InputState) -> float:
        """The number for this tick: keys and sticks, whichever push more; else the pointer."""
        pushed = [self._keys(look), *(stick.value(look.held) for stick in self.sticks)]
        push = max(pushed, key=abs)
        if push == 0 and self.pointer and look.pointer is not None:
            part = look.pointer[0] if self.pointer == "x" else 1 - look.pointer[1]
            return self._scaled(2 * (1 - part if self.turned else part) - 1, None)
        return self._scaled(push, self.idle)

    def _keys(self, look: InputState) -> float:
        """-1..1; of both ends the one pressed last."""
        below, above = look.latest(self.negative), look.latest(self.positive)
        target = 0.0 if below == above == -1 else (1.0 if above >= below else -1.0)
        if not self.ramp:
            self._level = target
        else:
            most = look.seconds / self.ramp
            self._level += min(max(target - self._level, -most), most)
        return self._level

    def _scaled(self, push: float, rest: float | None) -> float:
        """A push of -1..1 as the action has it, from `rest`, or from the middle, to either end."""
        middle = (self.low + self.high) / 2 if rest is None else rest
        if self.scale is not None:
            middle = middle if math.isfinite(middle) else 0.0
            moved = middle + push * self.scale
        elif push == 0:  # also of a number without bounds: 0 x infinity is none
            moved = middle
        else:
            moved = middle + push * (self.high - middle if push > 0 else middle - self.low)
        return min(max(moved, self.low), self.high)
