"""What refining begins with: the clone, or a network that has learned nothing where that is as good."""

from __future__ import annotations

import copy
from typing import Any

import torch

from agents.files.agent_file import Agent
from agents.networks.policy import AgentPolicy
from agents.networks.scales import spread_at_least
from demos.data.dataset.dataset import Dataset
from environments.simulation.world import World
from training.advice.beginning import always_the_same, no_better_than_chance
from training.advice.doubts import recorded_totals
from training.gate.best_agent import BestAgentKeeper
from training.gate.manner import Manner
from training.pipeline.clone_stage import fresh_stage, steps_of
from training.ppo.fresh import unlearned
from training.ppo.settings import RefineSettings
from training.run.checkpoint import read_checkpoint
from training.run.folder import RunFolder
from training.run.reporter import Reporter, told_if_long

BEGINNING = "beginning.json"
# Noise that continuous actions begin with, as a share of half their range: a steadier hand finds out too
# little, and one that is too unsteady loses what the clone knows before it has learned anything.
NOISES = (0.4, 0.2, 0.1)
KEPT = 0.75  # of what the clone is better than chance, that it is to keep


def beginning(
    run: RunFolder,
    world: World,
    cloned: Agent,
    recordings: Dataset | None,
    keeper: BestAgentKeeper,
    reporter: Reporter,
) -> tuple[AgentPolicy, RefineSettings]:
    """What refining begins with, and its settings: the clone, unless that is no better than chance.

    A run that has begun goes on as it began, and one that is to stay near its clone begins there.
    """
    settings = run.recipe.refine
    if settings.start == "nothing" or recordings is None or settings.is_held:
        return cloned.policy, settings
    if not run.has(BEGINNING):
        begun = read_checkpoint(run.path("checkpoints"))[0] is not None
        found: dict[str, Any] = {"start": "clone", "why": "", "noise": 0.0}
        if not begun:
            found = _decided(run, world, cloned, recordings, keeper, reporter)
        run.write_json(BEGINNING, found)
    found = run.read_json(BEGINNING)
    if found["start"] == "clone":
        return with_noise(cloned.policy, found.get("noise", 0.0)), settings
    fresh = fresh_stage(run, world, recordings, reporter, cloned.policy.settings())
    return fresh.policy, settings.model_copy(update={"start": "nothing"})


def with_noise(policy: AgentPolicy, noise: float) -> AgentPolicy:
    """A copy whose continuous actions vary by this share of half their range, or more."""
    made = copy.deepcopy(policy)
    if noise:
        spread_at_least(made, noise)
    return made


def _decided(
    run: RunFolder,
    world: World,
    cloned: Agent,
    recordings: Dataset,
    keeper: BestAgentKeeper,
    reporter: Reporter,
) -> dict[str, Any]:
    """What is kept in `beginning.json`; what a person should know of it is said."""
    arrays, star = steps_of(run.recipe, recordings), world.north_star
    unit = getattr(cloned.policy.action_net, "unit", None)
    noise = 0.0
    if always_the_same(arrays.actions, None if unit is None else unit.numpy()):
        why = "the recordings have one action alone, which says nothing of when to take it"
    else:
        with told_if_long(reporter, "Playing the same games by chance."):
            fresh = unlearned(cloned.policy, run.recipe.seed)
            chance = keeper.trials.play(fresh, Manner(run.recipe.evaluate.greedy))[star]
        recorded = recorded_totals(arrays, star, run.recipe.world.horizon or world.horizon)
        why = no_better_than_chance(keeper.selection.clone.totals[star], chance, recorded, star)
        if not why and unit is not None and run.recipe.refine.noise is None:
            with told_if_long(reporter, "Finding out how unsteady a hand may be."):
                noise = _bearable_noise(cloned.policy, keeper, star, float(chance.mean()))
    if why:
        reporter.say(f"Refining begins from nothing, for {why}. The clone stays the floor.")
    return {"start": "nothing" if why else "clone", "why": why, "noise": noise}


def _bearable_noise(clone: AgentPolicy, keeper: BestAgentKeeper, star: str, chance: float) -> float:
    """The largest of some noises with which the clone keeps what it knows; 0 for its own alone."""
    own = float(keeper.trials.play(clone, Manner())[star].mean())
    for noise in NOISES:
        unsteady = with_noise(clone, noise)
        if torch.equal(unsteady.log_std, clone.log_std):  # its own is more
            return 0.0
        reached = float(keeper.trials.play(unsteady, Manner())[star].mean())
        if reached - chance >= KEPT * (own - chance):
            return noise
    return 0.0
