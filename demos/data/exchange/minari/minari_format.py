"""Recorded games as a minari dataset, FOLDER/data, and minari's datasets as recorded games."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import EPISODES, NAME, require, shown, whole
from demos.data.episodes.files import CHECKSUM_FILE, Damaged
from demos.data.episodes.parquet import decode
from demos.data.episodes.spaces import NESTED, read_space
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.folder_limits import STRANGE, memory, require_plain, words
from demos.data.exchange.minari.env_spec import read_env_spec, written_env_spec
from demos.data.exchange.minari.nested_files import nested_files
from demos.data.exchange.named_parts import (
    parts_from_nested,
    recorded_parts,
    recorded_space,
)
from demos.data.exchange.portable_episode import (
    PortableEpisode,
    Recordings,
    dataset_facts,
    require_about,
    to_portable,
)
from environments.files.atomic import sync, to_json, write_synced
from environments.files.readers import read_json
from environments.simulation.observation_parts import MASK, parts_of_space
from environments.system.errors import UserError

_OURS = "gpo"  # where metadata.json notes what minari does not ask for


class MinariFormat(FileFormat):
    """A folder that minari opens: FOLDER/data."""

    def export(self, dataset: Dataset, path: Path) -> None:
        """Write all episodes into a folder that is not there yet; nothing in it is linked to ours.

        Observations of several parts (dicts, cameras) are written as the environment has them, where it can
        be made here; else, as those of every other world, as the dataset has them. Raises as `Format.export`.
        """
        space = recorded_space(dataset)
        parts = () if space is None else recorded_parts(dataset) or parts_of_space(space)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        try:
            data = beside / "data"
            data.mkdir(parents=True)
            for number in range(len(dataset)):
                episode = dataset.load(number)  # a damaged episode is named, not handed on
                (data / str(number)).mkdir()
                files = _files(dataset.data / str(number))
                if space is not None:
                    where = f"Episode {number} of dataset {dataset.name}"
                    files = nested_files(files, episode, parts, space, where)
                for name, content in files.items():
                    write_synced(data / str(number) / name, content)
            write_synced(data / "metadata.json", to_json(_metadata(dataset, space)))
            sync(data)
            beside.rename(path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def read(self, path: Path) -> Recordings:
        """As `FileFormat.read`; raises UserError too if it holds more than plain numbers.

        Neither spaces nor anything else is had from an environment that the files name: nothing is made of
        such a name. minari itself does not read here, for it follows links.
        """
        if not path.is_dir():
            raise UserError(
                f"{path} is no folder: name that of a minari dataset, which holds `data`."
            )
        require_plain(path)
        data = path / "data" if (path / "data").is_dir() else path
        try:
            told = read_json(data / "metadata.json")
            require(told, {"total_episodes": whole(0, EPISODES), "minari_version": NAME})
            about = require_about(told.get(_OURS, {}))
            if (data / "0" / CHECKSUM_FILE).exists():
                return Recordings(about, _ours(data, told["total_episodes"]))
            made, lost = read_env_spec(told)
            return Recordings(about, _theirs(path, data, told), lost, made=made)
        except STRANGE as error:
            raise _unreadable(path, error) from error


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _metadata(dataset: Dataset, space: Any) -> dict[str, Any]:
    """What minari wants to know of all episodes, and what we note beside it."""
    view = read_json(dataset.data / "metadata.json")
    view = {name: value for name, value in view.items() if name not in ("sha256", "checksums")}
    if space is not None:
        from minari.serialization import serialize_space

        view["observation_space"] = serialize_space(space)
    return {**view, _OURS: dataset_facts(dataset), **written_env_spec(dataset)}


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
            "demos.data.exchange.minari.hdf5_reader"
            if kind == "hdf5"
            else "demos.data.exchange.minari.arrow_reader"
        )
    except ModuleNotFoundError as error:
        raise UserError(
            f"This format needs the package '{error.name}'; type: pip install {error.name}"
        ) from error
    if isinstance(found[1], (spaces.Dict, spaces.Tuple, spaces.Text)):
        kind = type(found[1]).__name__
        raise ValueError(f"its actions are a {kind}, and a world here has one kind of action")
    extras = _OURS in told
    return _portable(
        path, reader.episodes(data, *found, jpeg, told["total_episodes"], extras), found
    )


def _portable(
    path: Path, episodes: Iterator[dict[str, Any]], found: Sequence[Any]
) -> Iterator[PortableEpisode]:
    try:
        for number, episode in enumerate(episodes):
            yield _episode(episode, found[0], found[1], f"Episode {number} of {path.name}")
    except STRANGE as error:
        raise _unreadable(path, error) from error


def _episode(
    episode: Mapping[str, Any], space: Any, action_space: Any, where: str
) -> PortableEpisode:
    seen, steps = episode["observations"], len(episode["rewards"])
    if not steps:
        raise ValueError(f"{where} has no step")
    infos = episode["infos"]
    if not isinstance(space, spaces.Box) or MASK in infos:
        if spaces.flatdim(space) * (steps + 1) * 4 > memory():
            raise ValueError(f"{where} is larger than what there is room for")
        parts = parts_from_nested(space, seen)
        if MASK in infos and len(infos[MASK]) == steps + 1:
            parts[MASK] = np.asarray(infos[MASK]).reshape(steps + 1, -1)
        seen = parts if len(parts) > 1 or "" not in parts else parts[""]
    actions = np.asarray(episode["actions"])
    counted = isinstance(action_space, (spaces.Discrete, spaces.MultiDiscrete))
    if counted and actions.dtype.kind in "iu" and np.any(action_space.start):
        actions = actions - action_space.start  # ours count from 0
    seed, options = episode["seed"], episode["options"]
    known: dict[str, Any] = {} if seed is None or int(seed) < 0 else {"seed": int(seed)}
    if isinstance(options, dict) and options:
        known["options"] = options
    noted = {name: values[-steps:] for name, values in infos.get("noted", {}).items()}
    if "requested_actions" in noted:
        noted["requested_actions"] = noted["requested_actions"].reshape(actions.shape)
    return PortableEpisode(
        seen if isinstance(seen, dict) else np.asarray(seen),
        actions,
        np.asarray(episode["rewards"]),
        bool(episode["terminations"][-1]),
        bool(episode["truncations"][-1]) and not episode["terminations"][-1],
        {**_scores(infos, steps), **noted, **episode.get("raw", {})},
        {**known, **episode.get("facts", {})},
    )


def _scores(infos: Mapping[str, Any], steps: int) -> dict[str, npt.NDArray[Any]]:
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
