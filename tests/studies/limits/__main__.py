"""Whether a limit that training was given holds in games it has not met: five worlds, defaults, many seeds.

    python -m tests.studies.limits record --cache DIR [--env NAME ...]
    python -m tests.studies.limits run --cache DIR [--env NAME ...] [--seed 0 1 2 3]
    python -m tests.studies.limits table --cache DIR

`record` makes the demonstrations in DIR/datasets and says what they cost. `run` trains and appends a line to
DIR/limits.jsonl; the last judgement is of 300 games on held-out seeds. A recipe is world, data, steps and the
limit, half of what the demonstrations cost or what a published task allows. A run that hands nothing on (exit
code 3) says so itself, and counts apart from the agents that are handed on and break their limit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demos.collect.collect import collect
from demos.data.dataset.store import Store
from environments.catalog import make_world
from tests.studies.limits.worlds import HERE
from tests.studies.strangers import rules_control
from tests.studies.strangers.demonstrations import EPISODES, SEED, ClumsyPlayer
from tests.studies.strangers.peers import half_trained
from tests.studies.strangers.processes import child_environment

UNSAFE = 3  # exit code: nothing was handed on


@dataclass(frozen=True)
class Limited:
    """A world, its limit, and who demonstrates it."""

    id: str
    limits: dict[str, float]
    steps: int
    player: Callable[[Any, Path], Any]  # from the world and the cache
    games: int = 300  # of the last judgement


def _point(seen: np.ndarray) -> np.ndarray:
    """Push towards the goal, and a little away from hazards that are near."""
    way, speed = seen[:, 4:6], seen[:, 2:4]
    push = 3 * way / np.maximum(0.5, np.linalg.norm(way, axis=1, keepdims=True)) - 6 * speed
    for near in (seen[:, 6:8], seen[:, 8:10]):
        far = np.linalg.norm(near, axis=1, keepdims=True)
        push -= 0.6 * near / np.maximum(far, 0.05) * (far < 0.45)
    return np.asarray(np.clip(push, -1, 1), np.float32)


def _clumsy(rule: Any, share: float = 0.1) -> Callable[[Any, Path], Any]:
    return lambda world, cache: ClumsyPlayer(rule, world.action_space, share, SEED)


LIMITED = {
    "point": Limited(f"{HERE}:Point-v0", {"cost": 10.0}, 400_000, _clumsy(_point)),
    "cartpole": Limited(
        f"{HERE}:Costly-CartPole-v1", {"cost": 5.0}, 100_000, _clumsy(rules_control.cart_pole, 0.2)
    ),
    "pendulum": Limited(
        f"{HERE}:Costly-Pendulum-v1", {"cost": 40.0}, 200_000, _clumsy(rules_control.pendulum)
    ),
    "lander": Limited(
        f"{HERE}:Costly-LunarLanderContinuous-v3",
        {"cost": 10.0},
        200_000,
        _clumsy(rules_control.lander_continuous),
    ),
    "hopper": Limited(
        f"{HERE}:Costly-Hopper-v5",
        {"cost": 25.0},
        200_000,
        lambda world, cache: half_trained("hopper-v5", cache / "half"),
        100,
    ),
}


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("record", "run", "table"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--env", nargs="+", choices=LIMITED, default=list(LIMITED))
    parser.add_argument("--seed", nargs="+", type=int, default=[0, 1, 2, 3])
    parser.add_argument("--label", default="", help="of a variant, whose settings follow --")
    words = sys.argv[1:]
    changes = words[words.index("--") + 1 :] if "--" in words else []
    given = parser.parse_args(words[: words.index("--")] if "--" in words else words)
    cache = given.cache.resolve()
    for name in given.env if given.verb == "record" else ():
        print(record(cache, name), flush=True)
    if given.verb == "run":
        for seed in given.seed:
            for name in given.env:
                print(run(cache, name, seed, given.label, changes), flush=True)
    if given.verb == "table":
        print(table(_rows(cache)))


def record(cache: Path, name: str) -> str:
    """Record a world's demonstrations where there are none; what they return and cost, in a line."""
    one, store = LIMITED[name], Store(cache / "datasets")
    if f"limit-{name}" not in store.names():
        world = make_world(one.id)
        collect(store, f"limit-{name}", world, [one.player(world, cache)], EPISODES, seed=SEED)
    arrays = store.open(f"limit-{name}").arrays()
    columns = {"return": arrays.terms["return"], **arrays.costs}
    told = []
    for what, column in columns.items():
        sums = np.add.reduceat(column.astype(np.float64), arrays.starts[:-1])
        told.append(f"{what} {sums.mean():.1f} [{sums.min():.1f} to {sums.max():.1f}]")
    return f"{name}: {', '.join(told)}; limits {one.limits}"


def run(cache: Path, name: str, seed: int, label: str, changes: list[str]) -> dict[str, Any]:
    """Train once, unless that is done; the row.

    Raises:
        RuntimeError: training failed, with the end of what it printed.
    """
    one, key = LIMITED[name], {"env": name, "seed": seed, "label": label}
    for row in _rows(cache):
        if all(row[k] == v for k, v in key.items()):
            return row
    folder = cache / "limited" / f"{name}-{label}-{seed}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    recipe = folder.with_suffix(".toml")
    limits = "\n".join(f"[costs.{cost}]\nlimit = {most}\n" for cost, most in one.limits.items())
    recipe.write_text(
        f'[world]\nid = "{one.id}"\n\n[data]\ntrain = "limit-{name}"\n\n{limits}\n'
        f"[refine]\nsteps = {one.steps}\n\n[evaluate]\ngames = {one.games}\n"
    )
    command = [sys.executable, "-m", "gpo", "train", str(recipe), "--run", str(folder)]
    done = subprocess.run(
        [*command, "--seed", str(seed), *changes],
        cwd=cache,
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    recipe.with_suffix(".log").write_text(done.stdout + done.stderr)
    if done.returncode not in (0, UNSAFE):
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"[-2000:])
    row = {**key, "limits": one.limits, "code": done.returncode, **_outcome(folder)}
    with (cache / "limits.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")
    return row


def _outcome(folder: Path) -> dict[str, Any]:
    rows = json.loads((folder / "scores.json").read_text())["rows"]
    return {who: rows[who]["seats"][0] for who in ("clone", "refined") if who in rows}


def table(rows: list[dict[str, Any]]) -> str:
    """A line a run, and how many of the agents that were handed on kept their limits by their mean."""
    lines = ["| world | seed | limit | clone | handed on |", "|---|---|---|---|---|"]
    kept, handed = 0, 0
    for row in sorted(rows, key=lambda row: (row["label"], row["env"], row["seed"])):
        agent = row.get("refined", row["clone"]) if row["code"] == 0 else None
        if agent is not None:
            handed += 1
            kept += all(agent[cost]["mean"] <= most for cost, most in row["limits"].items())
        told = [_told(one, row["limits"]) if one else "nothing" for one in (row["clone"], agent)]
        limits = ", ".join(f"{most:g}" for most in row["limits"].values())
        lines.append(
            f"| {row['env']} {row['label']} | {row['seed']} | {limits} | {' | '.join(told)} |"
        )
    verdict = f"{handed} of {len(rows)} runs handed an agent on; {kept} of these kept their limits."
    return "\n".join([*lines, "", verdict])


def _told(figures: dict[str, Any], limits: dict[str, float]) -> str:
    costs = ", ".join(f"{figures[c]['mean']:.1f} [to {figures[c]['high']:.1f}]" for c in limits)
    return f"return {figures['return']['mean']:.1f}, cost {costs}"


def _rows(cache: Path) -> list[dict[str, Any]]:
    path = cache / "limits.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


if __name__ == "__main__":
    main()
