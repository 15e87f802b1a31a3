"""A world: one module that says how a game works, bound to its parameters.

A world is one file in `environments/worlds/`, always in the same order; a long one may keep parts beside it,
in files that begin with its name:

    VERSION, AGENTS, TICK [s], HORIZON [steps]
    Params          frozen dataclass: what may differ between two worlds of this kind
    STATE           numpy structured dtype; begins with `kernels.HEADER`; a state alone replays
    TERMS, COSTS    {name: one-line meaning}, with TERMS_DTYPE and COSTS_DTYPE
    NORTH_STAR      the term that we judge by, never shaped; WEIGHTS, the default reward
    derive(params)  -> array of one record: what follows from Params, computed once
    OPTIONS         {name: one-line meaning} of what `reset_state` reads; may be left out
    IDLE            the action of a seat that nobody sits in; 0 if left out
    reset_state     reads an episode's options into a state, in Python
    reset_one, step_one, observe_one     numba, for one game
    POTENTIALS      terms that are discount x phi(next) - phi(now), which cannot change the best policy; with
    potential_one(table, state, phi)    numba, writes phi[n].<name> from the state alone. May be left out
    mask_one(table, state, mask)    numba, may be left out: 1 for each action that agent n may take, [N, A]
    shield_one(table, state, requested, applied)    numba, may be left out: `environments.simulation.shield`
    CHOICES         what a person calls the choices of each component of MultiDiscrete actions; may be left
                    out, as the next two, for people who aim with mouse or stick:
    way_to(table, state, n, pointer, size)    -> the direction from agent n to a place of the drawing
    aim(table, state, n, way)    -> the choice that turns it most nearly there
    body(table)     -> slice of the observation that is the agent's own body
    draw            paints a state on a pygame surface
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.simulation.kernels import Kernels, bind
from environments.simulation.observation_parts import Part, choices, with_mask
from environments.system.errors import UserError
from environments.system.suggestions import nearest


@dataclass(frozen=True)
class World:
    """A world module and its parameters: everything a batch needs to run it."""

    id: str  # as in the catalog: "gpo/Kitchen-v0"
    module: ModuleType
    params: Any  # the module's Params

    @cached_property
    def table(self) -> np.ndarray:
        """What the kernels are handed beside a state: an array of one record."""
        table: np.ndarray = self.module.derive(self.params)
        return table

    @cached_property
    def kernels(self) -> Kernels:
        """The compiled loops; the first call in a fresh checkout compiles for some seconds."""
        return bind(self.module, self.mask_size)

    @property
    def agents(self) -> tuple[str, ...]:
        """Names of the agents, one per seat."""
        agents: tuple[str, ...] = self.module.AGENTS
        return agents

    @property
    def terms(self) -> dict[str, str]:
        """Reward terms: name and meaning."""
        return dict(self.module.TERMS)

    @property
    def potentials(self) -> tuple[str, ...]:
        """The terms that the loops write as discount x phi(next) - phi(now)."""
        return tuple(getattr(self.module, "POTENTIALS", ()))

    @property
    def costs(self) -> dict[str, str]:
        """Costs: name and meaning."""
        return dict(self.module.COSTS)

    @property
    def north_star(self) -> str:
        """The term that everything is judged by."""
        return str(self.module.NORTH_STAR)

    @property
    def weights(self) -> dict[str, float]:
        """The weights of the terms unless a recipe says otherwise."""
        return dict(self.module.WEIGHTS)

    @property
    def tick(self) -> float:
        """Seconds a step takes when people play."""
        return float(self.module.TICK)

    @property
    def horizon(self) -> int:
        """Steps after which an episode is truncated, unless its options say otherwise."""
        return int(self.module.HORIZON)

    @property
    def options(self) -> dict[str, str]:
        """What an episode may be asked to begin with: option and meaning."""
        meaning = "steps after which an episode is truncated"
        return {"horizon": meaning, **getattr(self.module, "OPTIONS", {})}

    def check_option(self, name: str) -> None:
        """Refuse an option that no episode of this world reads.

        Raises:
            UserError: it is unknown.
        """
        if name not in self.options:
            hint = nearest(name, self.options)
            raise UserError(f"The world '{self.id}' has no option '{name}': {hint}")

    @property
    def idle(self) -> Any:
        """The action of a seat that nobody sits in."""
        return getattr(self.module, "IDLE", 0)

    @property
    def state_dtype(self) -> np.dtype[Any]:
        """All that changes in a game: a structured dtype that begins with `kernels.HEADER`."""
        dtype: np.dtype[Any] = self.module.STATE
        return dtype

    def read_options(self, state: Any, options: dict[str, Any]) -> None:
        """Write an episode's options, all but the horizon, into its state."""
        self.module.reset_state(state, self.table[0], options)

    @property
    def action_names(self) -> tuple[str, ...]:
        """What a person calls the discrete actions, in order; empty where they have no names."""
        return tuple(getattr(self.module, "ACTIONS", ()))

    @property
    def choice_names(self) -> tuple[tuple[str, ...], ...]:
        """The same for each component of MultiDiscrete actions."""
        return tuple(getattr(self.module, "CHOICES", ()))

    @cached_property
    def body(self) -> slice | None:
        """The part of an observation that is the agent's own body, where the world names one."""
        return self.module.body(self.table[0]) if hasattr(self.module, "body") else None

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What an observation is made of, where it is more than numbers or one picture: see `layout`."""
        if not hasattr(self.module, "mask_one"):
            return tuple(getattr(self.module, "PARTS", ()))
        seen = _observation_space(self.module, self.table)
        mask = Part("action_mask", "mask", (choices(self.action_space),))
        return Part("seen", "vector", seen.shape), mask

    @property
    def mask_size(self) -> int:
        """How many numbers at the end of an observation are the action mask; 0 where none is offered."""
        return self.parts[-1].size if self.parts and self.parts[-1].kind == "mask" else 0

    @cached_property
    def observation_space(self) -> spaces.Box:
        """What one agent sees, the action mask with it."""
        given: spaces.Box | None = getattr(self.module, "OBSERVATION_SPACE", None)
        if given is not None:
            return given
        seen = _observation_space(self.module, self.table)
        return with_mask(seen, self.mask_size) if self.mask_size else seen

    @cached_property
    def action_space(self) -> Any:
        """What one agent can do: here Discrete, in foreign environments also other spaces."""
        given = getattr(self.module, "ACTION_SPACE", None)
        return spaces.Discrete(len(self.module.ACTIONS)) if given is None else given

    def describe(self) -> dict[str, Any]:
        """All that makes a recording or an agent of this world usable in it, as JSON."""
        sight = self.observation_space
        bounds = hashlib.sha256(sight.low.tobytes() + sight.high.tobytes()).hexdigest()[:12]
        described = {
            "world": self.id,
            "version": self.module.VERSION,
            "agents": list(self.agents),
            "observation": f"{sight.dtype} {list(sight.shape)} bounds {bounds}",
            "action": _action(self.action_space),
            "terms": list(self.terms),
            "costs": list(self.costs),
            "params": _params(self.params),
        }
        if self.parts:
            described["parts"] = [str(part) for part in self.parts]
        if self.potentials:
            described["potentials"] = list(self.potentials)
        return described

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of `describe()`: two worlds with one fingerprint are the same."""
        return hashlib.sha256(json.dumps(self.describe(), sort_keys=True).encode()).hexdigest()


def _action(space: Any) -> str:
    return f"discrete {space.n}" if isinstance(space, spaces.Discrete) else str(space)


def _params(params: Any) -> dict[str, Any]:
    """A world's own Params, or the keywords of a foreign environment, of which only the words are kept."""
    if isinstance(params, dict):
        return {name: repr(value) for name, value in params.items()}
    return asdict(params)


def _observation_space(module: ModuleType, table: np.ndarray) -> spaces.Box:
    if hasattr(module, "observation_bounds"):
        low, high = module.observation_bounds(table[0])
        return spaces.Box(low, high, dtype=np.float32)
    size = module.observation_size(table[0])
    return spaces.Box(-4.0, 4.0, (size,), np.float32)


def require(world: World, described: dict[str, Any], what: str, cure: str) -> None:
    """Refuse what was made for another world.

    Args:
        world: the world it is to be used in.
        described: `describe()` of the world it was made for.
        what: the thing, as a sentence begins with it.
        cure: what to do instead, as a sentence.

    Raises:
        UserError: they differ; it says in what.
    """
    if described.get("world") != world.id:
        raise UserError(f"{what} was made for {described.get('world')}, not for {world.id}. {cure}")
    lines = differences(world.describe(), described)
    if lines:
        raise UserError(f"{what} was made for another {world.id}: {'; '.join(lines)}. {cure}")


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """What differs between two `describe()`s, a line each: `params.layout: here a, there b`."""
    lines = []
    for key in sorted({*ours, *theirs}):
        here, there = ours.get(key), theirs.get(key)
        if isinstance(here, dict) and isinstance(there, dict):
            lines += [f"{key}.{line}" for line in differences(here, there)]
        elif here != there:
            lines.append(f"{key}: here {here}, there {there}")
    return lines
