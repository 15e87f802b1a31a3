"""`gpo train RECIPE --corrections NAME`: a round of corrections, from a finished run to the next run folder.

runs/cramped_room/                  the run whose agent was coached
runs/cramped_room-corrected-1/      a run folder of its own (see `training.run.folder`), and in it
    corrections.json                which corrections, from whom it began, and what changed
runs/cramped_room-corrected-2/      begins from the one before, once more was corrected

Repeating the command goes on where it stopped; with new corrections it begins the next round.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from agents.files.agent_file import Agent, load_agent, save_agent
from agents.networks.policy import AgentPolicy
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from environments.files.atomic import replace
from environments.files.readers import Unreadable
from environments.simulation.world import World
from environments.system.errors import UserError
from training.compute.process_state import restored_process_state
from training.evaluation.results import Scores, TrainResult
from training.gate.judged_by import judged_by
from training.gate.verdict import Handed, Verdict
from training.imitation.corrected_steps import Corrections, as_asked, read_corrections
from training.pipeline.corrections.data import CorrectionData
from training.pipeline.corrections.effects import effects_of, loss_of
from training.pipeline.plan_recipe import follow_plan
from training.pipeline.prepare import prepare
from training.pipeline.refine_stage import refine_stage
from training.pipeline.scores import JudgeInputs, final_scores
from training.run.folder import RunFolder, read_resolved
from training.run.recipe import Recipe
from training.run.repair import read_told
from training.run.reporter import Reporter, SilentReporter

ROUND = "-corrected-"
TOLD, AGENT, CLONE = "corrections.json", "agent.safetensors", "clone.safetensors"
COMPANY = ("human_model.safetensors", "clone_*.safetensors")  # what a round takes over as it is


@dataclass(frozen=True)
class CorrectionResult:
    """What a round of corrections has come to."""

    result: TrainResult
    effects: Mapping[str, Any]  # as `corrections.json` holds them
    costs: tuple[str, ...]  # names of the world's


def correct_from_recipe(
    recipe: Recipe,
    base: Path,
    reporter: Reporter | None = None,
    accept_unsafe: bool = False,
) -> CorrectionResult:
    """Learn from a recipe's corrections; the process is left as it was (`training.compute.process_state`).

    Args:
        recipe: that names some.
        base: the folder of the run that was coached.
        reporter: is told what happens, and may ask for a stop; nobody if left out.
        accept_unsafe: as `training.pipeline.train.train`.

    Raises:
        TrainingStopped: the reporter asked for it; the same call goes on from the last checkpoint.
        UserError: no such run, agent or corrections, or they do not belong together.
    """
    world, recordings = prepare(recipe)
    dataset = Store(recipe.data.root).open(str(recipe.data.corrections))
    dataset.require_world(world)
    for complaint in dataset.check()[:1]:
        raise UserError(complaint)
    corrections = read_corrections(dataset, recipe.corrections.doubt)
    if recipe.world.shielded:
        corrections = dataclasses.replace(corrections, arrays=as_asked(dataset, corrections.arrays))
    folder, start = next_round(base, dataset, recipe.corrections.start)
    content = recipe.corrections.model_copy(update={"start": str(start)})
    run = RunFolder(folder, recipe.model_copy(update={"corrections": content}))
    with run.alone(), restored_process_state():
        torch.set_num_threads(1)
        follow_plan(run, world, recordings, reporter or SilentReporter())
        verdict = Round(run, world, recordings, corrections, dataset).learn(
            reporter or SilentReporter(), accept_unsafe
        )
    scores = Scores.from_json(run.read_json("scores.json"))
    agent = None if verdict.handed_on == "nothing" else run.path(AGENT)
    result = TrainResult(run.folder, agent, scores, verdict)
    return CorrectionResult(result, run.read_json(TOLD), tuple(world.costs))


def next_round(base: Path, dataset: Dataset, start: str | None) -> tuple[Path, Path]:
    """The folder of the round to do, or to go on with, and the agent file that it begins from.

    Raises:
        UserError: there is nothing to begin from.
    """
    first = Path(start) if start else base
    agent = first if first.suffix == ".safetensors" else first / AGENT
    if not agent.is_file():
        raise UserError(
            f"There is no agent at {agent} to correct: train it first, or name it with --run "
            "or --corrections.start."
        )
    for number in itertools.count(1):
        folder = base.with_name(f"{base.name}{ROUND}{number}")
        told = _told(folder)
        if told is None:
            return folder, agent
        if told["data"] == dataset.digest() and (folder / "recipe.json").is_file():
            return folder, Path(told["start"])
        if (folder / AGENT).is_file():  # one that was never finished is passed over
            agent = folder / AGENT
    raise AssertionError("never reached")


def _told(folder: Path) -> dict[str, Any] | None:
    """From what, and from whom, a round learned; None if it has not begun to."""
    if not (folder / TOLD).is_file():
        return None
    recipe: dict[str, Any] = {}
    sealed = False
    if (folder / "recipe.json").is_file():
        with suppress(UserError):  # which is told if this is the round to do
            recipe, sealed = read_resolved(folder / "recipe.json")
    try:
        return read_told(folder / TOLD, sealed)
    except Unreadable:  # it will be made again, if from the clone
        if not recipe or not (folder / CLONE).is_file():
            return None
        data = load_agent(folder / CLONE).facts["data"]
        return {"data": data, "start": recipe["corrections"]["start"]}


@dataclass
class Round:
    """A round of corrections."""

    run: RunFolder
    world: World
    recordings: Mapping[str, Dataset]
    corrections: Corrections
    dataset: Dataset

    @cached_property
    def data(self) -> CorrectionData:
        """What it learns from."""
        return CorrectionData(self.run, self.world, self.recordings, self.corrections)

    def learn(self, reporter: Reporter, accept_unsafe: bool = False) -> Verdict:
        """Do what is still to do; what is handed on."""
        run, recipe = self.run, self.run.recipe
        for note in run.notes:
            reporter.say(note)
        start = load_agent(Path(str(recipe.corrections.start)))
        called = str(recipe.corrections.start)
        if changed := start.require_world(self.world, called, learning=True):
            reporter.say(changed)
        if not run.has(TOLD):
            about = {
                "data": self.dataset.digest(),
                "dataset": self.dataset.name,
                "start": str(recipe.corrections.start),
            }
            run.write_json(TOLD, about)
        self._keep_company()
        if not run.has(CLONE):
            policy = self.data.learn(start, reporter)
            self._tell(start, policy, reporter)
            facts = {
                **start.facts,
                "seed": recipe.seed,
                "recipe": run.recipe_hash,
                "corrections": self.dataset.name,
                "data": self.dataset.digest(),
                "from": start.sha256,
            }
            save_agent(run.path(CLONE), policy, self.world, facts)
        corrected = run.load_agent(CLONE)
        if "play" not in run.read_json(TOLD):  # it was damaged and begun anew
            self._tell(start, corrected.policy, reporter)
        agent, verdict = self._handed_on(start, corrected, reporter, accept_unsafe)
        if not run.has("scores.json"):
            made = {"before": start, "corrected": corrected}
            if verdict.is_refined:
                made["refined"] = agent
            if run.has("human_model.safetensors"):
                made["human_model"] = run.load_agent("human_model.safetensors")
            judged = JudgeInputs(recipe, self.world, made, self.recordings)
            run.write_json("scores.json", final_scores(judged, reporter).to_json())
        return verdict

    def _tell(self, start: Agent, policy: AgentPolicy, reporter: Reporter) -> None:
        """Keep what changed."""
        told = self.run.read_json(TOLD) | effects_of(self.data, start, policy, reporter)
        self.run.write_json(TOLD, told)

    def _keep_company(self) -> None:
        """Take over the agents that partners and judgements need, from the run that was coached."""
        source = Path(str(self.run.recipe.corrections.start)).parent
        for path in itertools.chain.from_iterable(source.glob(name) for name in COMPANY):
            if not self.run.has(path.name):
                replace(self.run.path(path.name), path.read_bytes())

    def _handed_on(
        self, start: Agent, corrected: Agent, reporter: Reporter, accept_unsafe: bool
    ) -> tuple[Agent, Verdict]:
        """What the round hands on: the corrected agent, refined if asked for; never one that plays worse."""
        run, world = self.run, self.world
        judged = judged_by(run.recipe, world).name
        figure = run.read_json(TOLD)["play"]["rows"][judged]
        told = f"{judged} {figure['after']:.2f} against {figure['before']:.2f} before"
        if run.recipe.corrections.refine:
            others = sorted(run.folder.glob("clone_*.safetensors"))
            clones = [corrected, *(run.load_agent(path.name) for path in others)]
            recordings = self.recordings["clone"]
            return refine_stage(run, world, clones, recordings, reporter, accept_unsafe)
        limits = run.recipe.limits
        loss = loss_of(run.read_json(TOLD)["play"]["rows"], judged, limits)
        sentence = f"The corrected agent is handed on: {told}, on the same seeds."
        if loss:
            sentence = (
                f"The corrected agent plays worse ({loss}, on the same seeds), "
                "so the one before it is handed on."
            )
        if not run.has(AGENT):
            chosen = start if loss else corrected
            facts = {**chosen.facts, "verdict": sentence}
            save_agent(run.path(AGENT), chosen.policy, world, facts)
        handed_on: Handed = "clone" if loss else "corrected"
        mean = figure["before"] if loss else figure["after"]
        verdict = Verdict(handed_on, sentence, judged, figure["before"], mean)
        return run.load_agent(AGENT), verdict
