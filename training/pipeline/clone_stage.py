"""The cloning stage of a run: clones of the recorded people, and of those held out as the human model."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.files.agent_file import Agent, save_agent
from agents.files.encoder_file import load_encoder
from agents.networks.encoder import EncoderWeights
from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from demos.data.episodes.arrays import Arrays
from environments.simulation.world import World
from training.advice.doubts import doubts_of_clone, doubts_of_recordings
from training.gate.judged_by import judged_by
from training.imitation.clone import Beginning, Clone, clone
from training.imitation.corrected_steps import as_asked, people_only
from training.imitation.inputs import (
    RecordedSteps,
    encoder_settings,
    policy_space,
    require_encoder,
)
from training.imitation.returns import recorded_returns
from training.imitation.settings import CloneSettings
from training.ppo.fresh import fresh_policy
from training.ppo.plan import PlanFacts, plan_of
from training.run.folder import RunFolder
from training.run.recipe import Recipe
from training.run.reporter import Reporter, told_if_long
from training.settings import discount

FRESH = "fresh"  # role of a network that has learned nothing
CLONING = {"clone": "cloning the players", "human_model": "cloning other people"}
UNSEEN_TOLERANCE = 0.1  # of a clone that is validated on people it has not learned from
CLONE_SEEDS = 1000  # between the seeds of two clones of the same people


def matches(dataset: Dataset) -> list[str]:
    """The match of each episode; without one an episode stands for itself."""
    return [dataset.episode_facts(e)["match"] or str(e) for e in range(len(dataset))]


@dataclass(frozen=True)
class CloneTask:
    """What is cloned, and how: plain values that can be sent to another process."""

    recipe: Recipe
    observation_space: spaces.Space[Any]
    action_space: spaces.Space[Any]
    action_names: tuple[str, ...]
    network: dict[str, Any] | None  # as `encoder_settings`
    weights: dict[str, float]  # of the reward's terms
    costs: tuple[str, ...]
    gamma: float

    def clone(
        self,
        dataset: Dataset,
        number: int = 0,
        start: AgentPolicy | None = None,
        tick: Callable[[dict[str, float]], None] | None = None,
    ) -> Clone:
        """A clone of the dataset's people; with a number, another one than the first."""
        arrays = steps_of(self.recipe, dataset)
        groups = np.unique(matches(dataset), return_inverse=True)[1]
        steps = RecordedSteps(
            arrays,
            groups[arrays.episode],
            self.observation_space,
            self.action_space,
            returns=recorded_returns(arrays, self.weights, self.gamma, self.costs),
            action_names=self.action_names,
            rows=people_only(arrays),
        )
        found = clone(
            steps,
            cloning_settings(self.recipe, number),
            seed=seed_of(self.recipe, number),
            beginning=Beginning(self.network, start, encoder_for(self.recipe)),
            tick=tick,
        )
        if number:  # a partner is never asked what it expects
            found.policy.forget_values()
        return found


def clone_task(recipe: Recipe, world: World) -> CloneTask:
    """What a recipe says of a world's players."""
    return CloneTask(
        recipe,
        world.observation_space,
        world.action_space,
        tuple(world.action_names),
        encoder_settings(world, recipe.network),
        dict(recipe.reward.weights or world.weights),
        tuple(world.costs),
        discount(plan_of(recipe.refine, PlanFacts(tick=world.tick)).half_life, world.tick),
    )


def encoder_for(recipe: Recipe) -> EncoderWeights | None:
    """The encoder that clones begin with, if the recipe names one.

    Raises:
        UserError: it is none.
    """
    named = recipe.clone.encoder
    return None if named is None else load_encoder(Path(named))


def check_encoder(recipe: Recipe, world: World) -> None:
    """Refuse a network that cannot be built, or an encoder that is not of it.

    Raises:
        UserError: it says why.
    """
    network, encoder = encoder_settings(world, recipe.network), encoder_for(recipe)
    if encoder is not None:
        shown = policy_space(world.observation_space, world.action_space, network)
        require_encoder(encoder, shown, network)


def clone_stage(
    run: RunFolder, role: str, world: World, dataset: Dataset, reporter: Reporter
) -> Agent:
    """The first agent cloned from a dataset, from the run folder if it is there."""
    if not run.has(file_of(role)):
        recipe = run.recipe
        with reporter.bar(CLONING[role], recipe.clone.epochs or 0, "epochs") as bar:
            found = clone_task(recipe, world).clone(
                dataset, tick=lambda record: bar(int(record["epoch"]))
            )
        keep(run, role, 0, found, world, dataset)
        arrays = steps_of(recipe, dataset)
        doubts = (doubts_of_recordings(arrays, world), doubts_of_clone(found, recipe.clone, arrays))
        for doubt in itertools.chain(*doubts):
            reporter.say(doubt)
    return kept(run, role, 0, world)


def fresh_stage(
    run: RunFolder,
    world: World,
    dataset: Dataset | None,
    reporter: Reporter,
    network: dict[str, Any] | None = None,
) -> Agent:
    """A network that knows nothing, from the run folder if it is there; of recordings it takes the scales.

    Args:
        run: whose recipe says how.
        world: that is played.
        dataset: recordings; None if there are none.
        reporter: is told.
        network: settings of another policy that it is to be like; the recipe's if left out.
    """
    recipe, path = run.recipe, run.path(file_of(FRESH))
    if not path.exists():
        arrays = None if dataset is None else steps_of(recipe, dataset)
        with told_if_long(reporter, "Looking at the world before anything is learned."):
            policy = fresh_policy(
                world,
                network or _network(recipe, world),
                recipe.seed,
                None if arrays is None else (arrays.observations, arrays.actions),
                {} if recipe.world.horizon is None else {"horizon": recipe.world.horizon},
            )
        facts = {"role": FRESH, "stuck_steps": 0, "seed": recipe.seed, "recipe": run.recipe_hash}
        facts |= {"shield": recipe.world.shielded, **judged_by(recipe, world).told(world)}
        save_agent(path, policy, world, facts)
    return kept(run, FRESH, 0, world)


def _network(recipe: Recipe, world: World) -> dict[str, Any]:
    """Settings of a policy that nothing was cloned for, as `AgentPolicy.settings`."""
    layers, sight = cloning_settings(recipe).hidden, encoder_settings(world, recipe.network)
    return {
        "net_arch": {"pi": layers, "vf": layers},
        "n_costs": len(world.costs),
        **({} if sight is None else {"sight": sight}),
        **({"own_units": True} if isinstance(world.action_space, spaces.Box) else {}),
    }


def file_of(role: str, number: int = 0) -> str:
    """A clone's file in the run folder."""
    return f"{role}_{number}.safetensors" if number else f"{role}.safetensors"


def seed_of(recipe: Recipe, number: int) -> int:
    """The seed of a clone."""
    return recipe.seed + number * CLONE_SEEDS


def keep(
    run: RunFolder, role: str, number: int, found: Clone, world: World, dataset: Dataset
) -> None:
    """Put a clone, and how it got there, into the run folder."""
    path, recipe = run.path(file_of(role, number)), run.recipe
    history = run.read_json("cloning.json") if run.has("cloning.json") else {}
    told = {"epochs": found.history, "kept": found.epoch}
    run.write_json("cloning.json", {**history, path.stem: told})
    facts = {
        "role": role,
        "stuck_steps": recipe.partner.stuck_steps,
        "seed": seed_of(recipe, number),
        "dataset": dataset.name,
        "data": dataset.digest(),
        "recipe": run.recipe_hash,
        "shield": recipe.world.shielded,
        **judged_by(recipe, world).told(world),
    }
    save_agent(path, found.policy, world, facts)


def kept(run: RunFolder, role: str, number: int, world: World) -> Agent:
    """A clone from the run folder."""
    name = file_of(role, number)
    agent = run.load_agent(name)
    agent.require_world(world, str(run.path(name)), learning=True)
    return agent


def steps_of(recipe: Recipe, dataset: Dataset) -> Arrays:
    """The steps of a dataset, with what was asked for where the agent is to play behind the shield."""
    arrays = dataset.arrays()
    return as_asked(dataset, arrays) if recipe.world.shielded else arrays


def cloning_settings(recipe: Recipe, number: int = 0) -> CloneSettings:
    """How to clone, with the layers of [network]; a further clone may know only some of the people.

    A further clone only ever is a partner: fitting its values would take as long as its policy does.
    """
    changes: dict[str, Any] = {"value_weight": 0.0} if number else {}
    if recipe.network.hidden is not None:
        changes["hidden"] = recipe.network.hidden
    if (
        number and recipe.partner.share is not None
    ):  # validated on people it has not learned from, its loss soon rises
        changes |= {"validation": 1 - recipe.partner.share, "tolerance": UNSEEN_TOLERANCE}
    return recipe.clone.model_copy(update=changes)
