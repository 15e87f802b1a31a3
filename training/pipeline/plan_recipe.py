"""What a recipe leaves out to the budget and the recordings, filled in, and the sentence that says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from demos.data.dataset.dataset import Dataset
from environments.simulation.observation_parts import is_picture
from environments.simulation.world import World
from training.advice.doubts import doubts_of_plan
from training.ppo.plan import PlanFacts, RefinePlan, plan_of, planned
from training.run.folder import RunFolder
from training.run.recipe import Recipe
from training.run.reporter import Reporter

PLANNED = ("clone", "refine")  # sections of a recipe that may leave out what follows from the rest
LEARNED = 0.85  # about what is left of recordings once some are held back, whatever the share


@dataclass(frozen=True)
class PlannedRecipe:
    """A recipe that leaves nothing out, and its plan."""

    recipe: Recipe
    plan: RefinePlan


def plan_recipe(recipe: Recipe, world: World, recordings: Mapping[str, Dataset]) -> PlannedRecipe:
    """The recipe with every number that follows from the budget of steps and from what was recorded.

    Args:
        recipe: as it was written.
        world: that is played.
        recordings: by role; without those of the clone an episode counts as long as may be.
    """
    data = recordings.get("clone")
    horizon = recipe.world.horizon or world.horizon
    lengths = (
        [] if data is None else [data.episode_facts(e)["total_steps"] for e in range(len(data))]
    )
    steps = sum(lengths)
    facts = PlanFacts(
        episode=math.sqrt(horizon * steps / len(lengths)) if steps else float(horizon),
        tick=world.tick,
        pictures=is_picture(world.observation_space)
        or any(part.kind == "image" for part in world.parts),
        limited=bool(recipe.limits),
    )
    plan = plan_of(recipe.refine, facts)
    changes = {
        "refine": planned(recipe.refine, plan),
        "clone": recipe.clone.sized(int(LEARNED * steps)),
    }
    return PlannedRecipe(recipe.model_copy(update=changes), plan)


def follow_plan(
    run: RunFolder, world: World, recordings: Mapping[str, Dataset], reporter: Reporter
) -> Recipe:
    """Let the run's recipe leave nothing out, as it was planned when the run began; say it."""
    found = plan_recipe(run.recipe, world, recordings)
    told = found.recipe.model_dump(mode="json")
    content = {name: told[name] for name in PLANNED}
    if run.has("plan.json"):
        content = run.read_json("plan.json")
    else:
        run.write_json("plan.json", content)
    run.recipe = Recipe.model_validate(told | {name: content[name] for name in PLANNED})
    plan = plan_of(run.recipe.refine)
    if plan.steps:
        for sentence in (str(plan), *doubts_of_plan(plan)):
            reporter.say(sentence)
    return run.recipe
