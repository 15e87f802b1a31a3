"""`Facts`: the spaces, names and limits that a trial of an external environment found, as JSON."""

from __future__ import annotations

import base64
import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.external.trial.offered_keys import OfferedKeys
from environments.simulation.observation_parts import Part, read_parts

_SPACES = ("observation_space", "action_space", "own_action_space", "own_observation_space")


@dataclass(frozen=True)
class Facts:
    """An environment as it showed itself in a reset and a step, and in what was played on."""

    agents: tuple[str, ...]
    version: Any  # a number or a text
    tick: float | None  # s a step takes when people play; None if it does not say
    horizon: int | None  # steps; likewise
    terms: tuple[str, ...]  # that its first infos named, without the return
    costs: tuple[str, ...]
    observation_space: spaces.Box  # of an agent, flattened, with the action mask
    action_space: Any  # likewise, counted from 0
    parts: tuple[Part, ...]
    closes: bool = True  # whether `close` came back
    keys: OfferedKeys = ()  # that it offers to people
    # Terms and costs with their meanings that it declares, or named later.
    more_terms: dict[str, str] = field(default_factory=dict)
    more_costs: dict[str, str] = field(default_factory=dict)
    success: str | None = (
        None  # the key of its info that says whether a game is solved, if declared
    )
    north_star: str | None = None  # the term that it is judged by, if declared
    own_action_space: Any = None  # as the environment has it
    own_observation_space: Any = None  # likewise, with an action mask that is a part of it

    def with_names(self, terms: Mapping[str, str], costs: Mapping[str, str]) -> Facts:
        """The same with further terms and costs, those that were not known yet."""
        more_terms = {k: v for k, v in terms.items() if k not in self.terms}
        more_costs = {k: v for k, v in costs.items() if k not in self.costs}
        return replace(
            self,
            more_terms={**more_terms, **self.more_terms},
            more_costs={**more_costs, **self.more_costs},
        )

    def as_json(self) -> str:
        """For `read_facts`."""
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        data |= {name: _described(getattr(self, name)) for name in _SPACES}
        data["parts"] = [part.as_json() for part in self.parts]
        return json.dumps(data)

    def not_closing(self) -> Facts:
        """The same of one that cannot be closed."""
        return replace(self, closes=False)


def read_facts(text: str) -> Facts:
    """Facts from what `Facts.as_json` gave."""
    data = json.loads(text)
    data |= {name: tuple(data[name]) for name in ("agents", "terms", "costs")}
    data |= {name: _space(data[name]) for name in _SPACES}
    data["keys"] = tuple((tuple(keys), action) for keys, action in data["keys"])
    return Facts(**{**data, "parts": read_parts(data["parts"])})


def _described(space: Any) -> dict[str, Any] | None:
    if space is None:
        return None
    if isinstance(space, spaces.Box):
        return {"low": _packed(space.low), "high": _packed(space.high)}
    if isinstance(space, spaces.MultiDiscrete):
        return {"nvec": _packed(space.nvec), "start": _packed(space.start), "type": space.dtype.str}
    if isinstance(space, spaces.MultiBinary):
        return {"bits": [int(size) for size in np.ravel(space.n)], "flat": np.ndim(space.n) == 0}
    if isinstance(space, spaces.Dict):
        return {"dict": [[key, _described(part)] for key, part in space.spaces.items()]}
    if isinstance(space, (spaces.Tuple, spaces.OneOf)):
        kind = "tuple" if isinstance(space, spaces.Tuple) else "one_of"
        return {kind: [_described(part) for part in space.spaces]}
    if isinstance(space, spaces.Text):
        return {"text": [space.max_length, space.min_length, "".join(space.character_list)]}
    return {"n": int(space.n), "start": int(space.start), "type": space.dtype.str}


def _space(data: dict[str, Any] | None) -> Any:
    if data is None:
        return None
    if "low" in data:
        low, high = _unpacked(data["low"]), _unpacked(data["high"])
        kind: Any = low.dtype.type
        return spaces.Box(low, high, low.shape, kind)
    if "bits" in data:
        return spaces.MultiBinary(data["bits"][0] if data["flat"] else data["bits"])
    if "dict" in data:
        return spaces.Dict(OrderedDict((key, _space(part)) for key, part in data["dict"]))
    if "tuple" in data or "one_of" in data:
        found = [_space(part) for part in data.get("tuple") or data["one_of"]]
        return spaces.Tuple(found) if "tuple" in data else spaces.OneOf(found)
    if "text" in data:
        most, least, characters = data["text"]
        return spaces.Text(most, min_length=least, charset=characters)
    given: Any = np.dtype(data["type"]).type
    if "nvec" in data:
        return spaces.MultiDiscrete(
            _unpacked(data["nvec"]), dtype=given, start=_unpacked(data["start"])
        )
    return spaces.Discrete(data["n"], start=data["start"], dtype=given)


def _packed(values: np.ndarray) -> list[Any]:
    return [values.dtype.str, list(values.shape), base64.b64encode(values.tobytes()).decode()]


def _unpacked(data: list[Any]) -> np.ndarray:
    kind, shape, text = data
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape).copy()


def positive(value: Any) -> float | None:
    """A number above 0; None if it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 < number < math.inf else None
