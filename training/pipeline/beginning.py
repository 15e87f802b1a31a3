"""What refining begins with: the clone, or a network that has learned nothing where that is as good."""

from __future__ import annotations

from agents.files.agent_file import Agent
from agents.networks.policy import AgentPolicy
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
        why = "" if begun else _why_from_nothing(run, world, cloned, recordings, keeper, reporter)
        run.write_json(BEGINNING, {"start": "nothing" if why else "clone", "why": why})
        if why:
            reporter.say(f"Refining begins from nothing, for {why}. The clone stays the floor.")
    if run.read_json(BEGINNING)["start"] == "clone":
        return cloned.policy, settings
    fresh = fresh_stage(run, world, recordings, reporter, cloned.policy.settings())
    return fresh.policy, settings.model_copy(update={"start": "nothing"})


def _why_from_nothing(
    run: RunFolder,
    world: World,
    cloned: Agent,
    recordings: Dataset,
    keeper: BestAgentKeeper,
    reporter: Reporter,
) -> str:
    """Why the clone is nothing to begin with, in words; empty if it is."""
    arrays, star = steps_of(run.recipe, recordings), world.north_star
    unit = getattr(cloned.policy.action_net, "unit", None)
    if always_the_same(arrays.actions, None if unit is None else unit.numpy()):
        return "the recordings have one action alone, which says nothing of when to take it"
    fresh = unlearned(cloned.policy, run.recipe.seed)
    manner = Manner(run.recipe.evaluate.greedy)
    with told_if_long(reporter, "Playing the same games by chance."):
        played = keeper.trials.play(fresh, manner)[star]
    horizon = run.recipe.world.horizon or world.horizon
    recorded = recorded_totals(arrays, star, horizon)
    return no_better_than_chance(keeper.selection.clone.totals[star], played, recorded, star)
