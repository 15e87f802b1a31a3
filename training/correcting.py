"""`gpo train RECIPE --corrections NAME`: a round of corrections, from a finished run to the next run folder.

runs/cramped_room/                  the run whose agent was coached
runs/cramped_room-corrected-1/      a run folder of its own (see `training.run`), and in it
    corrections.json                which corrections, from whom it began, and what changed
runs/cramped_room-corrected-2/      begins from the one before, once more was corrected

Repeating the command goes on where it stopped; with new corrections it begins the next round.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from agents.policy import AgentPolicy
from agents.saving import Agent, as_player, load_agent, save_agent
from demos.arrays import Arrays
from demos.dataset import Dataset
from demos.store import Store
from environments.durable import replace
from environments.problem import Problem
from environments.world import World
from training.clone import action_weights, split
from training.corrections import (
    Change,
    Corrections,
    as_asked,
    changes,
    hold_back,
    joined,
    learn_on,
    people_only,
    read_corrections,
    weight_of,
    weighted,
)
from training.evaluate import interval
from training.floor import ours
from training.judgement import Protocol, judge
from training.progress import Bars
from training.recipe import Recipe
from training.returns import recorded_returns
from training.run import Run
from training.settings import discount
from training.tables import show_scores
from training.train import cloning_settings, judged, matches, prepare, refined, steps_of

ROUND = "-corrected-"
TOLD, AGENT, CLONE = "corrections.json", "agent.safetensors", "clone.safetensors"
COMPANY = ("human_model.safetensors", "clone_*.safetensors")  # what a round takes over as it is


def correct_from_recipe(recipe: Recipe, base: Path) -> None:
    """Learn from a recipe's corrections and print what changed.

    Args:
        recipe: that names some.
        base: the folder of the run that was coached.

    Raises:
        Problem: no such run, agent or corrections, or they do not belong together.
    """
    world, recordings = prepare(recipe)
    dataset = Store(recipe.data.root).open(str(recipe.data.corrections))
    dataset.require_world(world)
    for complaint in dataset.check()[:1]:
        raise Problem(complaint)
    corrections = read_corrections(dataset, recipe.corrections.doubt)
    if recipe.world.shield:
        corrections = dataclasses.replace(corrections, arrays=as_asked(dataset, corrections.arrays))
    folder, start = next_round(base, dataset, recipe.corrections.start)
    content = recipe.corrections.model_copy(update={"start": str(start)})
    run = Run(folder, recipe.model_copy(update={"corrections": content}))
    console = Console()
    with run.alone():
        verdict = Round(run, world, recordings, corrections, dataset).learn(Bars(console))
    _show(console, run.read_json(TOLD), world)
    show_scores(console, run.read_json("scores.json"))
    console.print(verdict, soft_wrap=True)
    console.print(f"Everything is in {run.folder}.", soft_wrap=True)
    console.print(f"Coach it on: gpo play {run.folder} --coach", soft_wrap=True)


def next_round(base: Path, dataset: Dataset, start: str | None) -> tuple[Path, Path]:
    """The folder of the round to do, or to go on with, and the agent file that it begins from.

    Raises:
        Problem: there is nothing to begin from.
    """
    first = Path(start) if start else base
    agent = first if first.suffix == ".safetensors" else first / AGENT
    if not agent.is_file():
        raise Problem(
            f"There is no agent at {agent} to correct: train it first, or name it with --run "
            "or --corrections.start."
        )
    for number in itertools.count(1):
        folder = base.with_name(f"{base.name}{ROUND}{number}")
        if not (folder / TOLD).is_file():
            return folder, agent
        told = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        if told["data"] == dataset.digest() and (folder / "recipe.json").is_file():
            return folder, Path(told["start"])
        if (folder / AGENT).is_file():  # one that was never finished is passed over
            agent = folder / AGENT
    raise AssertionError("never reached")


@dataclass
class Round:
    """A round of corrections."""

    run: Run
    world: World
    recordings: Mapping[str, Dataset]
    corrections: Corrections
    dataset: Dataset

    def learn(self, bars: Bars) -> str:
        """Do what is still to do; what is handed on, in a sentence."""
        run, recipe = self.run, self.run.recipe
        torch.set_num_threads(1)
        start = load_agent(Path(str(recipe.corrections.start)))
        start.require_world(self.world, str(recipe.corrections.start))
        if not run.has(TOLD):
            about = {
                "data": self.dataset.digest(),
                "dataset": self.dataset.name,
                "start": str(recipe.corrections.start),
            }
            run.write_json(TOLD, about)
        self._keep_company()
        if not run.has(CLONE):
            policy = self._learn_on(start, bars)
            told = run.read_json(TOLD) | self._told(start, policy, bars)
            facts = {
                **start.facts,
                "seed": recipe.seed,
                "recipe": run.recipe_hash,
                "corrections": self.dataset.name,
                "data": told["data"],
                "from": start.sha256,
            }
            run.write_json(TOLD, told)
            save_agent(run.path(CLONE), policy, self.world, facts)
        corrected = load_agent(run.path(CLONE))
        agent, verdict = self._handed_on(start, corrected, bars)
        if not run.has("scores.json"):
            made = {"clone": corrected}
            if run.has("human_model.safetensors"):
                made["human_model"] = load_agent(run.path("human_model.safetensors"))
            scores = judged(recipe, self.world, made, agent, dict(self.recordings), bars)
            run.write_json("scores.json", scores)
        return verdict

    def _keep_company(self) -> None:
        """Take over the agents that partners and judgements need, from the run that was coached."""
        source = Path(str(self.run.recipe.corrections.start)).parent
        for path in itertools.chain.from_iterable(source.glob(name) for name in COMPANY):
            if not self.run.has(path.name):
                replace(self.run.path(path.name), path.read_bytes())

    # -- learning -----------------------------------------------------------------------------

    def _learn_on(self, start: Agent, bars: Bars) -> AgentPolicy:
        recipe, corrections = self.run.recipe, self.corrections
        settings, cloning = recipe.corrections, cloning_settings(recipe)
        held = hold_back(corrections, cloning.validation, recipe.seed)
        lessons = np.flatnonzero(corrections.corrected & ~held)
        arrays, beside, offset = self._beside(start)
        weight = weight_of(settings, len(beside), len(lessons))
        rows = weighted(beside, lessons + offset, weight, recipe.seed)
        terms = recipe.reward.weights or self.world.weights
        gamma = discount(recipe.refine.half_life, self.world.tick)
        bars.say(
            f"{len(lessons):,} corrected steps, each counting as {weight:.3g}, "
            f"beside {len(beside):,} {'recorded' if offset else 'trusted'} ones."
        )
        with bars.bar("learning from corrections", settings.epochs, "epochs") as bar:
            return learn_on(
                start.policy,
                arrays,
                rows,
                settings,
                cloning,
                returns=recorded_returns(arrays, terms, gamma, list(self.world.costs)),
                action_weights=action_weights(
                    recipe.clone, self.world.action_names, self.world.action_space
                ),
                dropout=0.0 if _is_refined(start) else cloning.dropout,
                seed=recipe.seed,
                tick=bar,
            )

    def _beside(self, start: Agent) -> tuple[Arrays, np.ndarray, int]:
        """What is learned from beside the corrections: steps, rows of them, and where corrections begin.

        For a clone that is what it was cloned from. A refined agent would unlearn by that what it has
        learned since: it keeps its own steps instead, those that the person left to it.
        """
        corrections = self.corrections
        if _is_refined(start):
            return corrections.arrays, np.flatnonzero(corrections.trusted), 0
        recorded = steps_of(self.run.recipe, self.recordings["clone"])
        train, _ = self._parted(recorded)
        return joined(recorded, corrections.arrays), train, len(recorded.actions)

    def _parted(self, recorded: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Recorded rows learned from and held back, as the clone's were."""
        groups = np.unique(matches(self.recordings["clone"]), return_inverse=True)[1]
        people = people_only(recorded)
        chosen = np.arange(len(recorded.actions)) if people is None else np.flatnonzero(people)
        settings, seed = cloning_settings(self.run.recipe), self.run.recipe.seed
        train, held = split(groups[recorded.episode][chosen], settings.validation, seed)
        return chosen[train], chosen[held]

    # -- what came of it ----------------------------------------------------------------------

    def _told(self, start: Agent, policy: AgentPolicy, bars: Bars) -> dict[str, Any]:
        """What changed: on corrected steps, on those left alone, on recordings, and in play."""
        corrections, seed = self.corrections, self.run.recipe.seed
        held = hold_back(corrections, cloning_settings(self.run.recipe).validation, seed)
        found: dict[str, dict[str, Change]] = {}
        for name, rows in (
            ("corrected, learned from", corrections.corrected & ~held),
            ("corrected, held back", held),
            ("left to the agent", corrections.trusted),
        ):
            if rows.any():
                at = np.flatnonzero(rows)
                groups = corrections.groups[at]
                found[name] = changes(start.policy, policy, corrections.arrays, at, groups)
        name, recorded, rows, groups = self._strangers()
        found[name] = changes(start.policy, policy, recorded, rows, groups)
        after = Agent(policy, start.world, start.facts, "")
        return {
            "changes": {
                name: {k: asdict(change) for k, change in one.items()}
                for name, one in found.items()
            },
            "play": self._play(start, after, bars),
        }

    def _strangers(self) -> tuple[str, Arrays, np.ndarray, np.ndarray]:
        """Recorded steps that nobody has learned from."""
        if "human_model" in self.recordings:
            dataset = self.recordings["human_model"]
            arrays = steps_of(self.run.recipe, dataset)
            groups = np.unique(matches(dataset), return_inverse=True)[1][arrays.episode]
            return "other people's", arrays, np.arange(len(arrays.actions)), groups
        arrays = steps_of(self.run.recipe, self.recordings["clone"])
        _, rows = self._parted(arrays)
        groups = np.unique(matches(self.recordings["clone"]), return_inverse=True)[1]
        return "recorded, held back", arrays, rows, groups[arrays.episode][rows]

    def _play(self, before: Agent, after: Agent, bars: Bars) -> dict[str, Any]:
        """Terms and costs per game before and after, on the same seeds beside the same partner."""
        recipe, world = self.run.recipe, self.world
        horizon = recipe.world.horizon or world.horizon
        protocol = Protocol(
            recipe.corrections.games, horizon, recipe.evaluate.greedy, shield=recipe.world.shield
        )
        partner = before
        if self.run.has("human_model.safetensors"):
            partner = load_agent(self.run.path("human_model.safetensors"))
        played = []
        with bars.bar("playing before and after", 2, "agents") as bar:
            for number, agent in enumerate((before, after), 1):
                played.append(
                    judge(
                        world,
                        lambda seed, agent=agent: as_player(agent, world, seed),  # type: ignore[misc]
                        None
                        if len(world.agents) == 1
                        else lambda seed: as_player(partner, world, seed),
                        protocol,
                    )
                )
                bar(number)
        rows = {}
        for name in (world.north_star, *world.costs):
            old, new = ours(played[0], name), ours(played[1], name)
            gap = interval(new - old)
            change = Change(float(old.mean()), float(new.mean()), gap.mean, gap.low, gap.high)
            rows[name] = asdict(change)
        return {"protocol": str(protocol), "rows": rows}

    def _handed_on(self, start: Agent, corrected: Agent, bars: Bars) -> tuple[Agent, str]:
        """What the round hands on: the corrected agent, refined if so wished; never one that plays worse."""
        run, world = self.run, self.world
        star = run.read_json(TOLD)["play"]["rows"][world.north_star]
        told = f"{world.north_star} {star['after']:.2f} against {star['before']:.2f} before"
        if run.recipe.corrections.refine:
            others = sorted(run.folder.glob("clone_*.safetensors"))
            clones = [corrected, *(load_agent(path) for path in others)]
            return refined(run, world, clones, self.recordings["clone"], bars)
        limits = {name: cost.limit for name, cost in run.recipe.costs.items()}
        loss = _loss(run.read_json(TOLD)["play"]["rows"], world.north_star, limits)
        verdict = f"The corrected agent is handed on: {told}, on the same seeds."
        if loss:
            verdict = (
                f"The corrected agent plays worse ({loss}, on the same seeds), "
                "so the one before it is handed on."
            )
        if not run.has(AGENT):
            chosen = start if loss else corrected
            facts = {**chosen.facts, "verdict": verdict}
            save_agent(run.path(AGENT), chosen.policy, world, facts)
        return load_agent(run.path(AGENT)), verdict


def _loss(rows: Mapping[str, Mapping[str, Any]], star: str, limits: Mapping[str, float]) -> str:
    """What got worse beyond chance, in words; nothing if the agent may be handed on.

    Who does more of what it is for may also spend more, up to the limits; who does not may not.
    """
    if rows[star]["high"] < 0:
        return f"{star} {rows[star]['after']:.2f} against {rows[star]['before']:.2f} before"
    for name, row in rows.items():
        excused = rows[star]["low"] > 0 and row["after"] <= limits.get(name, math.inf)
        if name != star and row["low"] > 0 and not excused:
            return f"{name} {row['after']:.2f} against {row['before']:.2f} before"
    return ""


def _is_refined(agent: Agent) -> bool:
    return agent.facts.get("role") == "refined"


def _show(console: Console, told: Mapping[str, Any], world: World) -> None:
    """Print what changed."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("what changed", overflow="fold")
    for heading in ("before", "after", r"change \[95 % interval]"):
        table.add_column(heading, justify="right")
    for steps, found in told["changes"].items():
        for what in sorted(found, reverse=True):
            _add(table, f"{what}: {steps}", found[what])
    for name, change in told["play"]["rows"].items():
        kind = " (cost)" if name in world.costs else ""
        _add(table, f"{name.replace('_', ' ')} per game{kind}", change)
    console.print(table)
    words = "Log-likelihood in nats a step, agreement as the share of the likeliest action; games: "
    console.print(words + told["play"]["protocol"] + ".", soft_wrap=True)


def _add(table: Table, name: str, change: Mapping[str, float]) -> None:
    gap = f"{change['change']:+.3g}"
    if change["low"] is not None:
        gap += f" \\[{change['low']:+.3g}, {change['high']:+.3g}]"
    table.add_row(name, f"{change['before']:.3g}", f"{change['after']:.3g}", gap)
