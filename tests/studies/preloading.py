"""What imports what in this house, and the import of all that does not depend on one module."""

from __future__ import annotations

import ast
import gc
import importlib
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from _pytest.config import default_plugins

ROOT = Path(__file__).resolve().parents[2]
OURS = {"agents", "demos", "environments", "training", "tests", "gpo"}


def module_name(path: str) -> str:
    """`a.b` of `a/b.py`."""
    return path.removesuffix(".py").replace("/", ".")


@cache
def imported(path: str) -> frozenset[str]:
    """All that a file imports anywhere in it: names of modules, whether or not they exist."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


@cache
def files() -> dict[str, str]:
    """The path of every module of the house, tests included."""
    found = [p for room in ("agents", "demos", "environments", "training", "tests")
             for p in sorted((ROOT / room).rglob("*.py"))]  # fmt: skip
    paths = [path.relative_to(ROOT).as_posix() for path in found]
    return {module_name(path): path for path in paths}


def closure(paths: Iterable[str]) -> set[str]:
    """The modules of the house that these files import, at any remove."""
    found: set[str] = set()
    open_: list[str] = list(paths)
    while open_:
        for name in imported(open_.pop()) & files().keys() - found:
            found.add(name)
            open_.append(files()[name])
    return found


def dependents(name: str) -> set[str]:
    """The module and all that imports it, at any remove."""
    found = {name}
    while True:
        more = {m for m, path in files().items() if imported(path) & found} - found
        if not more:
            return found
        found |= more


def preload(target: str, guards: Sequence[str]) -> None:
    """Import all that the guards need and that does not depend on the target, which each fork then has."""
    needed = closure(guard.split("::")[0] for guard in guards)
    own, later = set(files()), dependents(module_name(target))
    outside = {
        name for m in needed for name in imported(files()[m]) if name.split(".")[0] not in OURS
    }
    own_of_pytest = {f"_pytest.{name}" for name in default_plugins}
    for name in (*sorted(own_of_pytest), *sorted(outside), *sorted(needed & own - later)):
        with suppress(ImportError, AttributeError):
            importlib.import_module(name)
    loaded = {name for name in sys.modules if name in later}
    assert not loaded, f"loaded before it was changed: {loaded}"
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    gc.collect()
    gc.freeze()  # a child need not go through it again
