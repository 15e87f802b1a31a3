"""GPO's defaults and Stable-Baselines3's PPO on environments that nobody here wrote.

    python -m tests.studies.strangers record --cache DIR [--env NAME ...]
    python -m tests.studies.strangers run --cache DIR [--env NAME ...] [--who sb3|zoo|ours ...] [--seed 0 ...]
    python -m tests.studies.strangers table --cache DIR [--label NAME]
    python -m tests.studies.strangers keep --cache DIR

`record` makes the demonstrations, good and bad, in DIR/datasets. `run` appends a line to
DIR/results.jsonl for each run and skips those that are there or among the peers' kept results
(`peers.json`); each runs in a process of its own, for its processor seconds. `--data random` or
`constant` trains ours on bad demonstrations; `--label` names a variant, whose settings follow `--`:
`--label nothing -- --refine.start nothing`. `keep` writes the peers' lines into `peers.json`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.studies.strangers import results
from tests.studies.strangers.environments import BAD, STRANGERS, published, stranger
from tests.studies.strangers.processes import child_environment


def main() -> None:
    """Read the command line and do it."""
    words = sys.argv[1:]
    changes = words[words.index("--") + 1 :] if "--" in words else []
    given = _parser().parse_args(words[: words.index("--")] if "--" in words else words)
    given.cache = given.cache.resolve()
    names = [stranger(name)[0] for name in given.env or STRANGERS]
    if given.verb == "record":
        from tests.studies.strangers.demonstrations import record

        for name in names:
            print("\n".join(record(given.cache, name)), flush=True)
    elif given.verb == "table":
        from tests.studies.strangers.table import show

        print(show(list(results.read(given.cache).values()), given.label))
    elif given.verb == "keep":
        print(f"{results.keep(results.read(given.cache).values())} runs of peers are kept")
    else:
        _run_all(given, names, changes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("record", "run", "table", "keep"))
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder of everything that is made"
    )
    parser.add_argument("--env", nargs="+", help="environments; all if left out")
    parser.add_argument("--who", nargs="+", choices=(*results.PEERS, "ours"), default=["ours"])
    parser.add_argument("--seed", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, help="of the game; each environment's own if left out")
    parser.add_argument("--data", choices=("good", *BAD), default="good")
    parser.add_argument("--label", default="", help="of a variant of ours")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser


def _run_all(given: argparse.Namespace, names: list[str], changes: list[str]) -> None:
    """Every run that is asked for, seed by seed."""
    for seed in given.seed:
        for who in given.who:
            for name in names:
                row = _row(given, name, who, seed)
                if results.key_of(row) in results.read(given.cache) or _unknown(who, name):
                    continue
                if given.here:
                    found = _run_one(given.cache, row, changes)
                    results.add(given.cache, {**row, **found})
                    print({**row, **{k: v for k, v in found.items() if k != "curve"}}, flush=True)
                else:
                    _in_a_process(given, row, changes)


def _row(given: argparse.Namespace, name: str, who: str, seed: int) -> dict[str, Any]:
    steps = given.steps or STRANGERS[name].steps
    row = {"env": name, "who": who, "seed": seed, "steps": steps}
    return row | ({"data": given.data, "label": given.label} if who == "ours" else {})


def _unknown(who: str, name: str) -> bool:
    """Whether there are no published settings."""
    return who == "zoo" and name not in published()


def _run_one(cache: Path, row: dict[str, Any], changes: list[str]) -> dict[str, Any]:
    """In this process; what a run needs is loaded here alone, for it takes seconds."""
    if row["who"] == "ours":
        from tests.studies.strangers.ours import run_ours

        return run_ours(cache, row, changes)
    from tests.studies.strangers.peers import run_peer

    return run_peer(row["env"], row["who"], row["seed"], row["steps"])


def _in_a_process(given: argparse.Namespace, row: dict[str, Any], changes: list[str]) -> None:
    command = [sys.executable, "-m", "tests.studies.strangers", "run", "--here"]
    command += ["--cache", str(given.cache), "--env", row["env"], "--who", row["who"]]
    command += ["--seed", str(row["seed"]), "--steps", str(row["steps"]), "--data", given.data]
    command += ["--label", given.label, *(["--", *changes] if changes else [])]
    done = subprocess.run(command, env=child_environment(), check=False)
    if done.returncode:
        print(f"{row} failed with {done.returncode}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
