"""Recorded games as the trajectories of `imitation`, in the folder of Arrow files that it loads itself.

What only we note stands in `infos`, as JSON: a dict a step; that of the first step also holds
`gpo`: {"dataset": {...}, "episode": {...}}. imitation's older files are pickles, and are not read.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.dataset import Dataset
from demos.loose import Loose, dataset_facts, loosened
from environments.problem import Problem

_OURS = "gpo"
_PACKAGES = ("imitation", "datasets", "jsonpickle")


def write(dataset: Dataset, path: Path) -> None:
    """All episodes of a dataset into a folder that is not there yet."""
    _require_packages()
    from imitation.data.serialize import save
    from imitation.data.types import TrajectoryWithRew

    trajectories = []
    for number in range(len(dataset)):
        loose = loosened(dataset.load(number))
        infos = _infos(loose)
        about = {"dataset": dataset_facts(dataset)} if number == 0 else {}
        infos[0][_OURS] = {**about, "episode": {**loose.facts, "truncated": loose.truncated}}
        trajectories.append(
            TrajectoryWithRew(
                obs=loose.observations,
                acts=loose.actions,
                infos=np.array(infos, dtype=object),
                terminal=loose.terminated,
                rews=np.asarray(loose.rewards, np.float32),
            )
        )
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with _quiet():
            save(beside, trajectories)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read(path: Path) -> tuple[dict[str, Any], Iterator[Loose]]:
    """What goes with the episodes, empty where nothing does, and the episodes.

    Raises:
        Problem: a package is missing, or it is no such folder.
    """
    _require_packages()
    import datasets

    if not path.is_dir():
        raise Problem(
            f"{path} is no folder: save the trajectories with imitation's `serialize.save`, older files "
            "of its are pickles, which can run code."
        )
    try:
        rows = datasets.load_from_disk(str(path)).with_format(None)
        if not {"obs", "acts", "terminal"} <= set(rows.column_names):
            raise ValueError(f"its columns are {', '.join(rows.column_names)}")
        about = _ours(rows[0]).get("dataset", {}) if len(rows) else {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Problem(f"{path} holds no trajectories of imitation: {error}.") from error
    return about, map(_episode, rows)


def _episode(row: dict[str, Any]) -> Loose:
    """A row of the table; `infos` are read as JSON and never as what they may name."""
    steps = len(row["acts"])
    infos = [json.loads(text) for text in row.get("infos") or ["{}"] * steps]
    facts = dict(_ours(row).get("episode", {}))
    truncated = facts.pop("truncated", not row["terminal"])  # imitation knows only terminal or not
    names = [name for name in infos[0] if name != _OURS] if infos else []
    noted = {name: np.array([info[name] for info in infos]) for name in names if name in infos[-1]}
    types = {"actors": np.uint8, "capture_times": np.int64, "late": np.bool_, "raw": np.float32}
    noted = {n: v.astype(types.get(n, v.dtype)) for n, v in noted.items() if v.dtype != object}
    if "raw_names" not in facts.get("meta", {}):
        noted.pop("raw", None)
    rewards = np.array(row["rews"]) if row.get("rews") is not None else None
    return Loose(
        np.array(row["obs"]),
        np.array(row["acts"]),
        rewards,
        bool(row["terminal"]),
        bool(truncated),
        noted,
        facts,
    )


def _ours(row: dict[str, Any]) -> dict[str, Any]:
    """What we have noted in a row's first info, if it is of our making."""
    infos = row.get("infos") or ["{}"]
    found: dict[str, Any] = json.loads(infos[0]).get(_OURS, {})
    return found


def _infos(loose: Loose) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {n: _plain(values) for n, values in loose.noted.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(values: npt.NDArray[Any]) -> list[Any]:
    rows: list[Any] = values.tolist()
    return rows


def _require_packages() -> None:
    """Our own folder of datasets would pass for the package of that name: it has no file."""
    for name in _PACKAGES:
        found = find_spec(name)
        if found is None or found.origin is None:
            cure = (
                "pip install --no-deps imitation==1.0.1"
                if name == "imitation"
                else ("pip install -e '.[imitation]'")
            )
            raise Problem(f"This format needs the package '{name}'; type: {cure}")


def _quiet() -> Any:
    """Without the bars that `datasets` draws."""
    import contextlib

    import datasets

    @contextlib.contextmanager
    def hidden() -> Iterator[None]:
        shown = datasets.is_progress_bar_enabled()
        datasets.disable_progress_bar()
        try:
            yield
        finally:
            if shown:
                datasets.enable_progress_bar()

    return hidden()
