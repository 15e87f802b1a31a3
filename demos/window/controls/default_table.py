"""A default table of controls for a world that has none, and the message that says how to get it.

It is made of the keys that the environment itself offers, or else guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium import spaces

from demos.window.controls.environment_keys import table_of_keys
from demos.window.controls.input_names import spoken
from environments.simulation.world import World

_DIRECTIONS = {  # the first person's, and the second's; one who is alone has both
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
# The same where two people share the keyboard: its left half, and its right.
_POOLS = (
    ("space", *"qezxcfvgt", "left shift", "left ctrl", "tab"),
    ("right shift", *"./,lkjhuoibny"),
)
_ROWS = tuple("asdfgqwetzxcv"), tuple("jkl;'uioyhnb,./")
_SLIDES = (
    ("ad", "sw", "fg", "hj", "kl", "vb"),
    (("left", "right"), ("down", "up"), "kl", "uo", ",."),
)
_SLIDES_APART = ("ad", "sw", "fg", "vb", "qe"), _SLIDES[1]
_SIDES = ("left", "right")


@dataclass(frozen=True)
class _Entry:
    """A row of the table to be, or what has no key left."""

    what: str  # "action 1", "component 0 upwards"
    row: dict[str, Any]
    keys: dict[str, str] = field(default_factory=dict)  # key -> what it gives


class _FreeKeys:
    """Keys that nothing does yet, of one person or of two who share the keyboard."""

    def __init__(self, alone: Iterable[str], apart: Iterable[Iterable[str]], shared: bool) -> None:
        self.shared = shared
        self._pools = [iter(pool) for pool in (apart if shared else (alone,))]

    def next(self) -> list[str]:
        """The next key of each person; none where one has none left."""
        found = [next(pool, None) for pool in self._pools]
        return [key for key in found if key] if None not in found else []


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
    """The table as TOML, with a comment on everything: what the environment offers, else that guess."""
    kind = "axis" if isinstance(world.action_space, spaces.Box) else "action"
    offered = table_of_keys(world)
    origin = (
        "A guess at the controls" if offered is None else "The keys that the game itself offers"
    )
    rest = _toml(np.asarray(world.idle).tolist())
    lines = [
        f"# {origin}, for {world.id}: its actions are",
        *(f"#     {line}" for line in str(world.action_space).splitlines()),
        f"# Try them with `gpo controls {world.id} --test` and correct what is wrong.",
        "# All that may stand here: docs/controls.md. These keys belong to the window: Enter, P, R, M,",
        '# Backspace, Esc, F11 and 1 to 5. With a star, as "my_game:*", a table serves several worlds.',
        "",
        f"world = {_toml(world.id)}",
        f"# What nothing pressed does: {rest} unless you say otherwise.",
    ]
    if offered is not None:
        lines += [
            f"{name} = {_toml(offered[name])}" for name in ("idle", "names") if name in offered
        ]
        entries = [_Entry("", row) for row in offered[kind]]
    else:
        lines.append(f"# idle = {rest}")
        lines += _names_to_give(world)
        entries = _guess(world)
    for entry in entries:
        lines += ["", f"[[{kind}]]" + (f"  # {entry.what}" if entry.what else "")]
        lines += [f"{name} = {_toml(value)}" for name, value in entry.row.items()]
    return "\n".join(lines) + "\n"


def _names_to_give(world: World) -> list[str]:
    if not isinstance(world.action_space, spaces.Discrete) or world.action_names:
        return []
    names = [str(n) for n in range(int(world.action_space.n))]
    return [
        '# Names for the screen; "up-left" is then done by up and left together.',
        f"# names = {_toml(names)}",
    ]


def _toml(value: Any) -> str:
    """A plain value as TOML; all but tables are written as in JSON."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_toml(each)}' for name, each in value.items())} }}"
    return json.dumps(value)


def _guess(world: World) -> list[_Entry]:
    space, shared = world.action_space, len(world.agents) > 1
    if isinstance(space, spaces.Box):
        return list(_sliders(space, shared))
    free = _FreeKeys(_ROW, _ROWS, shared)
    if isinstance(space, spaces.MultiBinary):
        return list(_switches(int(np.prod(space.shape)), free))
    if isinstance(space, spaces.MultiDiscrete):
        return list(_choices([int(n) for n in space.nvec.ravel()], free))
    if world.action_names:
        return list(_named(world, _FreeKeys(_POOL, _POOLS, shared)))
    return list(_numbered(int(space.n), free))


def _named(world: World, free: _FreeKeys) -> Iterator[_Entry]:
    """Names mostly say which key; what is made of others needs none."""
    buttons = iter(range(16))
    taken = set()
    for name in world.action_names:
        meaning = _MEANING.get(name.lower(), "")
        parts = name.split("-")
        composed = len(parts) > 1 and all(part in world.action_names for part in parts)
        if meaning == "rest" or composed:
            continue
        keys = list(_DIRECTIONS.get(meaning, ())) if meaning not in taken else []
        pad = [f"dpad {meaning}", f"stick {meaning}"] if keys else [f"button {next(buttons, 0)}"]
        taken.add(meaning)
        keys = keys or free.next()
        what, row = f"action '{name}'", {"do": name}
        yield _entry(what, f"gives '{name}'", row, keys, pad if keys else [], free.shared)


def _numbered(count: int, free: _FreeKeys) -> Iterator[_Entry]:
    """Two are mostly left and right, of three the middle one is mostly nothing; of more nobody knows."""
    for number in range(count):
        what, keys, pad = f"action {number}", [], []
        if count > 3:
            keys, pad = free.next(), [f"button {number}"] if number < 11 else []
        elif number in (0, count - 1):
            side = _SIDES[number > 0]
            keys, pad = list(_DIRECTIONS[side]), [f"dpad {side}", f"stick {side}"]
        else:
            continue
        yield _entry(what, f"gives {what}", {"do": number}, keys, pad, free.shared)


def _choices(counts: list[int], free: _FreeKeys) -> Iterator[_Entry]:
    buttons = iter(range(11))
    for component, count in enumerate(counts):
        for number in range(1, count):  # 0 is mostly nothing
            what = f"choice {number} of component {component}"
            row = {"component": component, "do": number}
            pad = _next_button(buttons)
            yield _entry(what, f"gives {what}", row, free.next(), pad, free.shared)


def _switches(count: int, free: _FreeKeys) -> Iterator[_Entry]:
    buttons = iter(range(11))
    for bit in range(count):
        row, pad = {"bit": bit}, _next_button(buttons)
        yield _entry(f"bit {bit}", f"sets bit {bit}", row, free.next(), pad, free.shared)


def _sliders(space: spaces.Box, shared: bool) -> Iterator[_Entry]:
    slides = _SLIDES_APART if shared else _SLIDES
    low, high = space.low.ravel(), space.high.ravel()
    for component in range(len(low)):
        row: dict[str, Any] = {"component": component}
        keys: dict[str, str] = {}
        own = [pairs[component] for pairs in slides if component < len(pairs)]
        if not shared and component >= 2:
            own = own[:1]  # the arrows are two pairs; of the others one is enough
        if own and (not shared or len(own) == len(slides)):
            less, more = ([pair[end] for pair in own] for end in range(2))
            row |= {"negative": _for_people(less, shared), "positive": _for_people(more, shared)}
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
    what: str, gives: str, row: dict[str, Any], keys: list[str], pad: list[str], shared: bool
) -> _Entry:
    row = row | {"keys": _for_people(keys, shared), "pad": pad}
    return _Entry(what, row, dict.fromkeys(keys, gives))


def _for_people(keys: list[str], shared: bool) -> Any:
    """The keys of a row: one a person where two share them."""
    if not shared or len(keys) < 2:
        return keys
    return {"first": keys[:1], "second": keys[1:]}


def _next_button(buttons: Iterator[int]) -> list[str]:
    return [f"button {n}" for n in [next(buttons, None)] if n is not None]
