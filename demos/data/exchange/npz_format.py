"""Recorded games as one .npz file of plain arrays, which loads with `allow_pickle=False`.

S steps of all episodes, E episodes:

    observations        [S, ...], each the one its action was chosen on
    final_observations  [E, ...], what the last action led to
    observations/PART, final_observations/PART      instead of these, where observations have named parts
    actions             [S, ...]
    starts              [E+1], episode e is rows starts[e] to starts[e+1]
    terminated, truncated               [E]
    rewards                             [S], may be left out on the way in, like all that follows
    requested_actions, actors, capture_times, late, terms/NAME, costs/NAME      [S]
    raw/E                               [T, R], raw device states of episode E, where there are any
    facts               a text: JSON of {"dataset": {...}, "episodes": [{...}, ...]}
"""

from __future__ import annotations

import itertools
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import EPISODES, TABLE, listed, require, shown
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.folder_limits import STRANGE, memory, require_room, words
from demos.data.exchange.portable_episode import (
    Observations,
    PortableEpisode,
    Recordings,
    dataset_facts,
    portable_episodes,
    require_about,
)
from environments.files.atomic import replace_after
from environments.files.readers import parse_json
from environments.system.errors import UserError

_NEEDED = ("observations", "final_observations", "actions", "starts", "terminated", "truncated")
_KNOWN = re.compile(
    rf"{'|'.join(_NEEDED)}|rewards|facts|requested_actions|actors|capture_times|late"
    r"|(terms|costs|observations|final_observations)/.+|raw/[0-9]+"
)
_KEYS = 10_000_000  # of the facts: some twenty an episode
_header_2_0 = np.lib.format.read_array_header_2_0


class NpzFormat(FileFormat):
    """One .npz file of plain arrays."""

    extension = ".npz"

    def export(self, dataset: Dataset, path: Path) -> None:
        """Write all episodes into a file that is not there yet; raises as `Format.export`."""
        episodes = list(portable_episodes(dataset))
        lengths = [len(episode.actions) for episode in episodes]
        arrays: dict[str, npt.NDArray[Any]] = {
            **_observations([episode.observations for episode in episodes]),
            "actions": np.concatenate([e.actions for e in episodes]),
            "rewards": np.concatenate([np.asarray(e.rewards) for e in episodes]),
            "starts": np.cumsum([0, *lengths], dtype=np.int64),
            "terminated": np.array([e.terminated for e in episodes]),
            "truncated": np.array([e.truncated for e in episodes]),
        }
        for name in sorted(set(episodes[0].noted) - {"raw"}):
            arrays[name] = np.concatenate([e.noted[name] for e in episodes])
        arrays |= {f"raw/{k}": e.noted["raw"] for k, e in enumerate(episodes) if "raw" in e.noted}
        facts = {"dataset": dataset_facts(dataset), "episodes": [dict(e.facts) for e in episodes]}
        arrays["facts"] = np.array(json.dumps(facts))
        with replace_after(path) as beside, beside.open("xb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    def read(self, path: Path) -> Recordings:
        """As `FileFormat.read`."""
        try:
            arrays = _arrays(path)
            facts = arrays.pop("facts", np.array('{"dataset": {}, "episodes": []}'))
            told = parse_json(str(facts), most_keys=_KEYS)
            require(told, {"dataset": TABLE, "episodes": listed(TABLE, EPISODES)}, "facts.")
            about = require_about(told["dataset"])
        except (*STRANGE, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(
                f"{path} cannot be read as an .npz file of plain arrays: {words(error)}."
            ) from error
        if missing := [name for name in _needed(arrays) if name not in arrays]:
            raise UserError(
                f"{path} has no {', '.join(missing)}; what such a file holds is written at the top of "
                "demos/data/exchange/npz_format.py."
            )
        _require_lengths(path, arrays)
        return Recordings(about, _episodes(arrays, told["episodes"]))


def _observations(each: Sequence[Observations]) -> dict[str, npt.NDArray[Any]]:
    """Observations of all episodes end to end, and the last of each; by the names of their parts."""
    found: dict[str, npt.NDArray[Any]] = {}
    for name in each[0] if isinstance(each[0], Mapping) else [""]:
        rows = [seen[name] if isinstance(seen, Mapping) else seen for seen in each]
        after = f"/{name}" if name else ""
        found[f"observations{after}"] = np.concatenate([values[:-1] for values in rows])
        found[f"final_observations{after}"] = np.stack([values[-1] for values in rows])
    return found


def _needed(names: Iterable[str]) -> list[str]:
    """What has to be there, with the parts of the observations if they are named."""
    after = dict.fromkeys(
        name.removeprefix("final_").removeprefix("observations")
        for name in names
        if name.split("/")[0] in _NEEDED[:2]
    )
    seen = [f"{name}{part}" for name in _NEEDED[:2] for part in after or [""]]
    return [*seen, *_NEEDED[2:]]


def _arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays that we know the names of; no more is unpacked than the file can hold."""
    if not path.is_file():
        raise ValueError("it is no ordinary file")
    arrays, packed, left = {}, 0, memory()
    with zipfile.ZipFile(path) as file:
        members = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
        for name in filter(_KNOWN.fullmatch, members):
            packed += members[name].compress_size
            if packed > path.stat().st_size:
                raise ValueError("its parts are larger than it is")
            with file.open(members[name]) as part:
                arrays[name] = _array(name, part, members[name])
            left -= arrays[name].nbytes
            if left < 0:
                raise ValueError("it holds more than this machine has room for")
    return arrays


def _array(name: str, part: Any, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    """One array, after a look at what its header says."""
    version = np.lib.format.read_magic(part)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"{name} is of a format that is not known")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else _header_2_0
    shape, _, dtype = header(part)
    if dtype.hasobject or dtype.kind not in ("U" if name == "facts" else "biuf"):
        raise ValueError(f"{name} is of type {shown(str(dtype))}, which is no plain array")
    size = math.prod(shape) * dtype.itemsize
    require_room(size, info.compress_size)
    if any(extent < 0 for extent in shape) or size > info.file_size:
        raise ValueError(f"{name} has {info.file_size:,} bytes, and speaks of {size:,}")
    part.seek(0)
    made: npt.NDArray[Any] = np.lib.format.read_array(part, allow_pickle=False)
    if name == "facts" and made.size != 1:
        raise ValueError("facts is no single text")
    return made


def _episodes(arrays: dict[str, npt.NDArray[Any]], facts: list[Any]) -> Iterator[PortableEpisode]:
    starts = arrays["starts"]
    raw = {name: arrays.pop(name) for name in list(arrays) if name.startswith("raw/")}
    needed = _needed(arrays)
    noted = {name: a for name, a in arrays.items() if name not in (*needed, "rewards")}
    parts = [n.partition("/")[2] for n in needed if n.split("/")[0] == "observations"]
    rewards = arrays.get("rewards")
    for e, (first, last) in enumerate(itertools.pairwise(starts)):
        rows = slice(int(first), int(last))
        own = {name: values[rows] for name, values in noted.items()}
        if f"raw/{e}" in raw:
            own["raw"] = raw[f"raw/{e}"]
        seen = {
            part: np.concatenate([arrays[name][rows], arrays[f"final_{name}"][e : e + 1]])
            for part in parts
            for name in [f"observations/{part}" if part else "observations"]
        }
        yield PortableEpisode(
            seen if any(parts) else seen[""],
            arrays["actions"][rows],
            None if rewards is None else rewards[rows],
            bool(arrays["terminated"][e]),
            bool(arrays["truncated"][e]),
            own,
            facts[e] if e < len(facts) else {},
        )


def _require_lengths(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Refuse arrays that do not belong together."""
    for name, values in arrays.items():
        if values.ndim == 0:
            raise UserError(f"{path}: `{name}` is a single number, and needs rows.")
        if name in ("terminated", "truncated") and values.ndim > 1:
            raise UserError(f"{path}: `{name}` needs one value an episode.")
    starts, steps = arrays["starts"], len(arrays["actions"])
    whole = starts.ndim == 1 and starts.dtype.kind in "iu" and len(starts) > 1
    if not whole or starts[0] != 0 or starts[-1] != steps or (np.diff(starts) < 1).any():
        raise UserError(f"{path}: `starts` must rise from 0 to the number of actions, {steps}.")
    for name, values in arrays.items():
        by_episode = name.split("/")[0] in ("final_observations", "terminated", "truncated")
        wanted = len(starts) - 1 if by_episode else steps
        if name != "starts" and not name.startswith("raw/") and len(values) != wanted:
            raise UserError(f"{path}: `{name}` has {len(values)} rows, and needs {wanted}.")
    for name in (name for name in arrays if name.split("/")[0] == "observations"):
        if arrays[name].shape[1:] != arrays[f"final_{name}"].shape[1:]:
            raise UserError(f"{path}: `{name}` and `final_{name}` have different rows.")
