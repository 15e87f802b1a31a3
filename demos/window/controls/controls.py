"""One person's controls in one world: what is held becomes an action, as a TOML table says.

How actions are composed stands in `demos/window/controls/inputs.py`, what may stand in a table in
`demos/window/controls/table.py`. R numbers make up the raw device state.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from demos.window.controls.aiming import Aim
from demos.window.controls.bind_axes import bind_sliders
from demos.window.controls.bind_choices import bind_aim, bind_choices, bind_switches
from demos.window.controls.bindings import Binder, Bindings, ControlsOwner
from demos.window.controls.devices import Held
from demos.window.controls.input_names import spoken
from demos.window.controls.inputs import AimingView, Choice, InputState, Slider
from demos.window.controls.table import find_table, serves
from environments.simulation.world import World
from environments.system.errors import UserError

OUTSIDE = -1.0  # the raw pointer, where the mouse is outside of the drawing
DEVICES = ("keyboard", "gamepad")


class Controls:
    """One person's table for one world. It is to be asked once a tick.

    Args:
        world: what is played.
        bindings: the table, bound for this person.
        hands: whose they are.
        path: where the table stands.
    """

    def __init__(self, world: World, bindings: Bindings, hands: ControlsOwner, path: Path) -> None:
        self.world, self.hands, self.path = world, hands, path
        self.device = hands.device
        self.tick = world.tick  # s between two actions; a session at another pace sets it
        self.unassigned = bindings.unassigned  # actions that nothing does
        self._bindings = bindings
        self._sources = tuple(bindings.sources)
        pointer = ("pointer x", "pointer y") if bindings.pointer else ()
        axes = tuple(f"pad{pad} axis {axis}" for pad, axis in bindings.axes)
        self.raw_names: tuple[str, ...] = (*self._sources, *axes, *pointer)
        self._aiming: AimingView | None = None
        self._seen: dict[str, int] = {}  # source -> number of its press that was last acted on
        self._since = 0
        self._last: tuple[Held | None, dict[str, int]] = (None, {})  # and what was new in it

    def watch(self, batch: Any, seat: int) -> None:
        """Say in which game and seat is aimed."""
        self._aiming = AimingView(self.world, batch, seat)

    def action(self, held: Held, scene: Any = None) -> np.ndarray | int:
        """What to do in this tick.

        Args:
            held: what is held now.
            scene: the pointer in the drawing, 0..1 from its left and top, if it is not that of `held`.

        Returns:
            A number for Discrete actions, else an array as the world's action space has it.
        """
        if held.since != self._since:
            self._since = held.since
            self._forget()
        news = self._news(held)
        self._last = held, news
        self._seen = {
            s: held.presses.get(s, 0) for s in self._sources if s in held.presses or s in held.down
        }
        pointer = scene if isinstance(scene, tuple) else held.pointer
        look = InputState(held, news, pointer, self.tick, self._aiming)
        values = [component.value(look) for component in self._bindings.components]
        space = self.world.action_space
        if isinstance(space, spaces.Discrete):
            return int(values[0])
        return np.array(values, space.dtype).reshape(space.shape)

    def raw(self, held: Held) -> np.ndarray:
        """Every number that the table reads, as `raw_names` calls them: float32 [R].

        A press is 1, also if it began and ended since the last tick; a stick is -1..1; a pointer is 0..1
        from the drawing's left and top, and -1 outside of it.
        """
        last, news = self._last
        if held is not last:
            news = self._news(held)
        numbers = [float(s in held.down or s in news) for s in self._sources]
        for pad, axis in self._bindings.axes:
            axes = held.pads[pad].axes if pad in held.pads else ()
            numbers.append(axes[axis] if axis < len(axes) else 0.0)
        if self._bindings.pointer:
            numbers += held.pointer or (OUTSIDE, OUTSIDE)
        return np.array(numbers, np.float32)

    def rows(self) -> list[tuple[str, tuple[str, ...]]]:
        """What can be done, and by what: ("left", ("a", "left arrow")); what nothing does is left out."""
        return [(what, by) for what, by in self._bindings.rows if by]

    def unknown(self, key: str) -> str | None:
        """A sentence about a key that does nothing, None for one that does something."""
        if f"key {key}" in self._bindings.sources:
            return None
        told = ", ".join(f"{by[0]} is {what}" for what, by in self.rows()[:6])
        free = f"; nothing does {', '.join(self.unassigned)} yet" if self.unassigned else ""
        cure = f"`gpo controls {self.world.id} --edit` changes it."
        return f"The key '{spoken(key)}' does nothing here: {told}{free}. {cure}"

    def name_of(self, action: Any) -> str:
        """What an action is called."""
        space = self.world.action_space
        if isinstance(space, spaces.Discrete):
            component = self._bindings.components[0]
            assert isinstance(component, Choice)
            return component.names[int(action)]
        flat = np.asarray(action).ravel()
        if isinstance(space, spaces.Box):
            return "  ".join(f"{number:+.2f}" for number in flat)
        names = self.world.choice_names
        if names and isinstance(space, spaces.MultiDiscrete):
            rest = np.broadcast_to(np.asarray(self.world.idle).ravel(), flat.shape)
            told = [names[k][int(n)] for k, n in enumerate(flat) if n != rest[k]]
            return ", ".join(told) or "nothing"
        return "  ".join(str(int(number)) for number in flat)

    def _news(self, held: Held) -> dict[str, int]:
        """Presses since the last tick, by number; those of a snapshot without numbers have 0."""
        down, found = held.down, {}
        for source in self._sources:
            number = held.presses.get(source)
            if number is None:
                number = 0 if source in down else None
            elif number <= held.since:
                number = None
            if number is not None and self._seen.get(source) != number:
                found[source] = number
        return found

    def _forget(self) -> None:
        for component in self._bindings.components:
            if isinstance(component, Choice | Slider | Aim):
                component.forget()


def load_controls(
    world: World,
    device: str = "keyboard",
    person: int = 0,
    people: int = 1,
    path: Path | None = None,
    pad: int | None = None,
) -> Controls:
    """A person's controls for a world: from `path`, or their own table, or ours.

    Args:
        world: what is played.
        device: "keyboard" (with the mouse) or "gamepad".
        person: 0 or 1, of those who use such a device.
        people: how many use such a device; `load_everybody` counts them.
        path: of a table.
        pad: which gamepad; that of the person's number if left out.

    Raises:
        UserError: no such device, no table, or one that is wrong.
    """
    if device not in DEVICES:
        raise UserError(f"There is no device '{device}': it is keyboard or gamepad.")
    if not 0 <= person < people <= 2:
        raise UserError(f"Person {person + 1} of {people} cannot play: there are one or two.")
    where, table = find_table(world, path)
    hands = ControlsOwner(device, person, people, person if pad is None else pad)
    return Controls(world, _bound(Binder(table, world, hands, str(where))), hands, where)


def _bound(binder: Binder) -> Bindings:
    """The table bound for a person, or what is wrong with it."""
    table, world, space = binder.table, binder.world, binder.space
    if not serves(table, world.id):
        raise binder.problem(f"it is for '{table.world}', not for '{world.id}': correct 'world'.")
    box = isinstance(space, spaces.Box)
    if (table.action and box) or (table.axis and not box):
        wrong, right = ("action", "axis") if box else ("axis", "action")
        raise binder.problem(f"the actions are {space}: write [[{right}]] instead of [[{wrong}]].")
    if box:
        bind_sliders(binder)
    elif isinstance(space, spaces.MultiBinary):
        bind_switches(binder)
    else:
        bind_choices(binder)
    bind_aim(binder)
    if not any(by for _, by in binder.bindings.rows):
        device = binder.hands.device
        setting = "keys" if device == "keyboard" else "pad buttons or sticks"
        raise binder.problem(f"it says nothing about a {device}: add {setting}.")
    return binder.bindings


def load_everybody(
    world: World, devices: Sequence[str], path: Path | None = None
) -> list[Controls]:
    """The controls of all who play at one machine, by what each holds: ["keyboard", "gamepad"].

    Raises:
        UserError: see `load_controls`.
    """
    return [
        load_controls(
            world, device, list(devices[:n]).count(device), list(devices).count(device), path
        )
        for n, device in enumerate(devices)
    ]
