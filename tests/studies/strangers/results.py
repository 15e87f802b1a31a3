"""Results of the study: one JSON line a run in a cache, and those of the peers in a file that is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("peers.json")
PEERS = ("sb3", "zoo")
KEY = ("env", "who", "seed", "steps", "data", "label")  # what makes a run that one and no other
PACKAGES = ("stable-baselines3", "torch", "numpy", "gymnasium")
Row = dict[str, Any]


def key_of(row: Row) -> tuple[Any, ...]:
    """What tells a run from others."""
    return tuple(row.get(name) for name in KEY)


def read(cache: Path) -> dict[tuple[Any, ...], Row]:
    """All rows there are, by key; a later line takes the place of an earlier one."""
    rows: list[Row] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    path = _lines(cache)
    if path.exists():
        rows += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {key_of(row): row for row in rows}


def add(cache: Path, row: Row) -> None:
    """Append a row to the cache's, with the versions it was made with."""
    told = {**row, "versions": {name: metadata.version(name) for name in PACKAGES}}
    cache.mkdir(parents=True, exist_ok=True)
    with _lines(cache).open("a", encoding="utf-8") as out:
        out.write(json.dumps(told) + "\n")


def keep(rows: Iterable[Row]) -> int:
    """Write the peers' rows into the file that is kept; how many there are."""
    found = sorted((row for row in rows if row["who"] in PEERS), key=lambda row: str(key_of(row)))
    lines = ",\n".join(json.dumps(row) for row in found)
    KEPT.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return len(found)


def _lines(cache: Path) -> Path:
    return cache / "results.jsonl"
