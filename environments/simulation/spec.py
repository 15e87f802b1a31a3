"""`WorldSpec`: what a world is, without what runs it: its names, spaces, terms, costs and times.

A spec is built from a world's own module by `module_spec`, whose contract `environments.simulation.world`
describes, and for an external environment by `environments.external.world`.

N agents, O numbers in an observation, A choices of an action.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.simulation.observation_parts import MASK, Part, choices, layout_of, with_mask
from environments.system.errors import UserError

LONGEST_NAME = 1000  # characters of a term's or a cost's name
# Of a description, what makes no other world of it.
BESIDE = ("occasional", "north_star", "success", "options", "layout", "shield", "vary")
HORIZON_MEANING = "steps after which an episode is truncated"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WorldSpec:
    """What a world is; two specs are of the same world if their fingerprints are equal."""

    id: str  # as in the catalog: "gpo/Kitchen-v0"
    params: Any  # the module's Params, or the keywords that an external environment is made with
    version: Any  # raised when the physics or the observation changes
    agents: tuple[str, ...]  # N names, one per seat
    tick: float  # s a step takes when people play
    horizon: int  # steps after which an episode is truncated, unless its options say otherwise
    terms: dict[str, str]  # reward terms: name and meaning
    costs: dict[str, str]  # costs: name and meaning
    north_star: str  # the term that everything is judged by
    weights: dict[str, float]  # of the terms, unless a recipe says otherwise
    observation_space: spaces.Box  # of one agent, the action mask with it: [O]
    action_space: Any  # of one agent; Discrete, MultiDiscrete, MultiBinary or Box
    state_dtype: np.dtype[Any]  # all that changes in a game; begins with `kernels.HEADER`
    own_action_space: Any = None  # as an external environment has it, in numbers of its own
    own_observation_space: Any = None  # likewise: a dict, perhaps nested, or other types of numbers
    parts: tuple[Part, ...] = ()  # of an observation that is more than numbers or one picture
    potentials: tuple[str, ...] = ()  # terms that are discount x phi(next) - phi(now)
    options: dict[str, str] = field(  # what an episode may be asked to begin with: name and meaning
        default_factory=lambda: {"horizon": HORIZON_MEANING}
    )
    idle: Any = 0  # the action of a seat that nobody sits in
    action_names: tuple[str, ...] = ()  # of discrete actions, in order; empty where they have none
    choice_names: tuple[
        tuple[str, ...], ...
    ] = ()  # the same for each part of MultiDiscrete actions
    keys: tuple[tuple[tuple[str | int, ...], Any], ...] = ()  # that it offers people: held, done
    # Terms and costs that need not be named from the first step on, nor ever: 0 where they are not.
    occasional: tuple[str, ...] = ()
    # Of every episode, unless others are given: as recordings that an agent learned from were played with.
    episode_options: dict[str, Any] = field(default_factory=dict)
    # Rules that a shield is made of beside the world's own: `environments.shields.rules`.
    shield_rules: dict[str, Any] = field(default_factory=dict)
    # What is drawn anew for each episode: `environments.simulation.variation`.
    vary: dict[str, dict[str, Any]] = field(default_factory=dict)
    star_chosen: bool = False  # whether the north star is another than the world's own
    horizon_assumed: bool = False  # whether it names none of its own
    body: slice | None = None  # the part of an observation that is the agent's own body, if named

    def __repr__(self) -> str:
        """`World(gpo/Kitchen-v0)`."""
        return f"{type(self).__name__}({self.id})"

    @property
    def mask_size(self) -> int:
        """How many numbers at the end of an observation are the action mask; 0 where none is offered."""
        return self.parts[-1].size if self.parts and self.parts[-1].kind == "mask" else 0

    @property
    def shows_own(self) -> bool:
        """Whether an environment's own observation is another than a row of ours."""
        own, ours = self.own_observation_space, self.observation_space
        return own is not None and (own, own.dtype) != (ours, ours.dtype)

    def describe(self) -> dict[str, Any]:
        """All that makes a recording or an agent of this world usable in it, as JSON."""
        space = self.observation_space
        bounds = hashlib.sha256(space.low.tobytes() + space.high.tobytes()).hexdigest()[:12]
        described = {
            "world": self.id,
            "version": self.version,
            "agents": list(self.agents),
            "observation": f"{space.dtype} {list(space.shape)} bounds {bounds}",
            "action": _action_text(self.action_space),
            "terms": [name for name in self.terms if name not in self.occasional],
            "costs": [name for name in self.costs if name not in self.occasional],
            "params": _params_json(self.params),
        }
        if self.parts:
            described["parts"] = [str(part) for part in self.parts]
        if self.shows_own:
            described["layout"] = layout_of(self.own_observation_space, self.mask_size)
        if self.potentials:
            described["potentials"] = list(self.potentials)
        if self.occasional:
            described["occasional"] = {
                "terms": [name for name in self.terms if name in self.occasional],
                "costs": [name for name in self.costs if name in self.occasional],
            }
        if self.star_chosen:
            described["north_star"] = self.north_star
        if self.episode_options:
            described["options"] = dict(self.episode_options)
        if self.vary:
            described["vary"] = {name: dict(about) for name, about in self.vary.items()}
        if self.shield_rules:
            described["shield"] = dict(self.shield_rules)
        return described

    @cached_property
    def fingerprint(self) -> str:
        """Of `describe()`: two worlds with one fingerprint are the same."""
        return fingerprint_of(self.describe())


def horizon_of(steps: Any) -> int:
    """The option `horizon`, checked.

    Raises:
        UserError: it is no number of steps.
    """
    whole = isinstance(steps, (int, np.integer)) and not isinstance(steps, bool)
    if not whole or not 1 <= steps < 2**31:
        raise UserError(
            f"The horizon of an episode is {steps!r}; give a whole number of steps from 1 up."
        )
    return int(steps)


def fingerprint_of(described: Mapping[str, Any]) -> str:
    """SHA-256 of what in a `describe()` makes the world what it is."""
    told = {key: value for key, value in described.items() if key not in BESIDE}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def module_spec(world_id: str, module: ModuleType, params: Any, table: np.ndarray) -> WorldSpec:
    """The spec of a world that is written as a module.

    Args:
        world_id: as in the catalog.
        module: as `environments.simulation.world` describes it.
        params: the module's Params.
        table: what the module's `derive` gave for them.
    """
    action_names = tuple(getattr(module, "ACTIONS", ()))
    space = getattr(module, "ACTION_SPACE", None)
    action_space = spaces.Discrete(len(action_names)) if space is None else space
    seen, parts = _module_observation(module, table), tuple(getattr(module, "PARTS", ()))
    if hasattr(module, "mask_one"):
        mask = choices(action_space)
        parts = Part("seen", "vector", seen.shape), Part(MASK, "mask", (mask,))
        seen = with_mask(seen, mask)
    return WorldSpec(
        id=world_id,
        params=params,
        version=module.VERSION,
        agents=tuple(module.AGENTS),
        tick=float(module.TICK),
        horizon=int(module.HORIZON),
        terms=dict(module.TERMS),
        costs=dict(module.COSTS),
        north_star=str(module.NORTH_STAR),
        weights=dict(module.WEIGHTS),
        observation_space=seen,
        action_space=action_space,
        state_dtype=module.STATE,
        parts=parts,
        potentials=tuple(getattr(module, "POTENTIALS", ())),
        options={"horizon": HORIZON_MEANING, **getattr(module, "OPTIONS", {})},
        idle=getattr(module, "IDLE", 0),
        action_names=action_names,
        choice_names=tuple(getattr(module, "CHOICES", ())),
        body=module.body(table[0]) if hasattr(module, "body") else None,
    )


def _module_observation(module: ModuleType, table: np.ndarray) -> spaces.Box:
    """The space of what `observe_one` writes for one agent."""
    if hasattr(module, "observation_bounds"):
        low, high = module.observation_bounds(table[0])
        return spaces.Box(low, high, dtype=np.float32)
    return spaces.Box(-4.0, 4.0, (module.observation_size(table[0]),), np.float32)


def _action_text(space: Any) -> str:
    return f"discrete {space.n}" if isinstance(space, spaces.Discrete) else str(space)


def _params_json(params: Any) -> dict[str, Any]:
    """A world's own Params, or the keywords of an external environment, kept as Python writes them."""
    if isinstance(params, dict):
        return {name: repr(value) for name, value in params.items()}
    return asdict(params)
