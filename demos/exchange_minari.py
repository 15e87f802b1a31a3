"""Recorded games as a minari dataset, FOLDER/data, and minari's datasets as recorded games."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.dataset import Dataset
from demos.loose import Loose, dataset_facts, loosened
from demos.parquet import CHECKSUM_FILE, Damaged, decode
from demos.simulate import world_of
from environments.durable import sync, to_json, write_synced
from environments.problem import Problem

_OURS = "gpo"  # where metadata.json notes what minari does not ask for


def write(dataset: Dataset, path: Path) -> None:
    """All episodes of a dataset into a folder that is not there yet; nothing in it is linked to ours."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        data = beside / "data"
        data.mkdir(parents=True)
        for number in range(len(dataset)):
            dataset.load(number)  # a damaged episode is named, not handed on
            (data / str(number)).mkdir()
            for file in (dataset.data / str(number)).iterdir():
                write_synced(data / str(number) / file.name, file.read_bytes())
        view = json.loads((dataset.data / "metadata.json").read_bytes())
        view = {name: value for name, value in view.items() if name not in ("sha256", "checksums")}
        view |= {_OURS: dataset_facts(dataset), **_environment(dataset)}
        write_synced(data / "metadata.json", to_json(view))
        sync(data)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read(path: Path) -> tuple[dict[str, Any], Iterator[Loose]]:
    """What goes with the episodes, empty where nothing does, and the episodes.

    Raises:
        Problem: minari cannot open it.
    """
    import minari

    data = path / "data" if (path / "data").is_dir() else path
    try:
        about = json.loads((data / "metadata.json").read_bytes()).get(_OURS, {})
    except (OSError, ValueError, AttributeError):
        about = {}  # minari's older format keeps it elsewhere
    try:
        opened = minari.MinariDataset(data)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise Problem(f"minari cannot open {path}: {error}.") from error
    if (data / "0" / CHECKSUM_FILE).exists():
        return about, _ours(data, opened.total_episodes)
    return about, _theirs(opened)


def _ours(data: Path, episodes: int) -> Iterator[Loose]:
    for number in range(episodes):
        try:
            yield loosened(decode(data / str(number)))
        except Damaged as damage:
            raise Problem(f"Episode {number} of {data}: {damage.file} {damage.reason}.") from damage


def _theirs(opened: Any) -> Iterator[Loose]:
    from environments.foreign_opening import sight

    space = opened.observation_space
    facts = opened.storage.get_episode_metadata(range(opened.total_episodes))
    for episode, noted in zip(opened.iterate_episodes(), facts, strict=True):
        seen = episode.observations
        if not isinstance(space, spaces.Box):  # flattened as the adapter of foreign worlds does
            flatten = sight(space, "the dataset")[1]
            rows = range(len(episode.rewards) + 1)
            seen = np.stack([flatten(_row(seen, row)) for row in rows])
        seed = noted.get("seed")
        known: dict[str, Any] = {} if seed is None or int(seed) < 0 else {"seed": int(seed)}
        options = noted.get("options")
        if isinstance(options, dict):
            known["options"] = options
        yield Loose(
            np.asarray(seen),
            np.asarray(episode.actions),
            np.asarray(episode.rewards),
            bool(episode.terminations[-1]),
            bool(episode.truncations[-1]) and not episode.terminations[-1],
            _parts(episode.infos or {}, len(episode.rewards)),
            known,
        )


def _parts(infos: Mapping[str, Any], steps: int) -> dict[str, npt.NDArray[Any]]:
    """Terms and costs as environments name them in their info, from the first step on: each [T]."""
    found: dict[str, npt.NDArray[Any]] = {}
    for group in ("terms", "costs"):
        named = infos.get(group)
        if isinstance(named, Mapping):
            found |= {f"{group}/{name}": np.asarray(values) for name, values in named.items()}
    if "cost" in infos:
        found["costs/cost"] = np.asarray(infos["cost"])
    # minari's own collector has a row for the reset, before the first step
    return {name: v[-steps:] for name, v in found.items() if v.ndim == 1 and len(v) >= steps}


def _row(seen: Any, row: int) -> Any:
    """One observation out of minari's nested columns."""
    if isinstance(seen, Mapping):
        return {name: _row(part, row) for name, part in seen.items()}
    if isinstance(seen, tuple):
        return tuple(_row(part, row) for part in seen)
    return seen[row]


def _environment(dataset: Dataset) -> dict[str, str]:
    """How minari makes the environment again, where Gymnasium knows it by its id."""
    if dataset.world.startswith("gpo/") or dataset.world not in gymnasium.registry:
        return {}
    spec = gymnasium.spec(dataset.world)
    spec.kwargs.update(world_of(dataset).params)
    return {"env_spec": spec.to_json()}
