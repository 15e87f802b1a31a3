"""How many small mistakes in decisive code the tests would notice: a mutation tester over what decides.

    python -m tests.studies.mutations [--only training/ppo/losses.py] [--jobs 1] [--survivors] [--fresh]

Each mutant (`tests/studies/mutants.py`) is imported in place of its file, and the tests that guard
the file (`tests/studies/mutation_targets.py`) are run on it: it is killed if one of them fails or
does not end. No source is written: a process that has imported all that does not depend on the file
is forked for each mutant. What was found is kept in `build/mutations.jsonl`, so that a study that
was stopped goes on; a survivor is tried again once its tests have changed. Mutants that change
nothing that can be seen are listed with the reason in `equivalent_mutants.toml` and do not count.

Not mutmut: release 3.8 leaves decorated functions (so what numba compiles, and properties) and the
constants of modules and classes as they are, and there the limits stand. Not cosmic-ray: it starts
a Python for each mutant, and with torch that takes seconds.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib.machinery
import json
import os
import signal
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.studies.mutants import Mutant, mutants
from tests.studies.mutation_targets import TARGETS
from tests.studies.preloading import ROOT, module_name, preload

KEPT = ROOT / "build" / "mutations.jsonl"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
PATIENCE = 20.0, 6.0  # s, and times what the tests take on the file as it is: then a mutant hangs
QUIET = ["-x", "-q", "-p", "no:cacheprovider", "--assert=plain", "--tb=no", "--no-header"]

# ------------------------------------------------------------------ one mutant


class Mutated(MetaPathFinder):
    """Imports one module from a changed tree, as if it stood in its file."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        """Only for the module that is changed."""
        if fullname != self.name:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert found is not None
        origin, tree = str(found.origin), self.tree

        class Loader(importlib.machinery.SourceFileLoader):
            def get_code(self, fullname: str) -> CodeType:
                return compile(tree, origin, "exec", dont_inherit=True)

        found.loader = Loader(fullname, origin)
        return found


def run_guards(target: str, tree: ast.Module | None, guards: Sequence[str], limit: float) -> str:
    """`survived`, `killed`, or `hung`, of the guards in a process of their own."""
    child = os.fork()
    if child == 0:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        code = 1
        try:
            if tree is not None:
                sys.meta_path.insert(0, Mutated(module_name(target), tree))
            code = int(pytest.main([*QUIET, *guards]))
        finally:
            os._exit(code)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # what the tests left running
            return "killed" if os.waitstatus_to_exitcode(status) else "survived"
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


# ------------------------------------------------------------------ one file


@dataclass(frozen=True)
class Found:
    """What became of one mutant."""

    mutant: Mutant
    result: str  # killed, hung, survived, equivalent


def digest(*texts: str) -> str:
    """Short SHA-256 of some texts."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def without_prose(source: str) -> str:
    """The code alone: whoever writes a better docstring need not run the study again."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return ast.unparse(tree)


def equivalents(target: str) -> dict[tuple[str, str, int], str]:
    """Reasons by mutant, of those of a file that change nothing."""
    listed = tomllib.loads(EQUIVALENT.read_text()).get("mutant", [])
    return {(m["line"], m["change"], m.get("occurrence", 0)): m["reason"]
            for m in listed if m["file"] == target}  # fmt: skip


def remembered(target: str, source: str, tests: str) -> dict[tuple[str, str, int], str]:
    """What was found out before about this text of the file; a survivor counts only for the same tests."""
    if not KEPT.exists():
        return {}
    rows = [json.loads(line) for line in KEPT.read_text().splitlines()]
    return {
        tuple(row["key"]): row["result"]
        for row in rows
        if row["file"] == target and row["source"] == source
        if row["result"] != "survived" or row["tests"] == tests
    }


def study(target: str, guards: Sequence[str], fresh: bool) -> Iterator[Found]:
    """Every mutant of a file, tried now or remembered."""
    source = (ROOT / target).read_text()
    sums = (
        digest(without_prose(source)),
        digest(*((ROOT / g.split("::")[0]).read_text() for g in guards)),
    )
    known = {} if fresh else remembered(target, *sums)
    excused = equivalents(target)
    found = list(mutants(source))
    for key in excused.keys() - {mutant.key for mutant in found}:
        print(f"{target}: {EQUIVALENT.name} lists what is no mutant any more: {key}", flush=True)
    limit = 0.0
    for mutant in found:
        result = "equivalent" if mutant.key in excused else known.get(mutant.key)
        if result is None:
            if not limit:
                limit = time_of(target, guards) * PATIENCE[1] + PATIENCE[0]
            result = run_guards(target, mutant.tree, guards, limit)
            row = {"file": target, "source": sums[0], "tests": sums[1], "key": mutant.key}
            with KEPT.open("a") as file:
                file.write(json.dumps({**row, "result": result}) + "\n")
        yield Found(mutant, result)


def time_of(target: str, guards: Sequence[str]) -> float:
    """Seconds that the guards take on the file as it is, which they pass."""
    preload(target, guards)
    began = time.monotonic()
    result = run_guards(target, None, guards, 600.0)
    if result != "survived":
        raise SystemExit(f"{target}: its tests fail as it is ({' '.join(guards)})")
    return time.monotonic() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", help="this file alone; may be given again")
    parser.add_argument("--jobs", type=int, default=1, help="files at once")
    parser.add_argument("--survivors", action="store_true", help="show each of them")
    parser.add_argument("--fresh", action="store_true", help="try again what is remembered")
    given = parser.parse_args()
    KEPT.parent.mkdir(exist_ok=True)
    os.chdir(ROOT)
    wanted = {t: g for t, g in TARGETS.items() if not given.only or t in given.only}
    running: set[int] = set()
    for target, guards in wanted.items():
        if len(running) >= given.jobs:
            running.discard(os.wait()[0])
        if (child := os.fork()) == 0:  # what one file preloads would be another's target
            table_row(target, list(study(target, guards, given.fresh)), given.survivors)
            sys.stdout.flush()
            os._exit(0)
        running.add(child)
    while running:
        running.discard(os.wait()[0])


def table_row(target: str, found: Sequence[Found], show: bool) -> None:
    """A file's line of the table."""
    counts = {
        r: sum(one.result == r for one in found)
        for r in ("killed", "hung", "survived", "equivalent")
    }
    dead, counted = counts["killed"] + counts["hung"], len(found) - counts["equivalent"]
    print(f"| {target} | {counted} | {dead} | {counts['survived']} | {counts['equivalent']} | "
          f"{100 * dead / max(counted, 1):.1f} % |", flush=True)  # fmt: skip
    for one in found if show else ():
        if one.result == "survived":
            place = f"{target}:{one.mutant.number} (#{one.mutant.occurrence})"
            print(f"    {place}: {one.mutant.line}\n        {one.mutant.change}", flush=True)


if __name__ == "__main__":
    main()
