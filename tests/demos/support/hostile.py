"""Datasets that somebody changed and sealed again with our own functions, for tests of what reads them."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demos.data.episodes.files import CHECKSUM_FILE, FACTS_FILE, STEPS_FILE
from environments.files.atomic import SEAL, to_checked_json, to_json

# What stands in the place of something else. No name of a module: those are tested where worlds are made.
VALUES: list[Any] = [
    None, [], {}, "", "x", "a\0b", "\ud800", "../../x", "\x1b[2J", 0, -1, 1.5, 2**62, 2**64, 10**30, -(2**70),
    True, 1e308, "9" * 5000, [[[[[[]]]]]], ["a", "a"], [None], {"a": {"b": []}}, "nope/Not-v0",
    list(range(3000)), {f"key {n}": n for n in range(3000)}, 10**12,
]  # fmt: skip
SPACES: list[Any] = [
    {"type": "Discrete", "n": 10**12, "start": 0}, {"type": "Discrete", "n": 0, "start": 0},
    {"type": "Discrete", "n": 2, "start": 2**63}, {"type": "MultiBinary", "n": 10**12},
    {"type": "MultiBinary", "n": [2**20, 2**20]}, {"type": "Text"}, {"type": "Dict", "subspaces": {}},
    {"type": "Box", "dtype": "float32", "shape": [10**6, 10**6], "low": 0, "high": 1},
    {"type": "Box", "dtype": "object", "shape": [], "low": 0, "high": 1},
    {"type": "Box", "dtype": "float32", "shape": [1], "low": [1], "high": [0]},
    {"type": "Box", "dtype": "float32", "shape": [2], "low": [float("nan"), 0], "high": [1, 1]},
    {"type": "MultiDiscrete", "dtype": "int64", "nvec": [2**40], "start": [0]},
]  # fmt: skip


def reseal_revision(dataset: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the facts of the revision that counts, and seal them as we do."""
    path = dataset / (dataset / "current").read_text().strip() / "revision.json"
    facts = json.loads(path.read_bytes())
    facts.pop(SEAL)
    changed = change(facts)
    path.write_bytes(_sealed(facts if changed is None else changed))


def reseal_episode(
    dataset: Path,
    number: int,
    change: Callable[[dict[str, Any]], Any] = lambda facts: None,
    steps: Callable[[pa.Table], pa.Table] | None = None,
    **writing: Any,
) -> None:
    """Change the facts of an episode or its steps, and write the checksums anew."""
    folder = dataset / (dataset / "current").read_text().strip() / "data" / str(number)
    facts = json.loads((folder / FACTS_FILE).read_bytes())
    changed = change(facts)
    (folder / FACTS_FILE).write_bytes(_json(facts if changed is None else changed))
    if steps is not None:
        pq.write_table(steps(pq.read_table(folder / STEPS_FILE)), folder / STEPS_FILE, **writing)
    files = {name: (folder / name).read_bytes() for name in (STEPS_FILE, FACTS_FILE)}
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    (folder / CHECKSUM_FILE).write_bytes(to_json(sums))


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in nested tables and lists."""
    below = value.items() if isinstance(value, dict) else enumerate(value[:3])
    for key, inner in below:
        yield (*above, key)
        if isinstance(inner, dict | list) and inner:
            yield from places(inner, (*above, key))


def mutate(facts: dict[str, Any], rng: random.Random) -> Any:
    """Put something else somewhere, take something away, or add to it."""
    # What a world is made with is tested where it is made.
    way = rng.choice([way for way in places(facts) if "params" not in way[:-1]])
    inside: Any = facts
    for key in way[:-1]:
        inside = inside[key]
    value = rng.choice(VALUES)
    if way[-1] in ("observation_space", "action_space") and rng.random() < 0.7:
        value = json.dumps(rng.choice(SPACES))
    does = rng.choice(["put", "put", "put", "remove", "add", "whole"])
    if does == "remove":
        del inside[way[-1]]
    elif does == "add" and isinstance(inside, dict):
        known = ["trimmed", "play", "rating", "marks", "tick", "raw_names", "edit", "horizon", "x"]
        inside[rng.choice(known)] = value
    elif does == "whole" and rng.random() < 0.1:
        return value
    else:
        inside[way[-1]] = value
    return None


def mutate_steps(table: pa.Table, rng: random.Random) -> pa.Table:
    """Take a column away, give it another type or other values, or change how many rows there are."""
    name = rng.choice(table.column_names)
    place = table.column_names.index(name)
    rows = len(table)
    others = [
        pa.array(["x"] * rows), pa.nulls(rows), pa.array([None, *range(rows - 1)]),
        pa.array(np.full(rows, np.nan)), pa.array(np.full(rows, -(2**63)), pa.int64()),
        pa.array([[1.0]] * rows), pa.array([{"a": 1}] * rows), pa.array(["x"] * rows).dictionary_encode(),
        pa.array([b"\x80"] * rows), pa.array(np.full(rows, 200, np.uint8)), pa.array([True] * rows),
        pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(rows * 7, np.float32)), 7),
    ]  # fmt: skip
    does = rng.choice(["drop", "put", "put", "put", "rows", "twice", "infos", "infos"])
    if does == "drop":
        return table.remove_column(place)
    if does == "rows":
        return table.slice(0, rng.choice([0, 1, 2, rows - 1]))
    if does == "twice":
        return table.append_column(name, table.column(name))
    if does == "infos" and "infos" in table.column_names:
        infos = table.column("infos").combine_chunks()
        parts = {field.name: infos.field(k) for k, field in enumerate(infos.type)}
        parts[rng.choice([*parts, "terms/other", "costs/a/b"])] = rng.choice(others)
        made = pa.StructArray.from_arrays(list(parts.values()), list(parts))
        return table.set_column(table.column_names.index("infos"), "infos", made)
    return table.set_column(place, name, rng.choice(others))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _sealed(facts: Any) -> bytes:
    return to_checked_json(facts) if isinstance(facts, dict) else _json(facts)
