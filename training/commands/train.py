"""`gpo train`: run a recipe, or a round of corrections, and print what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from environments.terminal.consoles import plain_console
from training.evaluation.head_to_head import show_all
from training.evaluation.results import Scores, TrainResult
from training.evaluation.tables import limited, show_limits, show_scores
from training.pipeline.corrections.effects import show_effects
from training.pipeline.corrections.round import correct_from_recipe
from training.pipeline.prepare import prepare
from training.pipeline.train import train
from training.run.folder import RunFolder
from training.run.recipe import Recipe, read_recipe
from training.run.reporter import reporter_for

NOTHING = 3  # exit code where no agent keeps every limit


def train_from_file(
    name: str,
    folder: str | None = None,
    overrides: Sequence[str] = (),
    accept_unsafe: bool = False,
) -> int:
    """Run a recipe and print what came out; the exit code, which is `NOTHING` if nothing is handed on.

    Args:
        name: of the recipe, or its path.
        folder: of the run; `runs/` and the recipe's name if left out.
        overrides: `section.key=value`.
        accept_unsafe: where no agent keeps every limit, hand on the one that comes nearest.

    Raises:
        UserError: anything about the recipe, the data or the folder that cannot work.
    """
    recipe = read_recipe(name, overrides)
    place = Path(folder) if folder else Path("runs") / Path(name).stem
    console = plain_console()
    if recipe.data.corrections is not None:
        return _correct(recipe, place, console, accept_unsafe)
    prepare(recipe)  # before the run folder: a mistake leaves nothing behind
    run = RunFolder(place, recipe)
    with run.alone():
        found = train(run, reporter_for(console), accept_unsafe)
    show_scores(console, found.scores)
    _show_costs(console, found.scores, recipe.limits)
    _show_end(console, found)
    if found.agent is None:
        return NOTHING
    console.print(f"Play it again: gpo evaluate {found.agent}", soft_wrap=True)
    return 0


def _correct(recipe: Recipe, base: Path, console: Console, accept_unsafe: bool) -> int:
    """A round of corrections, for the run in `base`."""
    found = correct_from_recipe(recipe, base, reporter_for(console), accept_unsafe)
    show_effects(console, found.effects, found.costs)
    show_scores(console, found.result.scores)
    _show_end(console, found.result)
    if found.result.agent is None:
        return NOTHING
    console.print(f"Coach it on: gpo play {found.result.folder} --coach", soft_wrap=True)
    return 0


def _show_costs(console: Console, scores: Scores, limits: Mapping[str, float]) -> None:
    """The opponents, or what the agent that is handed on cost beside its limits, where there are any."""
    if scores.matches:
        show_all(console, scores.matches, limits)
    elif found := limited(scores, limits):
        show_limits(console, found)


def _show_end(console: Console, found: TrainResult) -> None:
    console.print(str(found.verdict), soft_wrap=True)
    console.print(f"Everything is in {found.folder}.", soft_wrap=True)
