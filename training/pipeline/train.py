"""From recordings to an agent: clone, refine, judge; each stage leaves its result in the run folder.

Repeating the command goes on where the run stopped.
"""

from __future__ import annotations

import torch

from environments.terminal.progress import Bars
from environments.warmup import warm_up
from training.evaluation.plots import draw_curve
from training.pipeline.clone_population import clone_population
from training.pipeline.clone_stage import clone_stage
from training.pipeline.prepare import prepare
from training.pipeline.refine_stage import refined
from training.pipeline.scores import judged
from training.run.folder import RunFolder
from training.run.incidents import keep_incidents


def train(run: RunFolder, bars: Bars) -> str:
    """Do what is still to do; returns the floor's verdict in one sentence."""
    recipe = run.recipe
    torch.set_num_threads(1)
    for note in run.notes:
        bars.say(note)
    if run.changed:
        bars.say(
            f"Going on with this run is not exact, for since it began: {'; '.join(run.changed)}."
        )
    world, recordings = prepare(recipe)
    warm_up(world, bars.say, recipe.world.shield)
    keep_incidents(world, run.folder)
    made = {role: clone_stage(run, role, world, data, bars) for role, data in recordings.items()}
    clones = [made["clone"], *clone_population(run, world, recordings["clone"], bars)]
    agent, verdict = refined(run, world, clones, recordings["clone"], bars)
    if not run.has("scores.json"):
        run.write_json("scores.json", judged(recipe, world, made, agent, recordings, bars))
    draw_curve(run.folder, world)
    return verdict
