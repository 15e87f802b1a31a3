"""What demonstrations, refining and hints on the way are worth in a duel.

    python -m tests.studies.duel_study --folder runs/duel-study --root datasets [--jobs 2]

First the demonstrations are recorded, unless they are there. Then every variant is trained twice, with the
potential terms and without, and plays the pool of opponents on seeds that nobody has trained on:

1. the clone beside the refined agent;
2. PPO begun from nothing, with the same steps: how many it takes to the refined agent's score;
3. whether the potentials change who ends above whom: they may only speed learning up (Ng, Harada,
   Russell 1999).

Everything is kept in the folder, so that a study that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.studies.ablation import steps_to
from tests.studies.ranking import show_ranking
from training.evaluation.head_to_head import EVERYBODY

DATASET = "duel-sharpshooter"
POOL = ("rusher-3", "sharpshooter-3", "ambusher-3", "beginner-3")
HINTS = ("aim", "spacing", "cover_when_reloading")
PLAIN = " (no potentials)"
WHOLE, NOTHING = "the whole recipe", "from nothing"
VARIANTS: dict[str, tuple[str, ...]] = {
    WHOLE: (),
    NOTHING: ("--refine.start", "nothing"),
    "an eighth of the steps": ("--refine.steps", "500_000"),
    "a tenth of the learning rate": ("--refine.learning_rate", "5e-5"),
}


def gpo(*words: str) -> None:
    """One command of the program in a process of its own."""
    command = [sys.executable, "-m", "gpo", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")


def record(root: Path) -> None:
    """The demonstrations, as the recipe's head says."""
    if not (root / DATASET).exists():
        who = ("--player", "sharpshooter-3", "--against", *POOL, "--episodes", "200")
        gpo("demos", "collect", DATASET, "gpo/Duel-v0", "--root", str(root), *who)


def train(given: argparse.Namespace, variant: str, hints: bool) -> dict[str, Any]:
    """What one run came to; it is made unless it is there."""
    name = variant.replace(" ", "_") + ("" if hints else "-plain")
    folder = given.folder / name
    if not (folder / "scores.json").exists():
        plain = [] if hints else [w for h in HINTS for w in (f"--reward.weights.{h}", "0.0")]
        words = ["--run", str(folder), "--data.root", str(given.root), "--seed", str(given.seed)]
        words += ["--refine.judge.every", "25", "--evaluate.games", str(given.games)]
        gpo("train", "duel", *words, *VARIANTS[variant], *plain)
        print(f"finished {folder}", flush=True)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {
        "matches": json.loads((folder / "scores.json").read_text())["matches"],
        "curve": [(row["steps"], row["north_star"]) for row in rows],
        "last": rows[-1],
    }


def share(row: dict[str, Any], name: str) -> str:
    """`98.1 [96.9, 98.9]`, in percent."""
    one = {end: 100 * row[name][end] for end in ("mean", "low", "high")}
    return f"{one['mean']:.1f} [{one['low']:.1f}, {one['high']:.1f}]"


def show_table(found: dict[str, dict[str, Any]]) -> None:
    """The clone and what the recipe hands on, against everybody."""
    print("| agent | won, % | drawn, % | lost, % | bystanders hit a duel |")
    print("|---|---|---|---|---|")
    for name, matches in found[WHOLE]["matches"].items():
        row = matches[EVERYBODY]
        hit = row["costs"]["bystander_hit"]
        shares = " | ".join(share(row, which) for which in ("won", "drawn", "lost"))
        print(f"| {name} | {shares} | {hit['mean']:.2f} [{hit['low']:.2f}, {hit['high']:.2f}] |")
    print(
        "\nThe last policy of each run, whether it may be handed on or not (win, on the judge's seeds):"
    )
    for name, one in found.items():
        last = one["last"]
        told = f"{last['north_star']:+.2f} [{last['low']:+.2f}, {last['high']:+.2f}]"
        print(f"  {name}: {told}, {last['play/bystander_hit']:.2f} bystanders hit")


def show_savings(found: dict[str, dict[str, Any]]) -> None:
    """Steps to shares of the refined agent's last score, from the clone and from nothing."""
    ours, theirs = found[WHOLE]["curve"], found[NOTHING]["curve"]
    last = ours[-1][1]
    print(f"\nThe refined agent ends at {last:.2f} (win, on the judge's seeds); steps until then:")
    for part in (0.5, 0.9, 1.0):
        level = part * last
        one, other = steps_to(ours, level), steps_to(theirs, level)
        most = theirs[-1][0]
        ratio = f"{other / one:.1f}" if other < float("inf") else f"more than {most / one:.1f}"
        told = f"{other:,.0f}" if other < float("inf") else f"not within {most:,}"
        print(f"  {level:.2f}: {one:,.0f} from the clone, {told} from nothing; ratio {ratio}")


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/duel-study"))
    parser.add_argument("--root", type=Path, default=Path("datasets"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--games", type=int, default=125, help="a seat and opponent")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    record(given.root)
    with ThreadPoolExecutor(given.jobs) as pool:
        runs = {
            name + ("" if hints else PLAIN): pool.submit(train, given, name, hints)
            for hints in (True, False)
            for name in VARIANTS
        }
        found = {name: run.result() for name, run in runs.items()}
    show_table(found)
    show_savings(found)
    last = {name: one["last"] for name, one in found.items()}
    show_ranking(*({name: last[name + end] for name in VARIANTS} for end in ("", PLAIN)))


if __name__ == "__main__":
    main()
