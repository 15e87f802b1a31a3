"""`gpo demo`: from the recorded play of real people to a better teammate, and how it compares.

Clone, refine, judge, beside the same training begun from nothing, which runs on a second core meanwhile.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from agents.saving import as_player, load_agent
from demos.commands import import_overcooked
from environments import process
from environments.catalog import make_batch, make_world
from environments.faces.picture import picture
from environments.worlds.kitchen_layouts import named_layout
from training.crew import free_cores
from training.pictures import draw_curve, read_metrics
from training.progress import Bars
from training.published import published_texts
from training.recipe import Recipe, check_recipe, read_recipe
from training.run import Run
from training.tables import show_scores
from training.train import train
from training.video import write_video

SHOWN = (  # rows of the table, in this order
    "people with people",
    "clone with clone",
    "clone with human model",
    "scratch with human model",
    "refined with human model",
)
FPS = 20  # of the video: three times as fast as people played


def demo(folder: Path | None = None, layout: str = "cramped_room") -> None:
    """Run everything for one layout and say what came out.

    Raises:
        Problem: an unknown layout, a missing package, a folder with another run.
    """
    named_layout(layout)
    console = Console()
    recipe = read_recipe(layout)
    place = folder or Path("runs") / f"demo-{layout}"
    console.print(
        f"[bold]GPO demo, {layout}[/]: clone people who cooked together, refine the clone with PPO, "
        "and play both with a model of other people, whom neither has seen."
    )
    import_overcooked(recipe.data.root, [layout])
    run = Run(place, recipe)
    with run.alone(), _from_nothing(place / "from_nothing", recipe) as rival:
        bars = Bars(console)
        verdict = train(run, bars)
        rival.wait(bars)
    _finish(run, rival, console, layout)
    console.print(verdict, soft_wrap=True)
    _say_what_next(console, place)


@dataclass
class Rival:
    """The same training begun from nothing, in a process of its own."""

    folder: Path
    recipe: Recipe
    done: Any  # steps so far, shared
    process: Any = None  # where there is a core to spare
    end: Callable[[], Any] = lambda: None

    def wait(self, bars: Bars) -> None:
        """Show how far it is until it ends."""
        if self.process is None or not self.process.is_alive():
            return
        with bars.bar("finishing PPO from nothing", self.recipe.refine.steps, "steps") as bar:
            while self.process.is_alive():
                self.process.join(0.2)
                bar(self.done.value)

    @property
    def ready(self) -> bool:
        """Whether there is an agent to compare with."""
        return (self.folder / "agent.safetensors").exists()


@contextmanager
def _from_nothing(folder: Path, recipe: Recipe) -> Iterator[Rival]:
    """Start the rival where a second core is free; stop it if we stop."""
    content = recipe.model_dump(mode="json")
    content["refine"] |= {"start": "nothing"}
    changed = check_recipe(content, "the demo's recipe")
    spawn = multiprocessing.get_context("spawn")
    rival = Rival(folder, changed, spawn.Value("q", 0))
    if free_cores() > 1 and not rival.ready:
        work = (_train_rival, folder, content, rival.done)
        rival.process, _, rival.end = process.start(rival, "gpo-rival", *work)
    try:
        yield rival
    finally:
        rival.end()


def _train_rival(_: Any, folder: Path, content: dict[str, Any], done: Any) -> None:
    """What the second process does: train, quietly."""

    class Quiet(Bars):
        @contextmanager
        def bar(self, text: str, total: int, unit: str) -> Iterator[Any]:
            yield (
                (lambda steps: setattr(done, "value", steps))
                if text == "refining"
                else (lambda _: None)
            )

    process.attend_parent()
    torch.set_num_threads(1)
    train(Run(folder, check_recipe(content, "the demo's recipe")), Quiet(None))


def _finish(run: Run, rival: Rival, console: Console, layout: str) -> None:
    """Table, curve and video."""
    world = make_world(run.recipe.world.id, **run.recipe.world.params)
    scores = run.read_json("scores.json")
    rows = dict(scores["rows"])
    if rival.ready:
        theirs = Run(rival.folder, rival.recipe).read_json("scores.json")["rows"]
        rows["scratch with human model"] = theirs["refined with human model"]
    scores["rows"] = {name: rows[name] for name in SHOWN if name in rows}
    title = f"Return over {run.recipe.world.horizon} steps, 20 a soup"
    show_scores(console, scores, title, {"published": published_texts(layout)})
    console.print(
        "The human model is our own clone of other people's recordings (with itself it scores "
        f"{rows['human model with human model']['seats'][0]['return']['mean']:.0f} here, the authors' "
        "115 on cramped_room), so the pairings are like the paper's, not identical. A clone that has "
        f"not moved for {run.recipe.partner.stuck_steps} steps takes another action, as in the paper; "
        "the refined agent plays without that rule.",
        soft_wrap=True,
    )
    if rival.ready:
        console.print(_compare_speed(run.folder, rival.folder), soft_wrap=True)
    else:
        console.print("PPO from nothing was left out: it takes a second core.")
    others = [("from nothing", rival.folder)] if rival.ready else []
    level = rows["people with people"]["seats"][0]["return"]["mean"]
    draw_curve(run.folder, world, others, {"people with people": level})
    if not run.has("game.mp4"):
        _film(run)


def _compare_speed(ours: Path, theirs: Path) -> str:
    """One sentence on how soon either run was nearly as good as ours ever got."""
    level = 0.9 * max(row["north_star"] for row in read_metrics(ours))

    def reached(folder: Path) -> str:
        for row in read_metrics(folder):
            if row["north_star"] >= level:
                return f"after {row['steps']:,} steps"
        return "never"

    return (
        f"Nine tenths of the refined agent's best ({20 * level:.0f}) were reached {reached(ours)} from the "
        f"clone and {reached(theirs)} from nothing."
    )


def _film(run: Run) -> None:
    """One game of the refined agent with the human model, as a video."""
    world = make_world(run.recipe.world.id, **run.recipe.world.params)
    agent, human = (load_agent(run.path(f"{n}.safetensors")) for n in ("agent", "human_model"))
    players = [as_player(agent, world, 1), as_player(human, world, 2)]
    batch = make_batch(world, 1, options={"horizon": run.recipe.world.horizon}, restart=False)
    names = {"title": "GPO", "cook_0": "refined agent", "cook_1": "human model"}

    def frames() -> Iterator[np.ndarray]:
        memory: list[Any] = [None, None]
        actions: list[Any] = [None, None]
        soups, starts = 0.0, np.ones(1, bool)
        while not batch.ended[0]:
            for seat, player in enumerate(players):
                seen = batch.observation[:, seat]
                actions[seat], memory[seat] = player.predict(seen, memory[seat], starts)
            batch.step(np.stack(actions, axis=1))
            soups += float(batch.terms[0, 0, list(world.terms).index("soup")])
            starts = batch.ended
            yield picture(
                world, batch.state[0], score={**names, "soups": soups, "score": 20 * soups}
            )

    write_video(run.path("game.mp4"), frames(), FPS)


def _say_what_next(console: Console, place: Path) -> None:
    agent, human = place / "agent.safetensors", place / "human_model.safetensors"
    console.print(f"\nEverything is in [bold]{place}[/]: curve.png, game.mp4, agent.safetensors.")
    console.print("Next:")
    console.print(f"  gpo evaluate {agent} --partner {human}", soft_wrap=True)
    console.print("  gpo demo --layout counter_circuit", soft_wrap=True)
    console.print("  gpo train cramped_room --seed 1 --refine.steps 4_000_000", soft_wrap=True)
