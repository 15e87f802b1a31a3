"""From recordings to an agent: clone, refine, judge; each stage leaves its result in the run folder.

Repeating the call goes on where the run stopped.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from agents.files.agent_file import HANDED_ON, Agent
from demos.data.dataset.dataset import Dataset
from environments.simulation.world import World
from environments.warmup import warm_up
from training.advice.recorded_games import changed_physics, options_sentence
from training.compute.process_state import restored_process_state
from training.evaluation.plots import draw_curve
from training.evaluation.results import Scores, TrainResult
from training.evaluation.robustness import draw_robustness
from training.pipeline.clone_population import clone_population
from training.pipeline.clone_stage import FRESH, clone_stage, fresh_stage
from training.pipeline.plan_recipe import follow_plan
from training.pipeline.prepare import prepare
from training.pipeline.refine_stage import refine_stage
from training.pipeline.scores import JudgeInputs, final_scores
from training.run.folder import RunFolder
from training.run.incidents import keep_incidents
from training.run.recipe import Recipe
from training.run.reporter import Reporter, SilentReporter, told_if_long


def train(
    run: RunFolder, reporter: Reporter | None = None, accept_unsafe: bool = False
) -> TrainResult:
    """Do what is still to do of a run.

    Prints nothing, and leaves the process as it was: threads, seeds, signal handlers
    (`training.compute.process_state`).

    Args:
        run: its folder, held with `run.alone()`.
        reporter: is told what happens, and may ask for a stop; nobody if left out.
        accept_unsafe: where no agent keeps every limit, hand on the one that comes nearest.

    Raises:
        TrainingStopped: the reporter asked for it; the same call goes on from the last checkpoint.
        UserError: anything about the recipe, the data or the folder that cannot work.
    """
    with restored_process_state():
        torch.set_num_threads(1)
        return _train(run, reporter or SilentReporter(), accept_unsafe)


def _train(run: RunFolder, reporter: Reporter, accept_unsafe: bool) -> TrainResult:
    recipe = run.recipe
    for note in run.notes:
        reporter.say(note)
    if run.changed:
        reporter.say(
            f"Going on with this run is not exact, for since it began: {'; '.join(run.changed)}."
        )
    with told_if_long(reporter, "Making the world and reading the recordings."):
        world, recordings = prepare(recipe)
        recipe = follow_plan(run, world, recordings, reporter)
    _tell_of_recordings(recipe, world, recordings, reporter)
    warm_up(world, reporter.say, recipe.world.shielded)
    keep_incidents(world, run.folder)
    made, further = _beginnings(run, world, recordings, reporter)
    first = next(iter(made))
    data = recordings.get("clone")
    agent, verdict = refine_stage(
        run, world, [made[first], *further], data, reporter, accept_unsafe
    )
    if not run.has("scores.json"):
        learned = {first: made[first]}
        if verdict.update is not None:
            learned["refined"] = agent
        judged = JudgeInputs(recipe, world, {**learned, **made}, recordings)
        run.write_json("scores.json", final_scores(judged, reporter).to_json())
    with told_if_long(reporter, "Drawing the curve."):
        draw_curve(run.folder, world)
    scores = Scores.from_json(run.read_json("scores.json"))
    if scores.robustness:
        reporter.say(draw_robustness(run.folder, scores))
    agent_file = None if verdict.handed_on == "nothing" else run.path(HANDED_ON)
    return TrainResult(run.folder, agent_file, scores, verdict)


def _tell_of_recordings(
    recipe: Recipe, world: World, recordings: Mapping[str, Dataset], reporter: Reporter
) -> None:
    """Say what the recordings say of the games to come."""
    if "clone" not in recordings:
        return
    data = recordings["clone"]
    with told_if_long(reporter, "Playing some recorded games again."):
        changed = changed_physics(world, data)
    for sentence in filter(None, (options_sentence(data, recipe.world.options), changed)):
        reporter.say(sentence)


def _beginnings(
    run: RunFolder, world: World, recordings: Mapping[str, Dataset], reporter: Reporter
) -> tuple[dict[str, Agent], list[Agent]]:
    """What is there before anything is refined, by role, what is refined first; and the further clones.

    Who begins from nothing alone needs no clone.
    """
    if run.recipe.refine.start == "nothing" and len(world.agents) == 1:
        return {FRESH: fresh_stage(run, world, recordings.get("clone"), reporter)}, []
    made = {
        role: clone_stage(run, role, world, data, reporter) for role, data in recordings.items()
    }
    return made, clone_population(run, world, recordings["clone"], reporter)
