"""What each part of refining buys: the same recipe without it, judged with the held-out human model.

    python -m tests.studies.ablation --folder runs/ablation --seeds 3 [--layout NAME] [--jobs 2]

For each variant: the return in both seats, the worst dip below the clone while training (return of the
evaluations), the steps until nine tenths of what the whole recipe ends with, and how likely the agent finds
what people did (nats a step; the clone's stands in the first line); means of the seeds. Kept in the folder,
so that a study that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tests.studies.kitchens import run

SOUP = 20.0  # points
VARIANTS = {
    "the whole recipe": (),
    "no KL to the clone": ("--refine.loss.kl_clone", "[0.0, 0.0]"),
    "no warming up": ("--refine.warm_up", "0"),
    "neither": ("--refine.loss.kl_clone", "[0.0, 0.0]", "--refine.warm_up", "0"),
    "demonstrations in the loss": ("--refine.loss.imitation", "[0.1, 0.0]"),
    "no clone at all": ("--refine.start", "nothing", "--refine.loss.kl_clone", "[0.0, 0.0]"),
}


def figures(folder: Path) -> dict[str, Any]:
    """What one run came to."""
    scores = json.loads((folder / "scores.json").read_text())
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    seats = scores["rows"]["refined with human model"]["seats"]
    return {
        "return": [seat["return"]["mean"] for seat in seats],
        "dip": SOUP * max(0.0, max(row["clone"] - row["north_star"] for row in rows)),
        "curve": [(row["steps"], SOUP * row["north_star"]) for row in rows],
        "likeness": scores["likeness"],
    }


def steps_to(curve: list[tuple[int, float]], level: float) -> float:
    """Steps until an evaluation reaches a return; infinity if none does."""
    return next((steps for steps, reached in curve if reached >= level), np.inf)


def row(name: str, found: list[dict[str, Any]], level: float) -> str:
    """A variant's line of the table."""
    seats = np.array([one["return"] for one in found]).mean(0)
    dip = np.mean([one["dip"] for one in found])
    steps = [steps_to(one["curve"], level) for one in found]
    mean = "never" if np.inf in steps else f"{np.mean(steps):,.0f}"
    like = np.mean([one["likeness"]["refined"] for one in found])
    return f"| {name} | {' / '.join(f'{s:.1f}' for s in seats)} | {dip:.0f} | {mean} | {like:.2f} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/ablation"))
    parser.add_argument("--layout", default="coordination_ring")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    with ThreadPoolExecutor(given.jobs) as pool:
        places = {
            name: [
                pool.submit(
                    run, given.folder / name.replace(" ", "_") / str(s), given.layout, s, *changes
                )
                for s in range(given.seeds)
            ]
            for name, changes in VARIANTS.items()
        }
        found = {name: [figures(one.result()) for one in runs] for name, runs in places.items()}
    whole = found["the whole recipe"]
    level = 0.9 * float(np.mean([one["curve"][-1][1] for one in whole]))
    clone = np.mean([one["likeness"]["clone"] for one in whole])
    print(f"{given.layout}; nine tenths: {level:.0f}; likeness of the clone: {clone:.2f}\n")
    print("| variant | return with the human model | worst dip | steps to nine tenths | likeness |")
    print("|---|---|---|---|---|")
    for name, runs in found.items():
        print(row(name, runs, level))


if __name__ == "__main__":
    main()
