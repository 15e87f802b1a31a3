"""`World`: a spec and the compiled loops that run it; and the contract of a world's module.

A world's module is one file in `environments/worlds/`, always in the same order; a long one may keep parts
beside it, in a folder of its name (`duel/world.py`) or in files that begin with it (`dock_rules.py`):

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
    shield_one(table, state, requested, applied)    numba, may be left out: `environments.shields.shield`
    CHOICES         what a person calls the choices of each component of MultiDiscrete actions; may be left
                    out, as the next two, for people who aim with mouse or stick:
    way_to(table, state, n, pointer, size)    -> the direction from agent n to a place of the drawing
    aim(table, state, n, way)    -> the choice that turns it most nearly there
    body(table)     -> slice of the observation that is the agent's own body
    draw            paints a state on a pygame surface
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from environments.simulation.kernels import Kernels, bind
from environments.simulation.spec import BESIDE, WorldSpec, module_spec
from environments.system.errors import UserError
from environments.system.suggestions import nearest

UNDECLARED = 0  # the version of an environment that declares none


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class World(WorldSpec):
    """A spec with what runs it: everything a batch needs."""

    module: Any  # as described above; None for an external environment
    table: np.ndarray  # what the kernels are handed beside a state: an array of one record

    @cached_property
    def kernels(self) -> Kernels:
        """The compiled loops; the first call in a fresh checkout compiles for some seconds."""
        return bind(self.module, self.mask_size)

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle or a deep copy keeps: of the module its name, of the loops nothing."""
        kept = {name: value for name, value in vars(self).items() if name != "kernels"}
        return kept | {"module": getattr(self.module, "__name__", None)}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        """The same world again; its module is imported by its name."""
        name = kept["module"]
        vars(self).update(kept, module=None if name is None else import_module(name))

    def __deepcopy__(self, memo: dict[int, Any]) -> World:
        """Itself: nothing of it changes, and its loops are not bound again."""
        return self

    @property
    def varies_params(self) -> bool:
        """Whether its Params differ from episode to episode, so that each game has a table of its own."""
        return any(about.get("by") == "param" for about in self.vary.values())

    def table_of(self, params: Mapping[str, Any]) -> np.void:
        """The record that follows from its Params with these instead of its own.

        Raises:
            UserError: a value that they cannot have.
        """
        found: np.void = self.module.derive(replace(self.params, **params))[0]
        return found

    def check_option(self, name: str) -> None:
        """Refuse an option that no episode of this world reads, and that does not vary.

        Raises:
            UserError: it is unknown.
        """
        if name not in self.options and name not in self.vary:
            hint = nearest(name, self.options)
            raise UserError(f"The world '{self.id}' has no option '{name}': {hint}")

    def read_options(self, state: Any, options: dict[str, Any]) -> None:
        """Write an episode's options, all but the horizon, into its state.

        Raises:
            UserError: an option has a value that it cannot have.
        """
        self.module.reset_state(state, self.table[0], options)


def module_world(world_id: str, module: ModuleType, params: Any) -> World:
    """The world that a module describes, with these parameters (the module's Params)."""
    table = module.derive(params)
    return World(
        **spec_fields(module_spec(world_id, module, params, table)), module=module, table=table
    )


def spec_fields(spec: WorldSpec) -> dict[str, Any]:
    """The fields of a spec by name, of which a world is made."""
    return {field.name: getattr(spec, field.name) for field in fields(WorldSpec)}


SCORED = (
    "costs",
    "potentials",
    "terms",
)  # of `describe()`: counted of a game, and seen by no player


def require(
    world: World, described: dict[str, Any], what: str, cure: str, unseen: tuple[str, ...] = ()
) -> str:
    """Refuse what was made for another world; what else has changed since, in a sentence.

    Args:
        world: the world it is to be used in.
        described: `describe()` of the world it was made for.
        what: the thing, as a sentence begins with it.
        cure: what to do instead, as a sentence.
        unseen: keys of `describe()` that it does not depend on.

    Raises:
        UserError: they differ in what it depends on; it says in what.
    """
    if described.get("world") != world.id:
        raise UserError(f"{what} was made for {described.get('world')}, not for {world.id}. {cure}")
    here = world.describe()
    if described.get("version") == UNDECLARED and not world.id.startswith("gpo/"):
        here["version"] = UNDECLARED  # made before the environment said which version it is
    others = [{k: v for k, v in of.items() if k not in unseen} for of in (here, described)]
    if lines := differences(*others):
        raise UserError(f"{what} was made for another {world.id}: {'; '.join(lines)}. {cure}")
    if lines := differences(here, described):
        return f"Since {what} was made {world.id} has changed in what it does not see: {'; '.join(lines)}."
    return ""


def differences(
    here: dict[str, Any], there: dict[str, Any], beside: Collection[str] = BESIDE
) -> list[str]:
    """What differs between two `describe()`s, a line each: `params.layout: here a, there b`."""
    lines = []
    for key in sorted({*here, *there} - {*beside}):
        one, other = here.get(key), there.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            lines += [f"{key}.{line}" for line in differences(one, other, ())]
        elif one != other:
            lines.append(f"{key}: here {one}, there {other}")
    return lines
