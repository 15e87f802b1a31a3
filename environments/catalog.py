"""The worlds by id, for us (`make_world`) and for Gymnasium (registered on import, by string, so it stays light)."""

from __future__ import annotations

import difflib
import importlib
from dataclasses import fields
from typing import Any

import gymnasium

from environments.problem import Problem

# id -> module; the module says the rest (`environments.world`).
WORLDS = {
    "gpo/Kitchen-v0": "environments.worlds.kitchen",
    "gpo/Balance-v0": "environments.worlds.balance",
}


def make_world(world_id: str, **params: Any) -> Any:
    """The `World` of an id, with its parameters: `make_world("gpo/Kitchen-v0", layout="counter_circuit")`.

    Raises:
        Problem: no such world, no such parameter.
    """
    from environments.world import World  # here, because it compiles: the catalog stays light

    name = world_id.removeprefix("environments.catalog:")
    if name not in WORLDS:
        raise Problem(f"There is no world '{world_id}': {_nearest(name, WORLDS)}")
    module = importlib.import_module(WORLDS[name])
    known = [field.name for field in fields(module.Params)]
    for key in params:
        if key not in known:
            raise Problem(f"The world '{name}' has no parameter '{key}': {_nearest(key, known)}")
    return World(name, module, module.Params(**params))


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    listed = ", ".join(known) if known else "it has none"
    return f"did you mean '{near[0]}'?" if near else f"choose one of: {listed}."


def _register() -> None:
    for world_id in WORLDS:
        if world_id not in gymnasium.registry:
            gymnasium.register(
                id=world_id,
                entry_point="environments.faces.single:SingleFace",
                vector_entry_point="environments.faces.vector:VectorFace",
                kwargs={"world": world_id},
                disable_env_checker=True,
                order_enforce=False,
            )


_register()
