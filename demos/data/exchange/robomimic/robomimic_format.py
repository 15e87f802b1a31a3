"""Recorded games as an HDF5 file of robomimic, and the files of robomimic and robosuite as recorded games.

    data                attributes: total, env_args (JSON: env_name, type, env_kwargs)
      demo_0            attribute: num_samples
        actions         [T, ...]
        rewards, dones  [T]
        obs/NAME        [T, ...], what an action was chosen on
        next_obs/NAME   [T, ...], what it led to
        states          [T, ...], of MuJoCo: time, positions and velocities end to end
        gpo/...         what only we note

robosuite's own demonstrations hold states and actions alone: what was seen is had from the states, in the
environment that a person names. The XML of a model that such files hold is not loaded. As robomimic 0.3 and
robosuite 1.0 to 1.5 write them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import NAMES, TABLE, TEXT, listed, maybe, require, shown
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.folder_limits import STRANGE, words
from demos.data.exchange.hdf5_limits import require_plain_hdf5
from demos.data.exchange.npz.plain_arrays import LAST_ACTION
from demos.data.exchange.portable_episode import (
    OnlyStates,
    PortableEpisode,
    Recordings,
    cut_episode,
    dataset_facts,
    portable_episodes,
    require_about,
)
from environments.external.states.state_access import FLATTENED, START
from environments.files.atomic import replace_after
from environments.files.readers import parse_json
from environments.system.errors import UserError

_DEMO = re.compile(r"demo_(0|[1-9][0-9]{0,8})")
_ALONE = "flat"  # what robomimic calls an observation of one part
_OURS = "gpo"
_GYM = 2  # robomimic.envs.env_base.EnvType.GYM_TYPE
_KNOWN = ("actions", "rewards", "dones", "obs", "next_obs", "states", _OURS)
_TEXT = 2**24  # characters of an attribute
Rows = npt.NDArray[Any]


class RobomimicFormat(FileFormat):
    """One HDF5 file of robomimic."""

    extension = ".hdf5"

    def export(self, dataset: Dataset, path: Path) -> None:
        """Write all episodes into a file that is not there yet; raises as `Format.export`."""
        with replace_after(path) as beside, h5py.File(beside, "x") as file:
            data = file.create_group("data")
            total = 0
            for number, episode in enumerate(portable_episodes(dataset)):
                _write(data.create_group(f"demo_{number}"), episode)
                total += len(episode.actions)
            data.attrs["total"] = total
            params = dataset.facts["world_description"].get("params") or {}
            made = {"env_name": dataset.world, "type": _GYM, "env_kwargs": params}
            data.attrs["env_args"] = json.dumps(made)
            _write_json(data, f"{_OURS}_about", dataset_facts(dataset))

    def read(self, path: Path) -> Recordings:
        """As `FileFormat.read`."""
        try:
            with h5py.File(path, "r") as file:
                require_plain_hdf5(file, path.stat().st_size)
                data = file["data"]
                names = sorted(filter(_DEMO.fullmatch, data), key=lambda name: int(name[5:]))
                about = require_about(_json(data, f"{_OURS}_about"))
                hint = _environment(data)
                lost = [] if about else _lost(data, names)
        except STRANGE as error:
            raise _unreadable(path, error) from error
        return Recordings(about, _episodes(path, names), lost, not about, hint=hint)


def _unreadable(path: Path, error: BaseException) -> UserError:
    return UserError(f"{path} cannot be read as an HDF5 file of robomimic: {words(error)}.")


def _write(group: Any, episode: PortableEpisode) -> None:
    seen: Any = episode.observations
    group.attrs["num_samples"] = len(episode.actions)
    for name, rows in (seen if isinstance(seen, Mapping) else {_ALONE: seen}).items():
        _pack(group, f"obs/{name or _ALONE}", rows[:-1])
        _pack(group, f"next_obs/{name or _ALONE}", rows[1:])
    dones = np.zeros(len(episode.actions), np.int64)
    dones[-1] = episode.terminated
    columns = {"actions": episode.actions, "rewards": episode.rewards, "dones": dones}
    for name, values in columns.items():
        _pack(group, name, values)
    for name, values in episode.noted.items():
        _pack(group, f"{_OURS}/noted/{name}", values)
    ended = {"terminated": episode.terminated, "truncated": episode.truncated}
    parts = list(seen) if isinstance(seen, Mapping) else None
    _write_json(group, f"{_OURS}/facts", {"facts": dict(episode.facts), "parts": parts, **ended})


def _pack(group: Any, name: str, values: Any) -> None:
    rows = np.asarray(values)
    group.create_dataset(name, data=rows, compression="gzip" if rows.size else None)


def _write_json(group: Any, name: str, value: Any) -> None:
    """As bytes: an attribute has room for 64 kB alone."""
    group.create_dataset(name, data=np.frombuffer(json.dumps(value).encode(), np.uint8))


def _json(group: Any, name: str) -> dict[str, Any]:
    found = parse_json(group[name][()].tobytes()) if name in group else {}
    if not isinstance(found, dict):
        raise ValueError(f"its {name} is no table")
    return found


def _environment(data: Any) -> str:
    """What was played in, in words; nothing is made of it."""
    for name in ("env_args", "env_info"):
        text = data.attrs.get(name)
        if isinstance(text, str) and len(text) <= _TEXT:
            told = parse_json(text)
            if isinstance(told, dict) and isinstance(told.get("env_name"), str):
                return f"recorded in {shown(told['env_name'])}"
    text = data.attrs.get("env")
    return f"recorded in {shown(text)}" if isinstance(text, str) else ""


def _lost(data: Any, names: list[str]) -> list[str]:
    """What these files do not hold, or what of them is not read."""
    found = ["seeds"]
    first: Any = data[names[0]] if names else {}
    if "next_obs" not in first:
        found.append(LAST_ACTION)
    if "rewards" not in first:
        found.append("rewards")
    if "dones" not in first:
        found.append("whether an episode ended or was cut")
    if names and "model_file" in first.attrs:
        found.append("the XML of the model, which is not loaded")
    return found + [f"the array {shown(name)}" for name in first if name not in _KNOWN]


def _episodes(path: Path, names: list[str]) -> Iterator[PortableEpisode]:
    try:
        with h5py.File(path, "r") as file:
            require_plain_hdf5(file, path.stat().st_size)  # it may be another by now
            for name in names:
                yield _episode(file["data"][name], name)
    except STRANGE as error:
        raise _unreadable(path, error) from error


def _episode(group: Any, name: str) -> PortableEpisode:
    actions, states = group["actions"][()], _rows(group, "states")
    rewards = _rows(group, "rewards")
    if len(actions) < 2 and "next_obs" not in group:
        raise ValueError(f"{name} has {len(actions)} steps, of which nothing says what they led to")
    for what, values in (("states", states), ("rewards", rewards)):
        if values is not None and len(values) != len(actions):
            raise ValueError(f"{name} has {len(values)} {what} for {len(actions)} actions")
    facts: dict[str, Any] = {}
    if states is not None and states.ndim == 2:
        facts["options"] = {START: {FLATTENED: states[0].astype(np.float64).tolist()}}
    if "next_obs" not in group:
        if "obs" in group:
            return cut_episode(_by_name(group["obs"]), actions, rewards, facts=facts)
        if states is None:
            raise ValueError(f"{name} has neither obs nor states")
        return cut_episode(OnlyStates(states), actions, rewards, facts=facts)
    before, after = _by_name(group["obs"]), _by_name(group["next_obs"])
    seen: Any = {key: np.concatenate([before[key], after[key][-1:]]) for key in before}
    dones = _rows(group, "dones")
    over = dones is not None and bool(dones[-1])
    if _OURS in group:
        return _as_noted(group, seen, actions, rewards)
    return PortableEpisode(seen, actions, rewards, over, not over, {}, facts)


def _as_noted(group: Any, seen: Any, actions: Rows, rewards: Rows | None) -> PortableEpisode:
    told = _json(group, f"{_OURS}/facts")
    require(told, {"facts": TABLE, "parts": maybe(listed(TEXT, NAMES))}, "gpo.")
    noted = _by_name(group[f"{_OURS}/noted"]) if f"{_OURS}/noted" in group else {}
    parts = told["parts"]
    return PortableEpisode(
        seen[_ALONE] if parts is None else {name: seen[name or _ALONE] for name in parts},
        actions,
        rewards,
        bool(told.get("terminated")),
        bool(told.get("truncated")),
        noted,
        told["facts"],
    )


def _rows(group: Any, name: str) -> Rows | None:
    return np.asarray(group[name][()]) if name in group else None


def _by_name(group: Any, before: str = "") -> dict[str, Rows]:
    """All arrays below a group, by their way to it."""
    found: dict[str, Rows] = {}
    for name in group:
        if isinstance(group[name], h5py.Group):
            found |= _by_name(group[name], f"{before}{name}/")
        else:
            found[f"{before}{name}"] = np.asarray(group[name][()])
    return found
