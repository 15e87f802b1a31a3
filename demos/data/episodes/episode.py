"""One recorded game of one player: what was seen, asked, done, scored, and who acted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

# T = steps of the episode. Observations have one more: the last is what the last action led to.
NANOSECONDS = 1_000_000_000  # in a second
JOINED = "joined"  # the key of `meta` that says in which step of the game its agent came in
ABSENT = "absent"  # the key of `meta` that names the agents of the game that never came
_DERIVED: Any = None  # default of a column that follows from the others


class Actor(IntEnum):
    """Who chose the action that was applied in a step."""

    HUMAN = 0
    PARTNER = 1
    AGENT = 2
    SHIELD = 3


@dataclass(frozen=True, eq=False)
class Episode:
    """A game from one seat, complete and consistent, or it cannot be made.

    - `observations` has one row more than `actions`; every other array has a row per step.
    - `actions` are those applied; `requested_actions` those asked for (equal unless told).
    - `rewards`, `terms` and `costs` hold finite numbers, and no cost is negative.
    - `terminated` and `truncated` describe the last step and are never both true.
      Neither is true when the recording was broken off: the episode is `aborted`.
    - `capture_times` never run backwards.
    - `raw` has as many numbers a step as `meta["raw_names"]` has names, where it has any.
    - `options` and `meta` are plain JSON, keys in any order.

    Well-known keys of `meta`: `device` (what the player held: keyboard, gamepad, ...), `raw_names`
    (what the numbers of `raw` mean), `rating` (1 to 5), `marks` (steps the player marked), `tools`
    (versions by package), `source` (where an imported episode came from), `tick` (seconds between
    steps, as intended), `recovered` (true where it comes from the journal of a crashed recording),
    `joined` (the step of the game in which its agent came in, where that is not the first), `absent`
    (the agents of the game that never came, where there are such),
    `left` (whether the person ended it before its time), `broken_off` (what the environment did that broke
    the game off after the last step; nothing is learned from such an episode).
    """

    observations: npt.NDArray[Any]  # [T+1, ...]
    actions: npt.NDArray[Any]  # [T, ...]
    rewards: npt.NDArray[np.float32]  # [T], under the world's own weights when recorded
    terminated: bool
    truncated: bool
    world: str
    fingerprint: str  # hash of the world it was recorded in
    agent: str  # the seat, for example "cook_0"
    terms: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)  # each [T]
    costs: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)  # each [T]
    requested_actions: npt.NDArray[Any] = _DERIVED  # [T, ...]
    actors: npt.NDArray[np.uint8] = _DERIVED  # [T], codes of Actor
    capture_times: npt.NDArray[np.int64] = _DERIVED  # [T], nanoseconds
    late: npt.NDArray[np.bool_] = _DERIVED  # [T], the tick came late
    raw: npt.NDArray[np.float32] = _DERIVED  # [T, R], what the device said; R is 0 unless told
    match: str | None = None  # shared by the streams of one game
    player: str | None = None
    seed: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._take_defaults()
        self._check_shapes()
        self._check_values()
        self._check_raw()
        for name in ("options", "meta"):
            check_json(name, getattr(self, name))

    def _take_defaults(self) -> None:
        steps = len(self.actions)
        defaults = {
            "requested_actions": self.actions,
            "actors": np.full(steps, Actor.HUMAN, np.uint8),
            "capture_times": np.zeros(steps, np.int64),
            "late": np.zeros(steps, np.bool_),
            "raw": np.zeros((steps, 0), np.float32),
        }
        for name, default in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)

    def _check_shapes(self) -> None:
        steps = len(self.actions)
        if steps == 0:
            raise ValueError("actions: an episode has at least one step")
        if len(self.observations) != steps + 1:
            rows = len(self.observations)
            raise ValueError(f"observations: {rows} rows for {steps} actions, need {steps + 1}")
        if self.requested_actions.shape != self.actions.shape:
            raise ValueError(
                f"requested_actions: shape {self.requested_actions.shape}, "
                f"but actions have {self.actions.shape}"
            )
        if self.requested_actions.dtype != self.actions.dtype:
            raise ValueError(
                f"requested_actions: type {self.requested_actions.dtype}, "
                f"but actions have {self.actions.dtype}"
            )
        columns: dict[str, tuple[npt.NDArray[Any], type[np.generic]]] = {
            "rewards": (self.rewards, np.float32),
            "actors": (self.actors, np.uint8),
            "capture_times": (self.capture_times, np.int64),
            "late": (self.late, np.bool_),
            **{f"terms[{name!r}]": (values, np.float32) for name, values in self.terms.items()},
            **{f"costs[{name!r}]": (values, np.float32) for name, values in self.costs.items()},
        }
        for name, (values, dtype) in columns.items():
            if values.shape != (steps,):
                raise ValueError(f"{name}: shape {values.shape}, need ({steps},), one per step")
            if values.dtype != dtype:
                raise ValueError(f"{name}: type {values.dtype}, need {np.dtype(dtype)}")

    def _check_values(self) -> None:
        if self.terminated and self.truncated:
            raise ValueError("terminated: an episode that terminated was not truncated")
        for name, values in {"rewards": self.rewards, **self.terms, **self.costs}.items():
            if not np.isfinite(values).all():
                raise ValueError(f"{name}: not finite at step {np.argmin(np.isfinite(values))}")
        for name, values in self.costs.items():
            if (values < 0).any():
                raise ValueError(f"costs[{name!r}]: negative at step {np.argmax(values < 0)}")
        if self.actors.max() > max(Actor):
            raise ValueError(f"actors: {self.actors.max()} is no code of Actor")
        if (np.diff(self.capture_times) < 0).any():
            step = np.argmax(np.diff(self.capture_times) < 0) + 1
            raise ValueError(f"capture_times: runs backwards at step {step}")

    def _check_raw(self) -> None:
        if self.raw.ndim != 2 or len(self.raw) != len(self) or self.raw.dtype != np.float32:
            raise ValueError(
                f"raw: {self.raw.dtype} of shape {self.raw.shape}, need float32 of ({len(self)}, R)"
            )
        names = self.meta.get("raw_names")
        if names is not None and len(names) != self.raw.shape[1]:
            raise ValueError(
                f"raw: {self.raw.shape[1]} numbers a step, but meta names {len(names)}"
            )

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def aborted(self) -> bool:
        """Whether the recording broke off before the game ended."""
        return not (self.terminated or self.truncated)

    @property
    def seconds(self) -> float:
        """How long it was played: first to last capture, plus one step of average length."""
        if len(self) == 1:
            return 0.0
        span = int(self.capture_times[-1] - self.capture_times[0])
        return span * len(self) / (len(self) - 1) / NANOSECONDS

    def total(self, name: str) -> float:
        """The sum of a term or a cost over the whole episode."""
        values = self.terms[name] if name in self.terms else self.costs[name]
        return float(values.sum(dtype=np.float64))


def first_stay(acted: npt.NDArray[np.bool_]) -> range:
    """The steps from an agent's first in a game to its last without a gap; none if it never acted."""
    if not acted.any():
        return range(0)
    first = int(acted.argmax())
    return range(first, first + int(np.append(~acted[first:], True).argmax()))


def check_json(name: str, value: Any) -> None:
    """Refuse whatever would come back from disk as something else."""
    try:
        same = json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: not plain JSON ({error})") from None
    if not same:
        raise ValueError(f"{name}: not plain JSON (tuples and number keys do not come back equal)")
