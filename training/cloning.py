"""The cloning stage of a run: everybody, other people, and further characters that know only some of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.policy import AgentPolicy
from agents.saving import Agent, load_agent, save_agent
from demos.arrays import Arrays
from demos.dataset import Dataset
from environments.world import World
from training.clone import CloneSettings, clone
from training.corrected_steps import as_asked, people_only
from training.network import sight_for
from training.progress import Bars
from training.recipe import Recipe
from training.returns import recorded_returns
from training.run import Run
from training.settings import discount

CLONING = {"clone": "cloning the players", "human_model": "cloning other people"}
STRANGERS = 0.1  # tolerance of a clone that is validated on people it knows nothing of
CLONE_SEEDS = 1000  # between the seeds of two clones of the same people


def matches(dataset: Dataset) -> list[str]:
    """The match of each episode; without one an episode stands for itself."""
    return [dataset.episode_facts(e)["match"] or str(e) for e in range(len(dataset))]


def cloned(
    run: Run, role: str, world: World, dataset: Dataset, bars: Bars, number: int = 0
) -> Agent:
    """The agent cloned from a dataset, from the run folder if it is there; with a number, another one.

    The others of a `share` begin from weights drawn anew, or, with `[partner] start = "clone"`, as the clone
    of everybody: whoever knows few people from nothing plays badly where recordings are few.
    """
    name, seed = f"{role}_{number}" if number else role, run.recipe.seed + number * CLONE_SEEDS
    path = run.path(f"{name}.safetensors")
    if not path.exists():
        recipe = run.recipe
        arrays = steps_of(recipe, dataset)
        groups = np.unique(matches(dataset), return_inverse=True)[1]
        weights = recipe.reward.weights or world.weights
        gamma = discount(recipe.refine.half_life, world.tick)
        text = f"{CLONING[role]}, {number + 1}" if number else CLONING[role]
        with bars.bar(text, recipe.clone.epochs, "epochs") as bar:
            found = clone(
                arrays,
                groups[arrays.episode],
                world.observation_space,
                world.action_space,
                cloning_settings(recipe, number),
                returns=recorded_returns(arrays, weights, gamma, list(world.costs)),
                action_names=world.action_names,
                seed=seed,
                tick=lambda record: bar(int(record["epoch"])),
                sight=sight_for(world, recipe.network),
                rows=people_only(arrays),
                start=_beginning(run, role, number),
            )
        if number:  # a partner is never asked what it expects
            found.policy.forget_values()
        history = run.read_json("cloning.json") if run.has("cloning.json") else {}
        run.write_json(
            "cloning.json", {**history, name: {"epochs": found.history, "kept": found.epoch}}
        )
        facts = {
            "role": role,
            "stuck_steps": recipe.partner.stuck_steps,
            "seed": seed,
            "dataset": dataset.name,
            "data": dataset.digest(),
            "recipe": run.recipe_hash,
            "shield": recipe.world.shield,
        }
        save_agent(path, found.policy, world, facts)
    agent = load_agent(path)
    agent.require_world(world, str(path))
    return agent


def _beginning(run: Run, role: str, number: int) -> AgentPolicy | None:
    """Whose weights a further clone begins with; None draws them anew."""
    partner = run.recipe.partner
    if not number or partner.share is None or partner.start == "nothing":
        return None
    return load_agent(run.path(f"{role}.safetensors")).policy


def steps_of(recipe: Recipe, dataset: Dataset) -> Arrays:
    """The steps of a dataset, with what was asked for where the agent is to play behind the shield."""
    arrays = dataset.arrays()
    return as_asked(dataset, arrays) if recipe.world.shield else arrays


def cloning_settings(recipe: Recipe, number: int = 0) -> CloneSettings:
    """How to clone, with the layers of [network]; a further clone may know only some of the people.

    A further clone only ever is a partner: fitting its values would take as long as its policy does.
    """
    changes: dict[str, Any] = {"value_weight": 0.0} if number else {}
    if recipe.network.hidden is not None:
        changes["hidden"] = recipe.network.hidden
    if number and recipe.partner.share is not None:  # judged by strangers, its loss soon rises
        changes |= {"validation": 1 - recipe.partner.share, "tolerance": STRANGERS}
    return recipe.clone.model_copy(update=changes)
