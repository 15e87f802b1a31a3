"""What refining, limits, demonstrations and the potential do to a courier: a table of each.

    python -m tests.studies.courier_study --folder runs/courier --seeds 3 [--jobs 2] [--part limits ...]

`limits`      the clone, refined within the recipe's limits, and refined without any; 300 held-out games each
`nothing`     the same steps from nothing: when either was as good as the refined agent in the end
`potential`   several recipes with the term `progress` and without: do they rank their agents alike?

The recordings are made first. All is kept in the folder, so that a study that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from demos.collect.command import collect_command
from demos.collect.options import CollectOptions
from tests.studies.ablation import steps_to
from tests.studies.kitchens import run
from tests.studies.ranking import show_ranking
from training.run.recipe import read_recipe

WORLD, HAND, EPISODES = "gpo/Courier-v0", "careful-hand", 100
COSTS = ("collision", "too_close", "zone_speed")
FREE = tuple(word for cost in COSTS for word in (f"--costs.{cost}.limit", "1e9"))
FROM_NOTHING = ("--refine.start", "nothing")
PLAIN = ("--reward.weights.progress", "0.0")
NEAR = 0.9  # of the refined agent's deliveries: evaluations scatter about their end
# Recipes that end with better and worse agents, whatever the reward is.
RIVALS = {
    "the recipe": (),
    "a quarter of the steps": ("--refine.steps", "1_920_000"),
    "a sixteenth of the steps": ("--refine.steps", "480_000"),
    "a tenth of the learning rate": ("--refine.learning_rate", "1e-4"),
    "held near the clone": ("--refine.loss.kl_clone", "[1.0, 1.0]"),
}
Run = Any  # the folder of a run


def record(root: Path) -> None:
    """The demonstrations, if they are not there."""
    name = str(read_recipe("courier").data.train)
    if not (root / name).exists():
        collect_command(CollectOptions(name, WORLD, HAND, root=root, episodes=EPISODES))


def totals(folder: Path, who: str) -> dict[str, dict[str, float]]:
    """Means and intervals of the last judgement, of "clone" or "refined"."""
    scores = json.loads((folder / "scores.json").read_text())
    found: dict[str, dict[str, float]] = scores["rows"][who]["seats"][0]
    return found


def evaluations(folder: Path) -> list[dict[str, Any]]:
    """What was seen of the policy while it was refined; the last row is of the final one."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def curve(folder: Path) -> list[tuple[int, float]]:
    """Deliveries at each evaluation, after so many steps."""
    return [(row["steps"], row["north_star"]) for row in evaluations(folder)]


def cells(found: dict[str, dict[str, float]], limits: Sequence[str]) -> str:
    """Deliveries and costs, each with its interval."""
    each = (found[name] for name in ("delivered", *limits))
    return " | ".join(f"{one['mean']:.2f} [{one['low']:.2f}, {one['high']:.2f}]" for one in each)


def show_limits(runs: dict[str, list[Path]]) -> None:
    """Clone, refined within limits, refined without: every seed."""
    limits = {name: cost.limit for name, cost in read_recipe("courier").costs.items()}
    print(f"\nlimits: {limits}\n\n| who | delivered | {' | '.join(limits)} | times the clone |")
    print("|---" * (3 + len(limits)) + "|")
    for seed, folder in enumerate(runs["limits"]):
        clone = totals(folder, "clone")
        print(f"| clone, seed {seed} | {cells(clone, list(limits))} | 1 |")
        for name, title in (("limits", "refined within limits"), ("free", "refined without")):
            found = totals(runs[name][seed], "refined")
            times = found["delivered"]["mean"] / clone["delivered"]["mean"]
            print(f"| {title}, seed {seed} | {cells(found, list(limits))} | {times:.2f} |")


def show_nothing(ours: list[Path], theirs: list[Path]) -> None:
    """Steps to the refined agent's score, from the clone and from nothing."""
    print("\n| seed | level | from the clone | from nothing | ratio | nothing's last |")
    print("|---" * 6 + "|")
    for seed, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        level = NEAR * totals(one, "refined")["delivered"]["mean"]
        soon, late = steps_to(curve(one), level), steps_to(curve(other), level)
        last = curve(other)[-1]
        ratio = f"{late / soon:.1f}" if np.isfinite(late) else f"over {last[0] / soon:.1f}"
        shown = f"{late:,.0f}" if np.isfinite(late) else "never"
        print(f"| {seed} | {level:.2f} | {soon:,.0f} | {shown} | {ratio} | {last[1]:.2f} |")


def show_potential(shaped: dict[str, list[Path]], plain: dict[str, list[Path]]) -> None:
    """The rivals' deliveries with the potential and without, and how far the two rankings agree."""
    print("\n| recipe | with `progress` | without |")
    print("|---|---|---|")
    last = [{name: evaluations(runs[name][0])[-1] for name in RIVALS} for runs in (shaped, plain)]
    for name in RIVALS:
        each = (
            f"{row['north_star']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
            for row in (r[name] for r in last)
        )
        print(f"| {name} | {' | '.join(each)} |")
    show_ranking(*last)


def main() -> None:
    """Train what is not there yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/courier-study"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parts = ("limits", "nothing", "potential")
    parser.add_argument("--part", action="append", choices=parts)
    given = parser.parse_args()
    wanted = given.part or parts
    data = given.folder / "datasets"
    record(data)
    seeds = range(given.seeds)
    with ThreadPoolExecutor(given.jobs) as pool:

        def each(name: str, numbers: Sequence[int], *changes: str) -> list[Any]:
            root = ("--data.root", str(data))
            places = [given.folder / name.replace(" ", "_") / str(seed) for seed in numbers]
            return [
                pool.submit(run, place, "courier", seed, *root, *changes)
                for place, seed in zip(places, numbers, strict=True)
            ]

        started: dict[str, list[Any]] = {"limits": each("limits", seeds)}
        if "limits" in wanted:
            started["free"] = each("free", seeds, *FREE)
        if "nothing" in wanted:
            started["nothing"] = each("nothing", seeds, *FROM_NOTHING)
        shaped: dict[str, list[Any]] = {}
        plain: dict[str, list[Any]] = {}
        if "potential" in wanted:
            for name, changes in RIVALS.items():
                shaped[name] = each(f"shaped {name}", [0], *FREE, *changes)
                plain[name] = each(f"plain {name}", [0], *FREE, *PLAIN, *changes)
        runs, shaped, plain = (
            {name: [one.result() for one in many] for name, many in group.items()}
            for group in (started, shaped, plain)
        )
    if "limits" in wanted:
        show_limits(runs)
    if "nothing" in wanted:
        show_nothing(runs["limits"], runs["nothing"])
    if "potential" in wanted:
        show_potential(shaped, plain)


if __name__ == "__main__":
    main()
