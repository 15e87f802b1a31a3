"""`gpo demo`: from the recorded play of real people to a better teammate, and how it compares.

Clone, refine, judge, beside the same training begun from nothing, which runs on a second core meanwhile.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from agents.players.from_agent import make_player
from demos.cli.import_command import import_overcooked
from demos.window.video.writer import write_video
from environments.catalog import make_batch, make_world
from environments.simulation.picture import picture
from environments.system import processes as process
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console
from environments.worlds.kitchen.layouts import named_layout
from training.compute.second_core import free_cores
from training.evaluation.overcooked_published import published_texts
from training.evaluation.plots import draw_curve
from training.evaluation.results import Scores
from training.evaluation.tables import show_scores
from training.pipeline.train import train
from training.run.folder import RunFolder
from training.run.metrics import read_metrics
from training.run.recipe import Recipe, check_recipe, read_recipe
from training.run.reporter import Reporter, SilentReporter, Tick, reporter_for

SHOWN = (  # rows of the table, in this order
    "people with people",
    "clone with clone",
    "clone with human model",
    "scratch with human model",
    "refined with human model",
)
FPS = 20  # of the video: three times as fast as people played


def demo(folder: Path | None = None, layout: str = "counter_circuit") -> None:
    """Run everything for one layout and say what came out.

    Raises:
        UserError: an unknown layout, a missing package, a folder with another run.
    """
    named_layout(layout)
    console = plain_console()
    recipe = read_recipe(layout)
    place = folder or Path("runs") / f"demo-{layout}"
    console.print(f"GPO demo, {layout}", style="bold")
    console.print(
        "Clone people who cooked together, refine the clone with PPO, "
        "and play both with a model of other people, whom neither has seen."
    )
    import_overcooked(recipe.data.root, [layout])
    run = RunFolder(place, recipe)
    with run.alone(), _from_nothing(place / "from_nothing", recipe) as rival:
        reporter = reporter_for(console)
        for note in rival.run.notes:
            reporter.say(note)
        found = train(run, reporter)
        rival.wait(reporter)
    _finish(run, rival, console, layout)
    console.print(str(found.verdict), soft_wrap=True)
    _say_what_next(console, place, layout)


@dataclass
class RivalTraining:
    """The same training begun from nothing, in a process of its own."""

    run: RunFolder
    done: Any  # steps so far, shared
    pulse: process.Pulse
    process: Any = None  # where there is a core to spare
    pipe: Any = None  # from which it tells what kept it from going on
    end: Callable[[], Any] = lambda: None
    trouble: str = ""  # why there is nothing to compare with, in a sentence

    def wait(self, reporter: Reporter) -> None:
        """Show how far it is until it ends."""
        if self.process is None:
            return
        with reporter.bar(
            "finishing PPO from nothing", self.run.recipe.refine.steps, "steps"
        ) as bar:
            while not connection.wait([self.process.sentinel], process.GLANCE):
                bar(self.done.value)
                if self.pulse.stopped():
                    self.trouble = "its process stood still and was ended."
                    break
        if not self.ready:
            self.trouble = f"PPO from nothing was left out: {self.trouble or self._last_word()}"
        self.end()

    def _last_word(self) -> str:
        with suppress(EOFError, OSError):
            if self.pipe.poll():
                return str(self.pipe.recv())
        self.process.join(process.ENDING)
        return f"its process ended (exit code {self.process.exitcode})."

    @property
    def ready(self) -> bool:
        """Whether there is an agent to compare with, and its scores."""
        return all(self.run.has(name) for name in ("agent.safetensors", "scores.json"))


@contextmanager
def _from_nothing(folder: Path, recipe: Recipe) -> Iterator[RivalTraining]:
    """Start the rival where a second core is free; stop it if we stop."""
    content = recipe.model_dump(mode="json")
    content["refine"] |= {"start": "nothing"}
    run = RunFolder(folder, check_recipe(content, "the demo's recipe"))
    with run.alone():  # what is damaged is set aside, and made again
        spawn = multiprocessing.get_context("spawn")
        rival = RivalTraining(run, spawn.Value("q", 0), process.Pulse())
    if free_cores() > 1 and not rival.ready:
        work = (_train_rival, folder, content, rival.done, rival.pulse.memory)
        rival.process, rival.pipe, rival.end = process.start(rival, "gpo-rival", *work)
    try:
        yield rival
    finally:
        rival.end()


class _StepsOnly(SilentReporter):
    """Tells the first process how many steps are refined, and nothing else."""

    def __init__(self, done: Any) -> None:
        self._done = done

    @contextmanager
    def bar(self, text: str, total: int, unit: str) -> Iterator[Tick]:
        """The stage whose unit is a step is the refining."""

        def tick(steps: float) -> None:
            if unit == "steps":
                self._done.value = int(steps)

        yield tick


def _train_rival(pipe: Any, folder: Path, content: dict[str, Any], done: Any, pulse: Any) -> None:
    """What the second process does: train, quietly."""

    process.end_with_parent(pulse)
    torch.set_num_threads(1)
    try:
        run = RunFolder(folder, check_recipe(content, "the demo's recipe"))
        with run.alone():
            train(run, _StepsOnly(done))
    except UserError as problem:
        with suppress(OSError):
            pipe.send(str(problem))


def _finish(run: RunFolder, rival: RivalTraining, console: Console, layout: str) -> None:
    """Table, curve and video."""
    world = make_world(run.recipe.world.id, **run.recipe.world.params)
    scores = Scores.from_json(run.read_json("scores.json"))
    rows = dict(scores.rows)
    if rival.ready:
        theirs = Scores.from_json(rival.run.read_json("scores.json")).rows
        rows["scratch with human model"] = theirs.get(
            "refined with human model", theirs["clone with human model"]
        )
    scores = replace(scores, rows={name: rows[name] for name in SHOWN if name in rows})
    title = f"Return over {run.recipe.world.horizon} steps, 20 a soup"
    show_scores(console, scores, title, {"published": published_texts(layout)})
    console.print(
        "The human model is our own clone of other people's recordings (with itself it scores "
        f"{rows['human model with human model'].seats[0]['return']['mean']:.0f} here, the authors' "
        "115 on cramped_room), so the pairings are like the paper's, not identical. A clone that has "
        f"not moved for {run.recipe.partner.stuck_steps} steps takes another action, as in the paper; "
        "the refined agent plays without that rule.",
        soft_wrap=True,
    )
    if rival.ready:
        console.print(_compare_speed(run.folder, rival.run.folder), soft_wrap=True)
    else:
        told = rival.trouble or "PPO from nothing was left out: it takes a second core."
        console.print(told, soft_wrap=True)
    others = [("from nothing", rival.run.folder)] if rival.ready else []
    level = rows["people with people"].seats[0]["return"]["mean"]
    draw_curve(run.folder, world, others, {"people with people": level})
    if not run.has("game.mp4"):
        _film(run)


def _compare_speed(ours: Path, theirs: Path) -> str:
    """One sentence on how soon either run was nearly as good as ours ever got."""
    level = 0.9 * max((row.north_star for row in read_metrics(ours)), default=0.0)

    def reached(folder: Path) -> str:
        for row in read_metrics(folder):
            if row.north_star >= level:
                return f"after {row.steps:,} steps"
        return "never"

    return (
        f"Nine tenths of the refined agent's best ({20 * level:.0f}) were reached {reached(ours)} from the "
        f"clone and {reached(theirs)} from nothing."
    )


def _film(run: RunFolder) -> None:
    """One game of the refined agent with the human model, as a video."""
    world = make_world(run.recipe.world.id, **run.recipe.world.params)
    agent, human = (run.load_agent(f"{name}.safetensors") for name in ("agent", "human_model"))
    players = [make_player(agent, world, 1), make_player(human, world, 2)]
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


def _say_what_next(console: Console, place: Path, layout: str) -> None:
    agent, human = place / "agent.safetensors", place / "human_model.safetensors"
    console.print(f"\nEverything is in {place}: curve.png, game.mp4, agent.safetensors.")
    console.print("Next:")
    console.print(f"  gpo evaluate {agent} --partner {human}", soft_wrap=True)
    other = "cramped_room" if layout != "cramped_room" else "counter_circuit"
    console.print(f"  gpo demo --layout {other}", soft_wrap=True)
    console.print(f"  gpo train {layout} --seed 1 --refine.steps 4_000_000", soft_wrap=True)
