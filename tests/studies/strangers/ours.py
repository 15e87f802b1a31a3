"""GPO on an environment by its defaults: a recipe of world, data and steps, trained by `gpo train`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demos.data.dataset.store import Store
from environments.files.trusted_code import type_in
from tests.studies.strangers.demonstrations import episode_returns
from tests.studies.strangers.environments import STRANGERS
from tests.studies.strangers.peers import spread
from tests.studies.strangers.processes import child_environment, children_seconds
from training import api
from training.run.metrics import read_metrics

RECIPE = """\
[world]
id = "{world}"

[data]
train = "{data}"

[refine]
steps = {steps}
"""


def run_ours(cache: Path, row: dict[str, Any], changes: Sequence[str] = ()) -> dict[str, Any]:
    """Train as `trained` and be judged; the rest of the row."""
    folder, spent = trained(cache, row, changes)
    type_in(STRANGERS[row["env"]].id)  # it was asked for by its name, from whatever folder
    dataset = dataset_of(row)
    found = outcome(folder, STRANGERS[row["env"]].games)
    return {"cpu": round(spent, 1), **found, "people": people(cache, dataset)}


def dataset_of(row: dict[str, Any]) -> str:
    """The name of what a row was trained on."""
    return str(row["env"] if row["data"] == "good" else f"{row['env']}-{row['data']}")


def trained(cache: Path, row: dict[str, Any], changes: Sequence[str] = ()) -> tuple[Path, float]:
    """Train; the run's folder, and the processor seconds it took.

    Args:
        cache: with the datasets; the run's folder goes below its `runs`.
        row: env, data (of which dataset), seed, steps and label.
        changes: further words of the command, `--refine.start nothing` for instance.

    Raises:
        RuntimeError: training failed; with the end of what it printed.
    """
    one = STRANGERS[row["env"]]
    name = "-".join(str(row[part]) for part in ("env", "data", "steps", "label", "seed"))
    dataset = dataset_of(row)
    recipe = cache / "recipes" / f"{name}.toml"
    recipe.parent.mkdir(parents=True, exist_ok=True)
    recipe.write_text(RECIPE.format(world=one.id, data=dataset, steps=row["steps"]))
    folder = cache / "runs" / name
    command = [sys.executable, "-m", "gpo", "train", str(recipe.relative_to(cache))]
    command += ["--run", str(folder.relative_to(cache)), "--seed", str(row["seed"]), *changes]
    before = children_seconds()
    done = subprocess.run(
        command, cwd=cache, env=child_environment(), capture_output=True, text=True, check=False
    )
    spent = children_seconds() - before
    (recipe.with_suffix(".log")).write_text(done.stdout + done.stderr)
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"[-2000:]
        )
    return folder, spent


def curve_of(folder: Path) -> list[list[float]]:
    """Steps and north star of a run's judgements."""
    return [[row.steps, round(row.north_star, 3)] for row in read_metrics(folder)]


def outcome(folder: Path, games: int) -> dict[str, Any]:
    """What a run came to: its own judgement, and clone and agent judged both ways on held-out seeds."""
    scores = json.loads((folder / "scores.json").read_text())
    curve = curve_of(folder)
    recipe_greedy = (
        "likeliest" in scores["protocol"]
    )  # what holds where an agent's file does not say
    found: dict[str, Any] = {
        "played greedily": [],  # which of clone and refined are played with their likeliest actions
        "protocol": scores["protocol"],
        "rows": {
            name: [round(seat["return"]["mean"], 4) for seat in row["seats"]]
            for name, row in scores["rows"].items()
        },
        "curve": curve,
        "played": curve[-1][0] if curve else 0,
    }
    for who, file in (("clone", "clone.safetensors"), ("refined", "agent.safetensors")):
        agent = api.load_agent(folder / file)
        if agent.agent.facts.get("greedy", recipe_greedy):
            found["played greedily"].append(who)
        for greedy in (False, True):
            judged = api.evaluate(agent, episodes=games, greedy=greedy)
            seat = judged["return"]
            told = {"mean": seat.mean, "low": seat.low, "high": seat.high}
            found[f"{who} {'greedy' if greedy else 'sampled'}"] = {
                key: round(value, 4) for key, value in told.items()
            }
    return found


def people(cache: Path, dataset: str) -> dict[str, float]:
    """The recorded returns."""
    return spread(episode_returns(Store(cache / "datasets").open(dataset)))
