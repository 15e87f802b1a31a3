"""The catalog of worlds by id, for `make_world`, `make_batch` and `gymnasium.make`."""

from __future__ import annotations

import importlib
import math
import numbers
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_type_hints

import gymnasium

from environments.system.errors import UserError, shortened
from environments.system.suggestions import nearest
from environments.terminal.world_names import WORLDS as WORLDS
from environments.terminal.world_names import check_at_once

if TYPE_CHECKING:  # they compile kernels: the catalog stays light
    from environments.simulation.batch import Batch
    from environments.simulation.world import World

PREFIX = "environments.catalog:"


def make_world(world: str | World, /, **params: Any) -> World:
    """The `World` of an id: `make_world("gpo/Kitchen-v0", layout="counter_circuit")`.

    External environments have one, too: a Gymnasium id, `module:Id`, `module:Class`, or a PettingZoo
    parallel environment (`environments.external.batch`). A `World` is handed back as it is. A name
    that was read from a file is no argument for this function: `environments.recorded_worlds`.

    Raises:
        UserError: no such world, no such parameter, or a value that it cannot have.
    """
    from environments.files.trusted_code import type_in
    from environments.simulation.world import World

    if isinstance(world, World):
        if params:
            raise UserError(
                f"The world '{world.id}' is made already; it takes no {', '.join(params)}."
            )
        return world
    type_in(plain_name(world))
    return make_known(world, params)


def make_known(name: str, params: Mapping[str, Any], recorded: bool = False) -> World:
    """The `World` of a name that may be run; `recorded_worlds` has seen to that where a file says it.

    Raises:
        UserError: no such world, no such parameter.
    """
    from environments.simulation.world import module_world

    name = plain_name(name)
    if name not in WORLDS:
        check_at_once(name)
        from environments.external.description import describe_external

        return describe_external(name, dict(params), recorded)
    module = importlib.import_module(WORLDS[name])
    known = [field.name for field in fields(module.Params)]
    for key in params:
        if key not in known:
            raise UserError(f"The world '{name}' has no parameter '{key}': {nearest(key, known)}")
    _check_types(name, params, get_type_hints(module.Params))
    return module_world(name, module, module.Params(**params))


def plain_name(name: str) -> str:
    """A world's id without the module by which Gymnasium finds ours, however often that stands there."""
    while name.startswith(PREFIX):
        name = name.removeprefix(PREFIX)
    return name


def is_ours(name: str) -> bool:
    """Whether a world of that id is our own."""
    return plain_name(name).startswith("gpo/")


def _check_types(world: str, params: Mapping[str, Any], kinds: Mapping[str, Any]) -> None:
    """Refuse values that are not of the kind that a field of the world's Params is.

    A number may be written as Python or numpy has it, and a whole one with a point, as `2.0`.
    """
    for key, value in params.items():
        wanted = kinds[key]
        given = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if wanted in (int, float):
            fits = given and abs(value) < math.inf
            fits = fits and (wanted is float or value == int(value))
        else:
            fits = isinstance(value, wanted)
        if not fits:
            kind = {int: "a whole number", float: "a finite number", str: "a text"}.get(wanted)
            raise UserError(
                f"The world '{world}' takes no {key} = {shortened(repr(value))}: "
                f"give {kind or f'a {wanted.__name__}'}."
            )


def make_batch(
    world: str | World,
    size: int = 1,
    *,
    seed: int = 0,
    weights: Mapping[str, float] | None = None,
    options: Mapping[str, Any] | None = None,
    restart: bool = True,
    discount: float = 1.0,
    shield: bool = False,
    **params: Any,
) -> Batch:
    """A batch of any world, ours or an external one: arguments as `Batch`, then the world's parameters.

    With `shield` it is a `ShieldedBatch`.

    Raises:
        UserError: no such world, parameter, term or option; a shield where the world has none.
    """
    from environments.external.batch import ExternalBatch
    from environments.external.shielded_batch import ShieldedExternalBatch
    from environments.external.world import ExternalWorld
    from environments.shields.shield import Shield, ShieldedBatch
    from environments.simulation.batch import Batch

    made = make_world(world, **params)
    external = isinstance(made, ExternalWorld)
    kind: type[Batch] = ExternalBatch if external else Batch
    if shield:
        Shield(made)  # refuses a world that has none
        kind = ShieldedExternalBatch if external else ShieldedBatch
    rest: Any = {"weights": weights, "options": options, "restart": restart, "discount": discount}
    return kind(made, size, seed=seed, **rest)


def describe() -> None:
    """Print our worlds: agents, terms and costs with their meanings."""
    from rich.table import Table

    from environments.shields.shield import offers_shield
    from environments.terminal.consoles import plain_console

    for world_id in WORLDS:
        world = make_world(world_id)
        table = Table(title=f"{world_id}: {', '.join(world.agents)}", title_justify="left")
        for column in ("", "name", "meaning", "weight"):
            table.add_column(column)
        for name, meaning in world.terms.items():
            kind = "potential" if name in world.potentials else "term"
            kind = "north star" if name == world.north_star else kind
            table.add_row(kind, name, meaning, f"{world.weights.get(name, 0.0):g}")
        for name, meaning in world.costs.items():
            table.add_row("cost", name, meaning, "")
        for name, meaning in world.options.items():
            table.add_row("option", name, meaning, "")
        if offers_shield(world):
            table.add_row("shield", "--shield", "steps in where an action would not be safe", "")
        plain_console().print(table)


def _register() -> None:
    for world_id in WORLDS:
        if world_id not in gymnasium.registry:
            gymnasium.register(
                id=world_id,
                entry_point="environments.wrappers.gym_env:GymEnv",
                vector_entry_point="environments.wrappers.gym_vector_env:GymVectorEnv",
                kwargs={"world": world_id},
                disable_env_checker=True,
                order_enforce=False,
            )


_register()
