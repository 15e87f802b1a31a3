"""Binds a table for actions that are numbers (Box): keys, sticks, triggers and the pointer push them."""

from __future__ import annotations

import numpy as np

from demos.window.controls.bindings import Binder, numbers
from demos.window.controls.inputs import Slider, Stick
from demos.window.controls.table import AxisRow

_AXES = {"x": 0, "y": 1}  # of the left stick
_PARTNERS = {0: 1, 1: 0, 3: 4, 4: 3}  # which axes belong to one stick, on most gamepads
_ENDS = {"x": ("left", "right"), "y": ("up", "down")}  # of a stick; its axis grows to the second
_POINTED = {"x": ("left", "right"), "y": ("down", "up")}  # from low to high


def bind_sliders(binder: Binder) -> None:
    """A slider a number.

    Raises:
        Problem: the table does not fit the world.
    """
    low, high = binder.space.low.ravel().tolist(), binder.space.high.ravel().tolist()
    rest = _idle(binder, low, high)
    sliders = [Slider(*bounds) for bounds in zip(low, high, rest, strict=True)]
    done: set[int] = set()
    for k, row in enumerate(binder.table.axis):
        if row.component >= len(sliders):
            raise binder.row_problem(k, binder.no_part("component", row.component, len(sliders)))
        if row.component in done:
            what = f"component {row.component} has a row already: put them together."
            raise binder.row_problem(k, what)
        done.add(row.component)
        _bind(binder, k, row, sliders[row.component])
    binder.bindings.components += sliders
    free = (n for n in range(len(sliders)) if n not in done)
    binder.bindings.unassigned = tuple(f"component {n}" for n in free)


def _idle(binder: Binder, low: list[float], high: list[float]) -> list[float]:
    given = binder.table.idle
    if given is None:
        rest = np.broadcast_to(np.asarray(binder.world.idle, float), binder.space.shape)
        return [float(number) for number in rest.ravel()]
    if not numbers(given, len(low)):
        raise binder.problem(f"idle: give a list of {len(low)} numbers.")
    for n, number in enumerate(given):
        if not low[n] <= number <= high[n]:
            raise binder.problem(
                f"idle: number {n} is {number:g}, outside {low[n]:g} to {high[n]:g}."
            )
    return [float(number) for number in given]


def _bind(binder: Binder, k: int, row: AxisRow, slider: Slider) -> None:
    if row.scale is None and not (np.isfinite(slider.low) and np.isfinite(slider.high)):
        what = (
            f"component {row.component} has no bounds: say with 'scale' how far a full push goes."
        )
        raise binder.row_problem(k, what)
    ends = _ends(row)
    slider.negative = binder.sources(k, row.negative, row.pad_negative, row.component, ends[0])
    slider.positive = binder.sources(k, row.positive, row.pad_positive, row.component, ends[1])
    slider.ramp, slider.scale = row.ramp, row.scale
    said = (
        list(binder.spoken(row.negative, row.pad_negative)),
        list(binder.spoken(row.positive, row.pad_positive)),
    )
    if binder.hands.device == "gamepad":
        slider.sticks = _sticks(binder, row, said)
    elif row.pointer is not None:
        _aim(binder, k, row, slider, said)
    binder.bindings.rows += [(end, tuple(by)) for end, by in zip(ends, said, strict=True)]


def _aim(
    binder: Binder, k: int, row: AxisRow, slider: Slider, said: tuple[list[str], list[str]]
) -> None:
    """The mouse says where the number is."""
    assert row.pointer is not None
    if binder.hands.people > 1:
        raise binder.row_problem(k, "two people cannot share the mouse: leave 'pointer' out.")
    slider.pointer, slider.turned, binder.bindings.pointer = row.pointer, row.invert, True
    ways = _POINTED[row.pointer][:: -1 if row.invert else 1]
    for by, way in zip(said, ways, strict=True):
        by.append(f"pointer {way}")


def _sticks(binder: Binder, row: AxisRow, said: tuple[list[str], list[str]]) -> tuple[Stick, ...]:
    """The stick and the trigger of a row."""
    pad, sign = binder.hands.pad, -1 if row.invert else 1
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
            binder.bindings.axes[pad, axis] = None
    return tuple(found)


def _ends(row: AxisRow) -> tuple[str, str]:
    """What pushing it either way is called: the two sides of a slash in the label, or its own name."""
    label = row.label or f"component {row.component}"
    first, slash, second = (part.strip() for part in label.partition("/"))
    return (first, second) if slash else (f"{label} -", f"{label} +")
