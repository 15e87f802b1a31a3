"""`gpo train`: run a recipe and print what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from environments.terminal.progress import Bars
from training.evaluation.head_to_head import show_all
from training.evaluation.tables import limited, show_limits, show_scores
from training.pipeline.correction_round import correct_from_recipe
from training.pipeline.prepare import prepare
from training.pipeline.train import train
from training.run.folder import RunFolder
from training.run.recipe import read_recipe


def train_from_file(name: str, folder: str | None = None, overrides: Sequence[str] = ()) -> None:
    """Run a recipe and print what came out.

    Raises:
        UserError: anything about the recipe, the data or the folder that cannot work.
    """
    recipe = read_recipe(name, overrides)
    place = Path(folder) if folder else Path("runs") / Path(name).stem
    if recipe.data.corrections is not None:
        correct_from_recipe(recipe, place)
        return
    prepare(recipe)  # before the run folder: a mistake leaves nothing behind
    run = RunFolder(place, recipe)
    console = Console()
    with run.alone():
        verdict = train(run, Bars(console))
    scores = run.read_json("scores.json")
    show_scores(console, scores)
    limits = recipe.limits
    if "matches" in scores:
        show_all(console, scores["matches"], limits)
    elif found := limited(scores, limits):
        show_limits(console, found)
    console.print(verdict, soft_wrap=True)
    console.print(f"Everything is in {run.folder}.", soft_wrap=True)
    console.print(f"Play it again: gpo evaluate {run.path('agent.safetensors')}", soft_wrap=True)
