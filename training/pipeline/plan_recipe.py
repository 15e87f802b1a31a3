"""What a recipe leaves out to the budget and the recordings, filled in, and the sentence that says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from demos.data.dataset.dataset import Dataset
from environments.simulation.observation_parts import is_picture
from environments.simulation.world import World
from training.advice.doubts import doubts_of_plan
from training.partners.partners import PartnerSettings
from training.pipeline.default_partner import BEFORE, chosen_partner, filled
from training.ppo.plan import PlanFacts, RefinePlan, last_games, plan_of, planned
from training.run.folder import RunFolder
from training.run.recipe import Recipe
from training.run.reporter import Reporter

# Sections of a recipe that may leave out what follows from the rest.
PLANNED = ("clone", "refine", "partner", "evaluate")
LEARNED = 0.85  # about what is left of recordings once some are held back, whatever the share


@dataclass(frozen=True)
class PlannedRecipe:
    """A recipe that leaves nothing out, and its plan."""

    recipe: Recipe
    plan: RefinePlan
    said: str  # of the partner, if that was left out


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
    partner = chosen_partner(recipe.partner, world, data)
    facts = PlanFacts(
        episode=math.sqrt(horizon * steps / len(lengths)) if steps else float(horizon),
        tick=world.tick,
        pictures=is_picture(world.observation_space)
        or any(part.kind == "image" for part in world.parts),
        limited=bool(recipe.limits),
        seats=seats_learned_from(partner.settings, world),
    )
    plan = plan_of(recipe.refine, facts)
    changes = {
        "refine": planned(recipe.refine, plan),
        "clone": recipe.clone.sized(int(LEARNED * steps)),
        "partner": partner.settings,
    }
    if "games" not in recipe.evaluate.model_fields_set:
        games = last_games(recipe.refine, facts)
        changes["evaluate"] = recipe.evaluate.model_copy(update={"games": games})
    return PlannedRecipe(recipe.model_copy(update=changes), plan, partner.said)


def seats_learned_from(partner: PartnerSettings, world: World) -> int:
    """In how many seats of a game the learner plays and learns."""
    return len(world.agents) if partner.has_every_seat else 1


def follow_plan(
    run: RunFolder, world: World, recordings: Mapping[str, Dataset], reporter: Reporter
) -> Recipe:
    """Let the run's recipe leave nothing out, as it was planned when the run began; say it."""
    found = plan_recipe(run.recipe, world, recordings)
    told = found.recipe.model_dump(mode="json")
    content = {**{name: told[name] for name in PLANNED}, "why": found.said}
    if run.has("plan.json"):
        as_before = filled(run.recipe.partner, BEFORE).model_dump(mode="json")
        judged = run.recipe.evaluate.model_dump(mode="json")
        before = {"partner": as_before, "evaluate": judged, "why": ""}
        content = {**before, **run.read_json("plan.json")}
    else:
        run.write_json("plan.json", content)
    run.recipe = Recipe.model_validate(told | {name: content[name] for name in PLANNED})
    facts = PlanFacts(seats=seats_learned_from(run.recipe.partner, world))
    plan = plan_of(run.recipe.refine, facts)
    if plan.steps:
        for sentence in (content["why"], str(plan), *doubts_of_plan(plan)):
            if sentence:
                reporter.say(sentence)
    return run.recipe
