"""How good refined cooks are: every layout, several training seeds, five human models, and the gold standard.

    python -m tests.studies.kitchens --folder runs/study --seeds 3 [--layout NAME ...] [--jobs 2] [--known]

The gold standard is an agent refined directly with the held-out human model. The other four human
models are clones of the same held-out people from other training seeds; the worst of the five is reported.
With `--known` a last column tells what the recipe comes to when it learns from the held-out people
themselves: up to there it is the price of meeting strangers, beyond it is one network's ways.
Everything is kept in the folder, so that a study that was stopped goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from agents.files.agent_file import load_agent
from agents.players.from_agent import make_player
from environments.catalog import make_world
from environments.worlds.kitchen.layouts import LAYOUTS
from training.evaluation.overcooked_published import PUBLISHED
from training.evaluation.protocol import Protocol, evaluate
from training.run.recipe import read_recipe

HUMANS = 5
GAMES = 500  # a seat; with 100, as published, a ratio is out by a hundredth now and then
PLAIN = ("--partner.clones", "1", "--partner.mixture", "[]")  # one partner, whoever it is


def run(folder: Path, layout: str, seed: int, *changes: str) -> Path:
    """One training run in a process of its own; nothing to do where it is finished."""
    if not (folder / "scores.json").exists():
        command = [sys.executable, "-m", "gpo", "train", layout, "--run", str(folder)]
        command += ["--seed", str(seed), "--refine.cores", "1", *changes]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")
        print(f"finished {folder}", flush=True)
    return folder


def score(folder: Path, human: Path) -> tuple[float, float]:
    """Mean return of a run's agent with a human model, by seat."""
    recipe = read_recipe(folder.parent.name)
    world = make_world(recipe.world.id, **recipe.world.params)
    agent, partner = load_agent(folder / "agent.safetensors"), load_agent(human)
    played = evaluate(
        world,
        lambda seed: make_player(agent, world, seed),
        lambda seed: make_player(partner, world, seed),
        Protocol(GAMES, recipe.world.horizon or world.horizon),
    )
    return float(played[0].returns[:, 0].mean()), float(played[1].returns[:, 1].mean())


def study(folder: Path, layout: str, seeds: int, jobs: int, known: bool) -> str:
    """All runs of a layout, and its row of the table."""
    place, people = folder / layout, read_recipe(layout).data
    turned = ("--data.train", str(people.held_out), "--data.held_out", str(people.train))
    with ThreadPoolExecutor(jobs) as pool:

        def runs(name: str, count: int, *changes: str) -> list[Path]:
            made = pool.map(lambda s: run(place / f"{name}{s}", layout, s, *changes), range(count))
            return list(made)

        ours = runs("seed", seeds)
        cloned = runs("human", HUMANS, "--refine.steps", "0", *PLAIN)
        models = [human / "human_model.safetensors" for human in cloned]
        gold = runs("gold", seeds, "--partner.player", str(models[0]), *PLAIN)
        same = runs("known", seeds if known else 0, *turned)
    held = np.array([score(r, models[0]) for r in ours])
    best = np.array([score(r, models[0]) for r in gold])
    every = np.array([[score(r, m) for m in models] for r in ours])  # [seeds, humans, seats]
    mean, top, worst = held.mean(0), best.mean(0), every.mean(0).min(0)
    published = " / ".join(f"{v:.0f}" for v in PUBLISHED[layout]["refined with human model"])
    met = [np.mean([score(r, models[0]) for r in same], axis=0)] if known else []
    cells = [f"{pair[0]:.1f} / {pair[1]:.1f}" for pair in (mean, top, worst, *met)]
    ratio = " / ".join(f"{a / b:.2f}" for a, b in zip(mean, top, strict=True))
    return f"| {' | '.join([layout, published, *cells[:2], ratio, *cells[2:]])} |"


def main() -> None:
    """Print the table, a row as it is ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/study"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--layout", action="append")
    parser.add_argument("--known", action="store_true")
    given = parser.parse_args()
    names = ["layout", "published PPO_BC", "refined", "gold", "refined / gold"]
    names += ["worst of five human models", *["refined with the same people"] * given.known]
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|", flush=True)
    for layout in given.layout or LAYOUTS:
        print(study(given.folder, layout, given.seeds, given.jobs, given.known), flush=True)


if __name__ == "__main__":
    main()
