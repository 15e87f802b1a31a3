"""What a trial tells of a foreign environment: plain facts, sent as JSON, that run nothing when read."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.simulation.observation_parts import Part, read_parts


@dataclass(frozen=True)
class Facts:
    """An environment as it showed itself in a reset and a step."""

    agents: tuple[str, ...]
    version: Any  # a number or a text
    tick: float | None  # s a step takes when people play; None if it does not say
    horizon: int | None  # steps; likewise
    terms: tuple[str, ...]  # that its infos named, without the return
    costs: tuple[str, ...]
    seen: spaces.Box  # what an agent sees, as we have it, with the action mask
    done: Any  # the space of what it does, likewise
    parts: tuple[Part, ...]
    closes: bool = True  # whether `close` came back

    def as_json(self) -> str:
        """For `read_facts`."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        told |= {"seen": _described(self.seen), "done": _described(self.done)}
        told["parts"] = [part.as_json() for part in self.parts]
        return json.dumps(told)

    def not_closing(self) -> Facts:
        """The same of one that cannot be closed."""
        return replace(self, closes=False)


def read_facts(text: str) -> Facts:
    """Facts from what `Facts.as_json` gave."""
    told = json.loads(text)
    told |= {name: tuple(told[name]) for name in ("agents", "terms", "costs")}
    told |= {"seen": _space(told["seen"]), "done": _space(told["done"])}
    return Facts(**{**told, "parts": read_parts(told["parts"])})


def _described(space: Any) -> dict[str, Any]:
    if isinstance(space, spaces.Box):
        return {"low": _packed(space.low), "high": _packed(space.high)}
    if isinstance(space, spaces.MultiDiscrete):
        return {"nvec": _packed(space.nvec)}
    if isinstance(space, spaces.MultiBinary):
        return {"bits": [int(size) for size in np.ravel(space.n)], "flat": np.ndim(space.n) == 0}
    return {"n": int(space.n)}


def _space(told: dict[str, Any]) -> Any:
    if "low" in told:
        low, high = _unpacked(told["low"]), _unpacked(told["high"])
        kind: Any = low.dtype.type
        return spaces.Box(low, high, low.shape, kind)
    if "nvec" in told:
        return spaces.MultiDiscrete(_unpacked(told["nvec"]))
    if "bits" in told:
        return spaces.MultiBinary(told["bits"][0] if told["flat"] else told["bits"])
    return spaces.Discrete(told["n"])


def _packed(values: np.ndarray) -> list[Any]:
    return [values.dtype.str, list(values.shape), base64.b64encode(values.tobytes()).decode()]


def _unpacked(told: list[Any]) -> np.ndarray:
    kind, shape, text = told
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape).copy()


def plain(value: Any) -> Any:
    """A version as a number or a text, whatever it was."""
    return value if isinstance(value, str | int | float) else str(value)


def positive(value: Any) -> float | None:
    """A number above 0; None if it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 < number < math.inf else None
