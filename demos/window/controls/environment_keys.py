"""A table of controls out of the keys that an environment itself offers (`get_keys_to_action`).

Keys that do an action when held alone are rows; what is done by several of them together is an action whose
name has all their parts, as "a-w" has, or follows by itself where an action has components.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pygame
from gymnasium import spaces

from demos.window.controls.input_names import RESERVED, key_name
from environments.simulation.world import World
from environments.system.errors import UserError

Combinations = Mapping[frozenset[str], Any]  # keys held together, and the action that they do


def table_of_keys(world: World) -> dict[str, Any] | None:
    """What a table of those keys holds; None where there are none, or no table can say what they do."""
    found = dict(_usable(world))
    rest = found.pop(frozenset(), None)
    space = world.action_space
    table: dict[str, Any] = {"world": world.id}
    if rest is not None:
        table["idle"] = rest
    if isinstance(space, spaces.Discrete):
        return table | _choices(found, int(space.n), rest) if found else None
    rows = _parts(found, space, np.asarray(world.idle if rest is None else rest, float))
    kind = "axis" if isinstance(space, spaces.Box) else "action"
    return table | {kind: rows} if rows else None


def _usable(world: World) -> Iterator[tuple[frozenset[str], Any]]:
    """The combinations of keys that there are, and that the window does not need itself."""
    for keys, action in world.keys:
        try:
            names = frozenset(
                pygame.key.name(key) if isinstance(key, int) else key_name(_letter(key))
                for key in keys
            )
        except UserError:
            continue
        if "" not in names and not names & RESERVED:
            yield names, action


def _letter(key: str) -> str:
    return "space" if key == " " else key


def _choices(found: Combinations, count: int, rest: Any) -> dict[str, Any]:
    """Names and rows for actions of which one is chosen."""
    alone = {next(iter(keys)): action for keys, action in found.items() if len(keys) == 1}
    part: dict[str, str] = {}  # key -> what it is called in names; keys that do the same share it
    first: dict[int, str] = {}
    for key in dict.fromkeys(key for keys in found for key in sorted(keys)):
        name = key.replace("-", " minus").replace("+", " plus").strip()
        part[key] = first.setdefault(alone[key], name) if key in alone else name
    names = [f"action {number}" for number in range(count)]
    for keys, action in sorted(found.items(), key=lambda pair: len(pair[0])):
        name = "-".join(sorted({part[key] for key in keys}))
        if names[action] == f"action {action}" and name not in names:
            names[action] = name
    if rest is not None and names[rest] == f"action {rest}":
        names[rest] = "nothing"
    known = {one for name in names for one in name.split("-")}
    rows: dict[str, list[str]] = {}
    for key, name in part.items():
        if name in known:
            rows.setdefault(name, []).append(key)
    return {"names": names, "action": [{"do": name, "keys": keys} for name, keys in rows.items()]}


def _parts(found: Combinations, space: Any, rest: np.ndarray) -> list[dict[str, Any]] | None:
    """Rows for actions of several components: each key by what it alone does to them."""
    pushed: dict[tuple[int, float], list[str]] = {}  # component and what it becomes -> keys
    at_rest = np.broadcast_to(rest, space.shape).ravel()
    for keys, action in found.items():
        if len(keys) == 1:
            values = np.asarray(action, float).ravel()
            for component in np.flatnonzero(values != at_rest).tolist():
                pushed.setdefault((component, float(values[component])), []).extend(keys)
    if isinstance(space, spaces.MultiDiscrete):
        return [
            {"component": component, "do": int(value), "keys": keys}
            for (component, value), keys in pushed.items()
        ]
    if isinstance(space, spaces.MultiBinary):
        return [{"bit": bit, "keys": keys} for (bit, value), keys in pushed.items() if value == 1]
    return _axes(pushed, at_rest)


def _axes(
    pushed: Mapping[tuple[int, float], list[str]], at_rest: np.ndarray
) -> list[dict[str, Any]] | None:
    """Rows for numbers; None where keys push one number by several amounts, which no row can say."""
    rows: dict[int, dict[str, Any]] = {}
    for (component, value), keys in pushed.items():
        push = value - float(at_rest[component])
        row = rows.setdefault(
            component, {"component": component, "scale": float(f"{abs(push):.6g}")}
        )
        end = "positive" if push > 0 else "negative"
        if end in row or not np.isclose(row["scale"], abs(push), rtol=1e-5):
            return None
        row[end] = keys
    return list(rows.values())
