"""Recorded games as a minari dataset, FOLDER/data, and minari's datasets as recorded games."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.spaces import NESTED, read_space
from demos.data.episodes.facts import EPISODES, NAME, require, shown, whole
from demos.data.episodes.files import CHECKSUM_FILE, Damaged
from demos.data.episodes.parquet import decode
from demos.data.exchange.folder_limits import STRANGE, memory, require_plain, words
from demos.data.exchange.portable_episode import (
    PortableEpisode,
    dataset_facts,
    require_about,
    to_portable,
)
from demos.data.inspection.resimulate import world_of
from environments.files.atomic import sync, to_json, write_synced
from environments.files.readers import read_json
from environments.system.errors import UserError

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
        view = read_json(dataset.data / "metadata.json")
        view = {name: value for name, value in view.items() if name not in ("sha256", "checksums")}
        view |= {_OURS: dataset_facts(dataset), **_environment(dataset)}
        write_synced(data / "metadata.json", to_json(view))
        sync(data)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read(path: Path) -> tuple[dict[str, Any], Iterator[PortableEpisode]]:
    """What goes with the episodes, empty where nothing does, and the episodes.

    Neither spaces nor anything else is had from an environment that the files name: nothing is made of
    such a name. minari itself does not read here, for it follows links.

    Raises:
        UserError: it is no dataset that minari wrote, or holds more than plain numbers.
    """
    if not path.is_dir():
        raise UserError(f"{path} is no folder: name that of a minari dataset, which holds `data`.")
    require_plain(path)
    data = path / "data" if (path / "data").is_dir() else path
    try:
        told = read_json(data / "metadata.json")
        require(told, {"total_episodes": whole(0, EPISODES), "minari_version": NAME})
        about = require_about(told.get(_OURS, {}))
        if (data / "0" / CHECKSUM_FILE).exists():
            return about, _ours(data, told["total_episodes"])
        return about, _theirs(path, data, told)
    except STRANGE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: BaseException) -> UserError:
    return UserError(f"{path} cannot be read as a minari dataset: {words(error)}.")


def _ours(data: Path, episodes: int) -> Iterator[PortableEpisode]:
    for number in range(episodes):
        try:
            yield to_portable(decode(data / str(number)))
        except Damaged as damage:
            raise UserError(
                f"Episode {number} of {data}: {damage.file} {damage.reason}."
            ) from damage


def _theirs(path: Path, data: Path, told: Mapping[str, Any]) -> Iterator[PortableEpisode]:
    from minari import supported_dataset_versions

    if told["minari_version"] not in supported_dataset_versions:
        raise ValueError(
            f"it is of minari {told['minari_version']}, which this minari does not read"
        )
    found = []
    for name in ("observation_space", "action_space"):
        if name not in told:  # minari would make the environment that the file names, and ask it
            raise ValueError(f"its metadata.json does not say its {name}")
        try:
            found.append(read_space(told[name], NESTED))
        except ValueError as error:
            raise ValueError(f"its {name} {error}") from None
    kind, jpeg = told.get("data_format"), bool(told.get("jpeg_encoding", True))
    if kind not in ("hdf5", "parquet", "arrow"):
        raise ValueError(f"its data_format is {shown(kind)}, which is none of hdf5, parquet, arrow")
    # Imported here, for each brings a package with it.
    try:
        reader = import_module(
            "demos.data.exchange.hdf5_reader"
            if kind == "hdf5"
            else "demos.data.exchange.arrow_reader"
        )
    except ModuleNotFoundError as error:
        raise UserError(
            f"This format needs the package '{error.name}'; type: pip install {error.name}"
        ) from error
    return _loose(path, reader.episodes(data, *found, jpeg, told["total_episodes"]), found[0])


def _loose(path: Path, episodes: Iterator[dict[str, Any]], space: Any) -> Iterator[PortableEpisode]:
    try:
        for number, episode in enumerate(episodes):
            yield _episode(episode, space, f"Episode {number} of {path.name}")
    except STRANGE as error:
        raise _unreadable(path, error) from error


def _episode(episode: Mapping[str, Any], space: Any, where: str) -> PortableEpisode:
    from environments.external.games.adapters import flatten_observation

    seen, steps = episode["observations"], len(episode["rewards"])
    if not steps:
        raise ValueError(f"{where} has no step")
    if not isinstance(space, spaces.Box):  # flattened as the adapter of foreign worlds does
        if spaces.flatdim(space) * (steps + 1) * 4 > memory():
            raise ValueError(f"{where} is larger than what there is room for")
        flatten = flatten_observation(space, "the dataset")[1]
        seen = np.stack([flatten(_row(seen, row)) for row in range(steps + 1)])
    seed, options = episode["seed"], episode["options"]
    known: dict[str, Any] = {} if seed is None or int(seed) < 0 else {"seed": int(seed)}
    if isinstance(options, dict) and options:
        known["options"] = options
    return PortableEpisode(
        np.asarray(seen),
        np.asarray(episode["actions"]),
        np.asarray(episode["rewards"]),
        bool(episode["terminations"][-1]),
        bool(episode["truncations"][-1]) and not episode["terminations"][-1],
        _parts(episode["infos"], steps),
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
