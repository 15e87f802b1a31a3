"""The schema of an agent file's JSON, checked once on loading: its network, its world and its facts.

A file that was tampered with may be sealed again, so every value that the rest of the program
relies on has its type and a limit here; all other keys are carried on as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gymnasium import spaces

from agents.schema.space_schema import (
    CHOICES,
    are_sizes,
    is_whole_number,
    printable,
    read_action_space,
    read_observation_space,
)
from environments.files.readers import Unreadable

WIDTH, LAYERS = 2**20, 256  # units of a layer; layers in a row
STEPS = 1024  # that a memory may reach back; what it attends to is their square
COSTS = 1000  # that values are fitted to
STUCK = 10_000  # steps of the stuck rule
NAMES, LONG = 10_000, 100_000  # in a list of a world's description; characters of a text

Rules = dict[str, Callable[[Any], bool]]  # whether the value of a key may be so


def check_network(settings: Any, seen: spaces.Box) -> None:
    """Refuse settings of a network (`AgentPolicy.settings`) of a wrong type, or beyond any use.

    How large it is need not be limited: it is compared with the file's own tensors before it is built.

    Raises:
        Unreadable: it says which.
    """
    rules: Rules = {
        "net_arch": _towers,
        "activation": lambda name: isinstance(name, str),  # which: `build_policy`
        "dropout": lambda share: type(share) in (int, float) and 0 <= share <= 1,
        "n_costs": lambda count: is_whole_number(count, 0, COSTS),
        "own_units": lambda own: isinstance(own, bool),
        "sight": lambda sight: sight is None or isinstance(sight, dict),
    }
    _keep(settings, rules, "the settings of its network")
    sight = settings.get("sight") or {}
    rules = {
        "parts": lambda parts: _parts(parts, math.prod(seen.shape)),
        "image": lambda kind: isinstance(kind, str),
        "steps": lambda steps: is_whole_number(steps, 0, STEPS),
        "width": lambda width: is_whole_number(width, 1, WIDTH),
        "heads": lambda heads: is_whole_number(heads, 1, WIDTH),
        "layers": lambda layers: is_whole_number(layers, 1, LAYERS),
    }
    _keep(sight, rules, "the settings of its network's sight")


def _towers(given: Any) -> bool:
    """Units of the layers, of both towers or of each."""
    if isinstance(given, dict):
        return set(given) == {"pi", "vf"} and all(_sizes_of(given[name]) for name in given)
    return _sizes_of(given)


def _sizes_of(given: Any) -> bool:
    return are_sizes(given, 1, LAYERS) and all(units <= WIDTH for units in given)


def _parts(given: Any, room: int) -> bool:
    """Whether these are parts (`Part.as_json`) of an observation of so many numbers."""
    if not isinstance(given, list) or len(given) > NAMES:
        return False
    for part in given:
        if not isinstance(part, list) or len(part) != 3:
            return False
        name, kind, shape = part
        if not isinstance(name, str) or not isinstance(kind, str) or not are_sizes(shape, 0):
            return False
        room -= math.prod(shape)
    return room >= 0


def _keep(given: Any, rules: Rules, what: str) -> None:
    """Refuse a table with keys that have no rule, or values that their rule refuses."""
    if not isinstance(given, dict):
        raise Unreadable(f"holds no table where {what} should be")
    for key, value in given.items():
        if key not in rules:
            raise Unreadable(f"has in {what} the key '{printable(key)}', which none of ours has")
        if not rules[key](value):
            raise Unreadable(f"has in {what} a value of '{key}' that cannot be")


def read_world(described: Any) -> dict[str, Any]:
    """`World.describe()` of the world that an agent was made for.

    Raises:
        Unreadable: it lacks something, or has something of a wrong type.
    """
    if not isinstance(described, dict):
        raise Unreadable("does not describe the world that it was made for")
    name = described.get("world")
    if not isinstance(name, str) or not name or len(name) > 1000 or not name.isprintable():
        raise Unreadable("does not name the world that it was made for")
    for key in ("agents", "terms", "costs", "parts", "potentials"):
        optional = key in ("parts", "potentials")
        if not (optional and key not in described) and not _names(described.get(key)):
            raise Unreadable(f"describes a world whose '{key}' are no list of names")
    layout = described.get("layout", [])  # what its parts are: `agents.schema.own_observation`
    if not isinstance(layout, list) or len(layout) > NAMES:
        raise Unreadable("describes a world whose 'layout' is no list of parts")
    if not described["agents"]:
        raise Unreadable("describes a world without agents")
    for key in ("observation", "action"):
        if not _text(described.get(key)):
            raise Unreadable(f"describes a world whose '{key}' is no text")
    params = described.get("params")
    if not isinstance(params, dict) or "world" in params or "version" not in described:
        raise Unreadable("describes a world without a version and parameters")
    if not _plain(described):
        raise Unreadable("describes a world with characters that cannot be shown")
    return described


def read_facts(given: Any) -> dict[str, Any]:
    """What is known about an agent (`Agent.facts`).

    Raises:
        Unreadable: a fact that the program relies on is of a wrong type.
    """
    if not isinstance(given, dict):
        raise Unreadable("holds no table where its facts should be")
    rules: Rules = {
        "stuck_steps": lambda steps: is_whole_number(steps, 0, STUCK),
        "shield": lambda there: isinstance(there, bool),
        "greedy": lambda only: isinstance(only, bool),
        "unsafe": lambda breaks: isinstance(breaks, bool),
        "judged": _figures,
        "judged_by": _judged_by,
        "verdict": _text,
        "role": _text,
    }
    for key, rule in rules.items():
        if key in given and not rule(given[key]):
            raise Unreadable(f"has among its facts a value of '{key}' that cannot be")
    return given


def _figures(given: Any) -> bool:
    """Whether these are the figures of a verdict: the clone's mean, the agent's, after which update."""
    if not isinstance(given, dict) or set(given) != {"clone", "mean", "update"}:
        return False
    return all(n is None or type(n) is int or type(n) is float for n in given.values())


def _judged_by(given: Any) -> bool:
    """Whether this says what it was judged by: a name, and the weights of the terms that it sums."""
    if not isinstance(given, dict) or set(given) != {"name", "weights"}:
        return False
    weights = given["weights"]
    return (
        _text(given["name"])
        and isinstance(weights, dict)
        and all(type(n) in (int, float) and math.isfinite(n) for n in weights.values())
    )


def check_exported(about: dict[str, Any]) -> None:
    """Refuse facts of an agent's ONNX file (`agents.export.onnx_export`) that are of a wrong type.

    Raises:
        Unreadable: it says what.
    """
    missing = [key for key in ("world", "facts", "greedy") if key not in about]
    if missing:
        raise Unreadable(f"holds no agent: it lacks '{missing[0]}'")
    read_world(about["world"])
    read_facts(about["facts"])
    for key, read in (
        ("observation_space", read_observation_space),
        ("action_space", read_action_space),
    ):
        if key in about:
            read(about[key])
    rules: Rules = {
        "greedy": lambda only: isinstance(only, bool),
        "shield": lambda there: isinstance(there, bool),
        "memory": lambda steps: is_whole_number(steps, 0, STEPS),
        "mask": lambda size: is_whole_number(size, 0, CHOICES),
        "advice": lambda said: isinstance(said, list) and all(map(_text, said)),
    }
    for key, rule in rules.items():
        if key in about and not rule(about[key]):
            raise Unreadable(f"holds no agent: it has a value of '{key}' that cannot be")


def _names(given: Any) -> bool:
    listed = isinstance(given, list) and len(given) <= NAMES
    return listed and all(isinstance(name, str) and len(name) <= 1000 for name in given)


def _text(given: Any) -> bool:
    return isinstance(given, str) and len(given) <= LONG and _shown(given)


def _shown(text: str) -> bool:
    """Whether a text can be printed: arrays in words have lines, but nothing steers a terminal."""
    return all(c.isprintable() or c in "\n\t" for c in text)


def _plain(values: Any) -> bool:
    """Whether every text in there can be printed; the reader of JSON has limited the depth."""
    if isinstance(values, str):
        return _shown(values)
    if isinstance(values, dict):
        return all(_shown(key) and _plain(value) for key, value in values.items())
    return not isinstance(values, list) or all(_plain(value) for value in values)
