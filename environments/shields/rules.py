"""The rules of a shield as data: read from a recipe or a file, checked against the world, written as JSON.

A table has a key a kind of rule: `rate`, `box`, `speed`, `workspace`, `stop` (one table, or a list of them),
and `own`, a function or class of a person's own. That one acts first, then the others in this order, so that
nothing is done after a stop.

O numbers in an observation, A numbers of an action.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from gymnasium import spaces

from environments.shields.limits import (
    BoxLimit,
    Limit,
    RateLimit,
    SpeedLimit,
    StopLimit,
    WorkspaceLimit,
)
from environments.shields.numbers import (
    action_places,
    all_of,
    as_action,
    number,
    numbers,
    seen_places,
)
from environments.simulation.spec import WorldSpec
from environments.system.errors import UserError, shortened
from environments.system.suggestions import nearest

MOST = 16  # rules of a kind
OWN = "own"
_NAME = re.compile(r"[A-Za-z_][\w.]{0,200}:[A-Za-z_]\w{0,200}")


def read_rules(given: Any, world: WorldSpec) -> dict[str, Any]:
    """Rules as data, checked and complete: what `limits_of` takes and a file may hold.

    Args:
        given: a table as above, or `module:name` alone.
        world: that they are to stand in.

    Raises:
        UserError: there is no such rule or setting, or it does not fit the world.
    """
    given = {OWN: given} if isinstance(given, str) else given
    if not isinstance(given, Mapping):
        raise UserError(
            f"A shield is a table of rules or module:name, not {shortened(repr(given))}."
        )
    found: dict[str, Any] = {}
    for kind in given:
        if kind != OWN and kind not in READERS:
            raise UserError(f"A shield has no rule '{kind}': {nearest(str(kind), [OWN, *READERS])}")
    if OWN in given:
        found[OWN] = _own_name(given[OWN])
    for kind in READERS:
        if kind in given:
            tables = given[kind] if isinstance(given[kind], list) else [given[kind]]
            if not 1 <= len(tables) <= MOST:
                raise UserError(f"A shield has 1 to {MOST} rules '{kind}', not {len(tables)}.")
            found[kind] = [asdict(_read(kind, table, world)) for table in tables]
    return found


def limits_of(rules: Mapping[str, Any]) -> list[Limit]:
    """The ready-made rules of what `read_rules` gave, in the order in which they act."""
    return [CLASSES[kind](**table) for kind in READERS for table in rules.get(kind, ())]


def _own_name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(
            f"The shield {shortened(repr(name))} is none: write module:name, of a function that takes an "
            "observation and an action, or of a class of such."
        )
    return name


def _read(kind: str, table: Any, world: WorldSpec) -> Any:
    if not isinstance(table, Mapping):
        raise UserError(f"The rule '{kind}' of the shield is no table: {shortened(repr(table))}.")
    known = CLASSES[kind].__dataclass_fields__
    for key in table:
        if key not in known:
            raise UserError(f"The rule '{kind}' has no '{key}': {nearest(str(key), list(known))}")
    if kind != "stop" and not isinstance(world.action_space, spaces.Box):
        raise UserError(
            f"The rule '{kind}' of the shield is for actions that are numbers, and those of '{world.id}' are "
            f"{world.action_space}: only 'stop' and a function of your own can stand there."
        )
    try:
        return READERS[kind](table, world)
    except ValueError as error:
        raise UserError(f"The rule '{kind}' of the shield for '{world.id}' {error}.") from None


def _box(table: Mapping[str, Any], world: WorldSpec) -> BoxLimit:
    places = action_places(table.get("actions"), world)
    space = world.action_space
    if "low" not in table and "high" not in table:
        raise ValueError("needs `low`, `high` or both")
    bounds = []
    for key, own in (("low", space.low), ("high", space.high)):
        usual = [float(own[place]) for place in places]
        usual = [max(min(one, 1e30), -1e30) for one in usual]
        bounds.append(numbers(table[key], key, len(places)) if key in table else usual)
    _in_order(*bounds)
    return BoxLimit(places, *bounds)


def _rate(table: Mapping[str, Any], world: WorldSpec) -> RateLimit:
    places = action_places(table.get("actions"), world)
    most = numbers(_needed(table, "most"), "most", len(places), least=0.0)
    return RateLimit(places, most, numbers(table.get("start", 0.0), "start", len(places)))


def _speed(table: Mapping[str, Any], world: WorldSpec) -> SpeedLimit:
    places = action_places(table.get("actions"), world)
    return SpeedLimit(
        seen_places(_needed(table, "distance"), "distance", world),
        number(_needed(table, "within"), "within", 0.0),
        places,
        numbers(_needed(table, "most"), "most", len(places), least=0.0),
    )


def _workspace(table: Mapping[str, Any], world: WorldSpec) -> WorkspaceLimit:
    position = seen_places(_needed(table, "position"), "position", world)
    actions = table.get("actions", list(range(len(position))))
    places = action_places(actions, world)
    if len(places) != len(position):
        raise ValueError(
            f"has {len(position)} numbers of a position and {len(places)} of an action: it needs one of each "
            "for the other"
        )
    low = numbers(_needed(table, "low"), "low", len(places))
    high = numbers(_needed(table, "high"), "high", len(places))
    _in_order(low, high)
    gain = numbers(_needed(table, "gain"), "gain", len(places))
    if any(abs(one) < 1e-9 for one in gain):
        raise ValueError("has a `gain` of 0, so that action moves nothing")
    return WorkspaceLimit(position, places, low, high, gain)


def _stop(table: Mapping[str, Any], world: WorldSpec) -> StopLimit:
    size = math.prod(world.action_space.shape or ())
    usual = all_of(world.idle, size)
    action = numbers(table["action"], "action", size) if "action" in table else usual
    _require_action(action, world)
    speed = seen_places(table["speed"], "speed", world) if "speed" in table else []
    if speed and "braking" not in table:
        raise ValueError("names a `speed`, and needs the `braking` that stops it")
    braking = number(table.get("braking", 1.0), "braking", 0.0)
    if braking < 1e-9:
        raise ValueError("has a `braking` of 0, which never stops")
    return StopLimit(
        seen_places(_needed(table, "distance"), "distance", world),
        number(_needed(table, "within"), "within", 0.0),
        action,
        speed,
        number(table.get("reaction", 0.0), "reaction", 0.0),
        braking,
    )


def _require_action(action: list[float], world: WorldSpec) -> None:
    space = world.action_space
    row = as_action(action, space)
    if not space.contains(row):
        raise ValueError(f"has the action {action}, which is none of {space}")


def _in_order(low: list[float], high: list[float]) -> None:
    if any(one > other for one, other in zip(low, high, strict=True)):
        raise ValueError("has a `low` above its `high`")


def _needed(table: Mapping[str, Any], key: str) -> Any:
    if key not in table:
        raise ValueError(f"needs `{key}`")
    return table[key]


# In the order in which they act.
READERS: dict[str, Callable[[Mapping[str, Any], WorldSpec], Any]] = {
    "rate": _rate,
    "box": _box,
    "speed": _speed,
    "workspace": _workspace,
    "stop": _stop,
}
CLASSES: dict[str, Any] = {
    "rate": RateLimit,
    "box": BoxLimit,
    "speed": SpeedLimit,
    "workspace": WorkspaceLimit,
    "stop": StopLimit,
}
