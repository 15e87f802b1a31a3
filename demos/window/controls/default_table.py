"""A default table of controls for a world that has none, and the message that says how to get it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium import spaces

from demos.window.controls.input_names import spoken
from environments.simulation.world import World

_DIRECTIONS = {
    "up": ("w", "up"),
    "down": ("s", "down"),
    "left": ("a", "left"),
    "right": ("d", "right"),
}
_WORDS = {
    "up": ("up", "north", "forward", "accelerate"),
    "down": ("down", "south", "back", "backward", "brake"),
    "left": ("left", "west"),
    "right": ("right", "east"),
    "rest": ("noop", "no-op", "nothing", "none", "stay", "idle", "wait"),
}
_MEANING = {word: way for way, words in _WORDS.items() for word in words}
_POOL = ("space", *"qezxcfvgtbhynjukilo", "left shift", "left ctrl", "tab")  # what else is in reach
_ROW = tuple("asdfghjklqwetyuiozxcvbn")  # for numbers that say nothing, in the order of a keyboard
_SIDES = ("left", "right")


@dataclass(frozen=True)
class _Entry:
    """A row of the table to be, or what has no key left."""

    what: str  # "action 1", "component 0 upwards"
    row: dict[str, Any]
    keys: dict[str, str] = field(default_factory=dict)  # key -> what it gives


def guess_notice(world: World) -> str:
    """The sentence about a world without a table: what each key would give, and how to write one."""
    keys = {key: what for entry in _guess(world) for key, what in entry.keys.items()}
    told = [f"'{spoken(key)}' {what}" for key, what in keys.items()]
    more = f" and {len(told) - 12} more" if len(told) > 12 else ""
    return (
        f"No controls are known for {world.id}, whose actions are {world.action_space}; by guess "
        f"{', '.join(told[:12])}{more}: write that table with `gpo controls {world.id} --edit`, "
        "then correct it."
    )


def guess_table(world: World) -> str:
    """That guess as TOML, with a comment on everything."""
    kind = "axis" if isinstance(world.action_space, spaces.Box) else "action"
    lines = [
        f"# A guess at the controls of {world.id}: its actions are",
        *(f"#     {line}" for line in str(world.action_space).splitlines()),
        f"# Try them with `gpo controls {world.id} --test` and correct what is wrong.",
        "# All that may stand here: see the top of demos/window/controls/table.py. These keys belong to",
        "# the window: Enter, P, R, M, Backspace, Esc, F11 and 1 to 5.",
        "",
        f"world = {_toml(world.id)}",
        f"# What nothing pressed does: {_toml(np.asarray(world.idle).tolist())} unless you say otherwise.",
        f"# idle = {_toml(np.asarray(world.idle).tolist())}",
    ]
    if isinstance(world.action_space, spaces.Discrete) and not world.action_names:
        names = [str(n) for n in range(int(world.action_space.n))]
        lines += [
            '# Names for the screen; "up-left" is then done by up and left together.',
            f"# names = {_toml(names)}",
        ]
    for entry in _guess(world):
        lines += ["", f"[[{kind}]]  # {entry.what}"]
        lines += [f"{name} = {_toml(value)}" for name, value in entry.row.items()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A plain value as TOML; for these JSON is the same."""
    return json.dumps(value)


def _guess(world: World) -> list[_Entry]:
    space = world.action_space
    if isinstance(space, spaces.Box):
        return list(_sliders(space))
    if isinstance(space, spaces.MultiBinary):
        return list(_switches(int(np.prod(space.shape))))
    if isinstance(space, spaces.MultiDiscrete):
        return list(_choices([int(n) for n in space.nvec.ravel()]))
    if world.action_names:
        return list(_named(world))
    return list(_numbered(int(space.n)))


def _named(world: World) -> Iterator[_Entry]:
    """Names mostly say which key; what is made of others needs none."""
    pool, buttons = iter(_POOL), iter(range(16))
    taken = set()
    for name in world.action_names:
        meaning = _MEANING.get(name.lower(), "")
        parts = name.split("-")
        composed = len(parts) > 1 and all(part in world.action_names for part in parts)
        if meaning == "rest" or composed:
            continue
        keys: tuple[str, ...] = _DIRECTIONS.get(meaning, ()) if meaning not in taken else ()
        pad = [f"dpad {meaning}", f"stick {meaning}"] if keys else [f"button {next(buttons, 0)}"]
        taken.add(meaning)
        keys = keys or tuple(key for key in [next(pool, None)] if key)
        yield _entry(f"action '{name}'", f"gives '{name}'", {"do": name}, keys, pad if keys else [])


def _numbered(count: int) -> Iterator[_Entry]:
    """Two are mostly left and right, of three the middle one is mostly nothing; of more nobody knows."""
    if count <= 3:
        for number, side in zip((0, count - 1), _SIDES, strict=True):
            pad = [f"dpad {side}", f"stick {side}"]
            what = f"action {number}"
            yield _entry(what, f"gives {what}", {"do": number}, _DIRECTIONS[side], pad)
        return
    for number in range(count):
        keys = _ROW[number : number + 1]
        pad = [f"button {number}"] if number < 11 else []
        yield _entry(f"action {number}", f"gives action {number}", {"do": number}, keys, pad)


def _choices(counts: list[int]) -> Iterator[_Entry]:
    keys, buttons = iter(_ROW), iter(range(11))
    for component, count in enumerate(counts):
        for number in range(1, count):  # 0 is mostly nothing
            what = f"choice {number} of component {component}"
            row = {"component": component, "do": number}
            yield _entry(what, f"gives {what}", row, _next(keys), _next_button(buttons))


def _switches(count: int) -> Iterator[_Entry]:
    keys, buttons = iter(_ROW), iter(range(11))
    for bit in range(count):
        yield _entry(
            f"bit {bit}", f"sets bit {bit}", {"bit": bit}, _next(keys), _next_button(buttons)
        )


def _sliders(space: spaces.Box) -> Iterator[_Entry]:
    pairs: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
        (("a", "left"), ("d", "right")),
        (("s", "down"), ("w", "up")),
    ]
    pairs += [((low,), (high,)) for low, high in (("f", "g"), ("h", "j"), ("k", "l"), ("v", "b"))]
    low, high = space.low.ravel(), space.high.ravel()
    for component in range(len(low)):
        row: dict[str, Any] = {"component": component}
        keys: dict[str, str] = {}
        if component < len(pairs):
            less, more = pairs[component]
            row |= {"negative": list(less), "positive": list(more)}
            keys |= dict.fromkeys(less, f"lowers component {component}")
            keys |= dict.fromkeys(more, f"raises component {component}")
        if component < 2:
            row |= {"stick": "xy"[component]} | ({"invert": True} if component else {})
        elif component < 4:
            row |= {"stick": f"axis {component + 1}"} | ({"invert": True} if component == 3 else {})
        if not (np.isfinite(low[component]) and np.isfinite(high[component])):
            row["scale"] = 1.0
        bounds = f"{low[component]:g} to {high[component]:g}"
        yield _Entry(f"number {component}, from {bounds}", row, keys)


def _entry(
    what: str, gives: str, row: dict[str, Any], keys: tuple[str, ...], pad: list[str]
) -> _Entry:
    return _Entry(what, row | {"keys": list(keys), "pad": pad}, dict.fromkeys(keys, gives))


def _next(keys: Iterator[str]) -> tuple[str, ...]:
    return tuple(key for key in [next(keys, None)] if key)


def _next_button(buttons: Iterator[int]) -> list[str]:
    return [f"button {n}" for n in [next(buttons, None)] if n is not None]
