"""Parameters that may vary: how each gets into a world, ours or of others, tried beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, get_type_hints

import numpy as np

from environments.external.games.factories import keywords_of
from environments.external.games.games import EnvironmentSpec
from environments.external.games.make import number_of
from environments.simulation.spec import module_spec
from environments.simulation.variation import ends_of, read_variation
from environments.simulation.world import World
from environments.system.errors import UserError, shortened
from environments.system.suggestions import nearest


def completed(given: Any, world: World) -> dict[str, dict[str, Any]]:
    """What is to vary in a world, with how each value gets into it; its least and greatest are tried.

    Of a native world these are its Params and its options. Of an environment of others they are keywords, or
    else numbers that it holds; options of `reset` only where the table says so, for no environment need say
    that it does not know one.

    Raises:
        UserError: it has no such parameter, or cannot have such values.
    """
    table = read_variation(given, world.id)
    native = world.module is not None
    for name, about in table.items():
        (_native if native else _of_others)(world, name, about)
    return table


def _native(world: World, name: str, about: dict[str, Any]) -> None:
    params = asdict(world.params)
    if name not in params:
        if name not in world.options or name == "horizon":
            known = [*params, *(one for one in world.options if one != "horizon")]
            raise UserError(
                f"The world '{world.id}' has nothing '{shortened(name)}' to vary: {nearest(name, known)}"
            )
        about["by"] = "option"
        for value in ends_of(about):
            world.read_options(np.zeros((), world.state_dtype)[()], {name: value})
        return
    about["by"] = "param"
    kind = get_type_hints(world.module.Params)[name]
    if kind is int and "choices" not in about:
        about["whole"] = True
    for value in ends_of(about):
        _try_param(world, name, value, kind)


def _try_param(world: World, name: str, value: Any, kind: Any) -> None:
    """Refuse a value with which a world is none, or another one to those who see it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number if kind is float else number and value == int(value) if kind is int else None
    if not (isinstance(value, kind) if fits is None else fits):
        raise UserError(
            f"The world '{world.id}' takes no {name} = {shortened(repr(value))}, which is to vary."
        )
    record = world.table_of({name: int(value) if kind is int else value})
    params = type(world.params)(**{**asdict(world.params), name: value})
    table = world.module.derive(params)
    spec = module_spec(world.id, world.module, params, table)
    alike = spec.observation_space == world.observation_space and spec.body == world.body
    if record.dtype != world.table.dtype or not alike:
        raise UserError(
            f"'{name}' cannot vary in '{world.id}': with {shortened(repr(value))} what is seen has another "
            "shape or bounds."
        )


def _of_others(world: World, name: str, about: dict[str, Any]) -> None:
    keywords, way = keywords_of(world.id), about.get("by")
    if way == "option":
        if "." in name or name == "horizon":
            raise UserError(f"'{name}' can be no option of '{world.id}' that varies.")
        return
    if way is None:
        way = "keyword" if name in keywords else "attribute"
    about["by"] = way
    if way == "keyword":
        if name not in keywords:
            raise UserError(
                f"The environment '{world.id}' is made with no '{shortened(name)}': "
                f"{nearest(name, keywords)}"
            )
        _settle_whole(about, world.params.get(name, keywords[name]))
        for value in ends_of(about):
            _try_keyword(world, name, value)
        return
    if way != "attribute":
        raise UserError(
            f"'{name}' of '{world.id}' goes by '{way}', which only our own worlds have."
        )
    if not all(isinstance(value, int | float) for value in ends_of(about)):
        raise UserError(f"'{name}' of '{world.id}' is a number that it holds: give numbers.")
    game = EnvironmentSpec(world.id, world.params).open()
    try:
        _settle_whole(about, number_of(game.env, name))
    except UserError:
        known = ", ".join(keywords) or "none"
        raise UserError(
            f"The environment '{world.id}' has nothing '{shortened(name)}' to vary: neither a keyword that "
            f"it is made with ({known}) nor a number that it holds; an option of its reset is told with "
            'by = "option".'
        ) from None
    finally:
        game.env.close()


def _settle_whole(about: dict[str, Any], usual: Any) -> None:
    """Draw whole numbers where the usual value and both ends are such."""
    whole = all(
        isinstance(one, int) and not isinstance(one, bool) for one in (usual, *ends_of(about))
    )
    if whole and "choices" not in about:
        about["whole"] = True


def _try_keyword(world: World, name: str, value: Any) -> None:
    game = EnvironmentSpec(world.id, {**world.params, name: value}).open()
    try:
        pairs: Mapping[str, Any] = {
            "what is seen": (game.own_observation_space, world.own_observation_space),
            "actions": (game.action_space, world.own_action_space),
        }
        for what, (here, there) in pairs.items():
            if here != there:
                raise UserError(
                    f"'{name}' cannot vary in '{world.id}': with {shortened(repr(value))} {what} are {here}, "
                    f"else {there}."
                )
    finally:
        game.env.close()
