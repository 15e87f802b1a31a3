"""Effects of a round of corrections: on recorded steps, in play, and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from agents.evaluation.statistics import paired_interval
from agents.files.agent_file import Agent, load_agent
from agents.networks.policy import AgentPolicy
from agents.players.from_agent import make_player
from demos.data.episodes.arrays import Arrays
from training.evaluation.paired_changes import Change, changes
from training.evaluation.protocol import Protocol, evaluate, steps_of_games
from training.gate.judge import all_totals
from training.gate.judged_by import judged_by
from training.imitation.corrected_steps import hold_back
from training.pipeline.clone_stage import cloning_settings, matches, steps_of
from training.pipeline.corrections.data import CorrectionData
from training.run.reporter import Reporter


def effects_of(
    data: CorrectionData, start: Agent, policy: AgentPolicy, reporter: Reporter
) -> dict[str, Any]:
    """What changed: on corrected steps, on those left alone, on recordings, and in play."""
    corrections, seed = data.corrections, data.run.recipe.seed
    held = hold_back(corrections, cloning_settings(data.run.recipe).validation, seed)
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
    name, recorded, rows, groups = _unlearned(data)
    found[name] = changes(start.policy, policy, recorded, rows, groups)
    after = Agent(policy, start.world, start.facts, "")
    return {
        "changes": {
            name: {k: asdict(change) for k, change in one.items()} for name, one in found.items()
        },
        "play": _play(data, start, after, reporter),
    }


def _unlearned(data: CorrectionData) -> tuple[str, Arrays, np.ndarray, np.ndarray]:
    """Recorded steps that nobody has learned from."""
    if "human_model" in data.recordings:
        dataset = data.recordings["human_model"]
        arrays = steps_of(data.run.recipe, dataset)
        groups = np.unique(matches(dataset), return_inverse=True)[1][arrays.episode]
        return "other people's", arrays, np.arange(len(arrays.actions)), groups
    arrays = steps_of(data.run.recipe, data.recordings["clone"])
    _, rows = data.parted(arrays)
    groups = np.unique(matches(data.recordings["clone"]), return_inverse=True)[1]
    return "recorded, held back", arrays, rows, groups[arrays.episode][rows]


def _play(data: CorrectionData, before: Agent, after: Agent, reporter: Reporter) -> dict[str, Any]:
    """Terms and costs per game before and after, on the same seeds beside the same partner."""
    recipe, world = data.run.recipe, data.world
    horizon = recipe.world.horizon or world.horizon
    protocol = Protocol(
        recipe.corrections.games, horizon, recipe.evaluate.greedy, shield=recipe.world.shielded
    )
    partner = before
    if data.run.has("human_model.safetensors"):
        partner = load_agent(data.run.path("human_model.safetensors"))
    played = []
    with reporter.bar("playing before and after", 2, "agents") as bar:
        for number, agent in enumerate((before, after), 1):
            played.append(
                evaluate(
                    world,
                    lambda seed, agent=agent: make_player(agent, world, seed),  # type: ignore[misc]
                    None
                    if len(world.agents) == 1
                    else lambda seed: make_player(partner, world, seed),
                    protocol,
                    again=True,
                )
            )
            bar(number)
    rows = {}
    figure, totals = judged_by(recipe, world), [all_totals(games) for games in played]
    for name in (figure.name, *world.costs):
        old, new = (figure.of(one) if name == figure.name else one[name] for one in totals)
        gap = paired_interval(old, new)
        change = Change(float(old.mean()), float(new.mean()), gap.mean, gap.low, gap.high)
        rows[name] = asdict(change)
    lasted = steps_of_games([games for one in played for games in one])
    return {"protocol": protocol.told(lasted), "rows": rows}


def loss_of(rows: Mapping[str, Mapping[str, Any]], judged: str, limits: Mapping[str, float]) -> str:
    """What got worse beyond chance, in words; nothing if the agent may be handed on.

    Who does more of what it is for may also spend more, up to the limits; who does not may not.
    """
    if rows[judged]["high"] < 0:
        return f"{judged} {rows[judged]['after']:.2f} against {rows[judged]['before']:.2f} before"
    for name, row in rows.items():
        excused = rows[judged]["low"] > 0 and row["after"] <= limits.get(name, math.inf)
        if name != judged and row["low"] > 0 and not excused:
            return f"{name} {row['after']:.2f} against {row['before']:.2f} before"
    return ""


def show_effects(console: Console, told: Mapping[str, Any], costs: Sequence[str]) -> None:
    """Print what changed."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("what changed", overflow="fold")
    for heading in ("before", "after", r"change \[95 % interval]"):
        table.add_column(heading, justify="right")
    for steps, found in told["changes"].items():
        for what in sorted(found, reverse=True):
            _add(table, f"{what}: {steps}", found[what])
    for name, change in told["play"]["rows"].items():
        kind = " (cost)" if name in costs else ""
        _add(table, f"{name.replace('_', ' ')} per game{kind}", change)
    console.print(table)
    words = "Log-likelihood in nats a step, agreement as the share of the likeliest action; games: "
    console.print(words + told["play"]["protocol"] + ".", soft_wrap=True)


def _add(table: Table, name: str, change: Mapping[str, float]) -> None:
    gap = f"{change['change']:+.3g}"
    if change["low"] is not None:
        gap += f" [{change['low']:+.3g}, {change['high']:+.3g}]"
    table.add_row(name, f"{change['before']:.3g}", f"{change['after']:.3g}", gap)
