"""The world and the recordings that a recipe names, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import Declared, ExternalWorld, declare, in_processes
from environments.files.trusted_code import remember
from environments.shields.shield import Shield
from environments.shields.typed import written_rules
from environments.simulation.reward_source import weight_vector
from environments.simulation.world import World
from environments.system.errors import UserError, raise_all
from environments.system.suggestions import closest
from training.advice.recorded_games import OWN_SETTING, recorded_options
from training.gate.judged_by import judged_by
from training.imitation.holdout import action_weights, require_matches
from training.partners.partners import check_partners
from training.pipeline.clone_stage import check_encoder, matches
from training.pipeline.plan_recipe import plan_recipe
from training.pipeline.starts import require_starts
from training.run.memory_needs import check_sizes
from training.run.recipe import Recipe


def prepare(recipe: Recipe) -> tuple[World, dict[str, Dataset]]:
    """The world and the recordings of a recipe, checked as far as can be without training.

    Raises:
        UserError: the recipe names something that does not exist or does not fit; all that is found of that.
    """
    with patient(recipe.world.patience):
        world = make_world(recipe.world.id, **recipe.world.params)  # of a recipe that was named
    remember(world.id)
    recordings: dict[str, Dataset] = {}
    missing, mistakes = [], []  # what is wrong with the recordings is told after all else
    try:
        recordings = _open(recipe, world)
    except UserError as mistake:
        missing.append(mistake)
    try:
        world = _named(recipe, world, recordings)
        world = _with_options(recipe, world, recordings)
    except UserError as mistake:
        mistakes.append(mistake)
    world = in_processes(world, recipe.world.workers, recipe.world.patience)
    checks: list[Callable[[], object]] = [
        *_checks(recipe, world),
        *(partial(_check_recordings, dataset, world) for dataset in recordings.values()),
    ]
    for check in checks:
        try:
            check()
        except UserError as mistake:
            mistakes.append(mistake)
    mistakes += missing
    raise_all(mistakes)
    return world, recordings


def _checks(recipe: Recipe, world: World) -> Iterator[Callable[[], object]]:
    """What can be wrong with a recipe for a world: each raises a `UserError` of its own."""
    if recipe.world.shielded:
        yield partial(Shield, world)  # refuses a world that has none
    yield partial(weight_vector, world.terms, recipe.reward.weights or {})
    yield partial(weight_vector, world.terms, dict.fromkeys(recipe.reward.faded, 0.0))
    yield partial(judged_by, recipe, world)
    for name in recipe.costs:
        yield partial(_check_cost, name, world)
    yield partial(action_weights, recipe.clone, world.action_names, world.action_space)
    yield partial(check_sizes, plan_recipe(recipe, world, {}).recipe, world)
    yield partial(check_encoder, recipe, world)
    yield partial(check_partners, recipe.partner, world)
    if recipe.world.start == "demonstrations":
        yield partial(require_starts, world, recipe.data.train is not None)
    elif recipe.world.reverse_until:
        yield _refuse_reversed


def _refuse_reversed() -> None:
    raise UserError(
        '[world] reverse_until moves starts in recordings: it needs start = "demonstrations".'
    )


def _check_cost(name: str, world: World) -> None:
    if name not in world.costs:
        names = ", ".join(world.costs)
        raise UserError(
            f"The recipe limits the cost '{name}', but {world.id} has {names or 'named none'}."
        )


def _named(recipe: Recipe, world: World, recordings: Mapping[str, Dataset]) -> World:
    """The world with the terms and costs that recordings and recipe name, and the recipe's north star.

    A cost of an environment of others counts as declared where the recipe limits it, unless it seems to be
    one that is there, misspelt.

    Raises:
        UserError: a name or a north star that the world cannot have.
    """
    for dataset in recordings.values():
        described = dataset.facts["world_description"]
        known = replace(Declared.of_description(described), north_star=None, shield=None, vary=None)
        if described.get("world") == world.id:
            world = declare(world, known)
    asked = recipe.world
    limited = [name for name in recipe.costs if name not in (*world.costs, *asked.costs)]
    if not isinstance(world, ExternalWorld):
        limited = []  # refused with all that the world has
    for name in limited:
        if (near := closest(name, world.costs)) is not None:
            raise UserError(
                f"The recipe limits the cost '{name}', and {world.id} has '{near}': if another is meant, "
                f'declare it, with costs = ["{name}"] under [world].'
            )
    costs = (*asked.costs, *limited)
    more: dict[str, Any] = {"shield": written_rules(asked.shield_rules), "vary": asked.vary}
    star = asked.north_star
    return declare(world, Declared(tuple(asked.terms), costs, star, asked.success, **more))


def _with_options(recipe: Recipe, world: World, recordings: Mapping[str, Dataset]) -> World:
    """The world with the options that its games are played with: the recordings', then the recipe's."""
    if OWN_SETTING in recipe.world.options:
        raise UserError(
            "Under [world] options there is a horizon: write it as `horizon` under [world]."
        )
    known = recorded_options(recordings["clone"])[0] if "clone" in recordings else {}
    return declare(world, Declared(options={**known, **recipe.world.options}))


def _open(recipe: Recipe, world: World) -> dict[str, Dataset]:
    """Open the recordings of a recipe, by the role of what is cloned from them."""
    if recipe.data.train is None:
        _require_none_needed(recipe, world)
        return {}
    store = Store(recipe.data.root)
    recordings = {"clone": store.open(recipe.data.train)}
    if recipe.data.held_out is not None and len(world.agents) > 1:
        recordings["human_model"] = store.open(recipe.data.held_out)
    return recordings


def _require_none_needed(recipe: Recipe, world: World) -> None:
    """Refuse a recipe that cannot do without recordings and names none.

    Raises:
        UserError: it says why.
    """
    if recipe.refine.start == "clone":
        raise UserError(
            "The recipe names no recordings: name a dataset, with `train` under [data], or begin from "
            'nothing, with refine.start = "nothing".'
        )
    if len(world.agents) > 1:
        raise UserError(
            f"In {world.id} the other seats are played by clones, and the recipe names no recordings: name "
            "a dataset, with `train` under [data]."
        )


def _check_recordings(dataset: Dataset, world: World) -> None:
    """Refuse recordings of another world, or such as nothing can be cloned from."""
    dataset.require_world(world)
    for complaint in dataset.check()[:1]:
        raise UserError(complaint)
    require_matches(len(set(matches(dataset))))


def world_options(recipe: Recipe) -> dict[str, Any]:
    return {} if recipe.world.horizon is None else {"horizon": recipe.world.horizon}
