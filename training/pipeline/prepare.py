"""The world and the recordings that a recipe names, checked before anything is trained."""

from __future__ import annotations

from typing import Any

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.external.trial.isolated import patient
from environments.external.world import in_processes
from environments.files.trusted_code import remember
from environments.simulation.reward import weight_vector
from environments.simulation.shield import Shield
from environments.simulation.world import World
from environments.system.errors import UserError
from training.imitation.clone import (
    action_weights,
    require_matches,
)
from training.imitation.inputs import encoder_settings
from training.partners.partners import check_partners
from training.pipeline.clone_stage import matches
from training.run.memory_needs import check_sizes
from training.run.recipe import Recipe


def prepare(recipe: Recipe) -> tuple[World, dict[str, Dataset]]:
    """The world and the recordings of a recipe, checked as far as can be without training.

    Raises:
        UserError: the recipe names something that does not exist or does not fit.
    """
    with patient(recipe.world.patience):
        world = make_world(recipe.world.id, **recipe.world.params)  # of a recipe that was named
    remember(world.id)
    world = in_processes(world, recipe.world.workers, recipe.world.patience)
    if recipe.world.shield:
        Shield(world)  # refuses a world that has none
    weight_vector(world.terms, recipe.reward.weights or {})
    weight_vector(world.terms, dict.fromkeys(recipe.reward.faded, 0.0))
    for name in recipe.costs:
        if name not in world.costs:
            raise UserError(
                f"The recipe limits the cost '{name}', but {world.id} has "
                f"{', '.join(world.costs) or 'none'}."
            )
    action_weights(recipe.clone, world.action_names, world.action_space)
    check_sizes(recipe, world)
    encoder_settings(world, recipe.network)
    check_partners(recipe.partner, world)
    store = Store(recipe.data.root)
    recordings = {"clone": store.open(recipe.data.train)}
    if recipe.data.held_out is not None and len(world.agents) > 1:
        recordings["human_model"] = store.open(recipe.data.held_out)
    for dataset in recordings.values():
        dataset.require_world(world)
        for complaint in dataset.check()[:1]:
            raise UserError(complaint)
        require_matches(len(set(matches(dataset))))
    return world, recordings


def world_options(recipe: Recipe) -> dict[str, Any]:
    return {} if recipe.world.horizon is None else {"horizon": recipe.world.horizon}
