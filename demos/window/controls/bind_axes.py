"""Wires a table for actions that are numbers (Box): keys, sticks, triggers and the pointer push them."""

from __future__ import annotations

import numpy as np

from demos.window.controls.bindings import Binder, numbers
from demos.window.controls.inputs import Slider, Stick
from demos.window.controls.table import AxisRow

_AXES = {"x": 0, "y": 1}  # of the left stick
_PARTNERS = {0: 1, 1: 0, 3: 4, 4: 3}  # which axes belong to one stick, on most gamepads
_ENDS = {"x": ("left", "right"), "y": ("up", "down")}  # of a stick; its axis grows to the second
_POINTED = {"x": ("left", "right"), "y": ("down", "up")}  # from low to high


def bind_sliders(wirer: Binder) -> None:
    """A slider a number.

    Raises:
        Problem: the table does not fit the world.
    """
    low, high = wirer.space.low.ravel().tolist(), wirer.space.high.ravel().tolist()
    rest = _idle(wirer, low, high)
    sliders = [Slider(*bounds) for bounds in zip(low, high, rest, strict=True)]
    done: set[int] = set()
    for k, row in enumerate(wirer.table.axis):
        if row.component >= len(sliders):
            raise wirer.row_problem(k, wirer.no_part("component", row.component, len(sliders)))
        if row.component in done:
            what = f"component {row.component} has a row already: put them together."
            raise wirer.row_problem(k, what)
        done.add(row.component)
        _wire(wirer, k, row, sliders[row.component])
    wirer.wiring.components += sliders
    free = (n for n in range(len(sliders)) if n not in done)
    wirer.wiring.unassigned = tuple(f"component {n}" for n in free)


def _idle(wirer: Binder, low: list[float], high: list[float]) -> list[float]:
    given = wirer.table.idle
    if given is None:
        rest = np.broadcast_to(np.asarray(wirer.world.idle, float), wirer.space.shape)
        return [float(number) for number in rest.ravel()]
    if not numbers(given, len(low)):
        raise wirer.problem(f"idle: give a list of {len(low)} numbers.")
    for n, number in enumerate(given):
        if not low[n] <= number <= high[n]:
            raise wirer.problem(
                f"idle: number {n} is {number:g}, outside {low[n]:g} to {high[n]:g}."
            )
    return [float(number) for number in given]


def _wire(wirer: Binder, k: int, row: AxisRow, slider: Slider) -> None:
    if row.scale is None and not (np.isfinite(slider.low) and np.isfinite(slider.high)):
        what = (
            f"component {row.component} has no bounds: say with 'scale' how far a full push goes."
        )
        raise wirer.row_problem(k, what)
    ends = _ends(row)
    slider.negative = wirer.sources(k, row.negative, row.pad_negative, row.component, ends[0])
    slider.positive = wirer.sources(k, row.positive, row.pad_positive, row.component, ends[1])
    slider.ramp, slider.scale = row.ramp, row.scale
    said = (
        list(wirer.spoken(row.negative, row.pad_negative)),
        list(wirer.spoken(row.positive, row.pad_positive)),
    )
    if wirer.hands.device == "gamepad":
        slider.sticks = _sticks(wirer, row, said)
    elif row.pointer is not None:
        _aim(wirer, k, row, slider, said)
    wirer.wiring.rows += [(end, tuple(by)) for end, by in zip(ends, said, strict=True)]


def _aim(
    wirer: Binder, k: int, row: AxisRow, slider: Slider, said: tuple[list[str], list[str]]
) -> None:
    """The mouse says where the number is."""
    assert row.pointer is not None
    if wirer.hands.people > 1:
        raise wirer.row_problem(k, "two people cannot share the mouse: leave 'pointer' out.")
    slider.pointer, slider.turned, wirer.wiring.pointer = row.pointer, row.invert, True
    ways = _POINTED[row.pointer][:: -1 if row.invert else 1]
    for by, way in zip(said, ways, strict=True):
        by.append(f"pointer {way}")


def _sticks(wirer: Binder, row: AxisRow, said: tuple[list[str], list[str]]) -> tuple[Stick, ...]:
    """The stick and the trigger of a row."""
    pad, sign = wirer.hands.pad, -1 if row.invert else 1
    found = []
    if row.stick is not None:
        named = row.stick in _AXES
        axis = _AXES[row.stick] if named else int(row.stick.removeprefix("axis "))
        across = _PARTNERS.get(axis) if row.across is None else row.across
        found.append(Stick(pad, axis, across, row.dead, sign))
        for by, way in zip(said, _ENDS.get(row.stick, ("-", "+"))[::sign], strict=True):
            by.append(f"stick {way}" if named else f"{row.stick} {way}")
    if row.trigger is not None:
        found.append(Stick(pad, row.trigger, None, row.dead, sign, trigger=True))
        said[0 if row.invert else 1].append(f"trigger {row.trigger}")
    for stick in found:
        for axis in (stick.axis, *(() if stick.across is None else (stick.across,))):
            wirer.wiring.axes[pad, axis] = None
    return tuple(found)


def _ends(row: AxisRow) -> tuple[str, str]:
    """What pushing it either way is called: the two sides of a slash in the label, or its own name."""
    label = row.label or f"component {row.component}"
    first, slash, second = (part.strip() for part in label.partition("/"))
    return (first, second) if slash else (f"{label} -", f"{label} +")
