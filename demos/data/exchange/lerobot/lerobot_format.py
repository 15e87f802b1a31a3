"""Recorded games as a folder of LeRobot, v3.0 or v2.1, and such folders as recorded games."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import TEXT, Kind, require
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.folder_limits import STRANGE, require_plain
from demos.data.exchange.lerobot.columns import SEEN, as_noted
from demos.data.exchange.lerobot.layout import INFO, NEW, OLD, OURS, Info, episode_places, read_info
from demos.data.exchange.lerobot.reader import (
    DONE,
    REWARD,
    EpisodeRows,
    read_episodes,
    require_action,
    unreadable,
    unused_features,
)
from demos.data.exchange.lerobot.tables import TableColumns
from demos.data.exchange.lerobot.writer import LeRobotFacts, write_folder
from demos.data.exchange.npz.joined_arrays import (
    KNOWN,
    NamedArrays,
    episodes_of,
    join_episodes,
    needed_arrays,
    require_lengths,
    take_facts,
)
from demos.data.exchange.npz.npz_arrays import UNREADABLE, read_npz
from demos.data.exchange.npz.plain_arrays import LAST_ACTION
from demos.data.exchange.portable_episode import PortableEpisode, Recordings
from demos.data.inspection.resimulate import world_of
from environments.files.atomic import sync_all
from environments.files.readers import read_json
from environments.system.errors import UserError

NAMES = "names"  # of `provenance`: those of the numbers of a feature
_PARTS = Kind("table of texts", lambda v: isinstance(v, dict) and all(map(TEXT.holds, v.values())))


class LeRobotFormat(FileFormat):
    """A folder of LeRobot; `lerobot-v2.1` writes the older layout, and both are read."""

    def export(self, dataset: Dataset, path: Path) -> None:
        """Write all episodes into a folder that is not there yet; raises as `Format.export`."""
        noted = dataset.facts["provenance"]
        default = dataset.facts["description"] or dataset.world
        facts = [dataset.episode_facts(number) for number in range(len(dataset))]
        tasks = [str(one["meta"].get("task") or default) for one in facts]
        names = noted.get(NAMES) if isinstance(noted.get(NAMES), dict) else {}
        told = LeRobotFacts(
            OLD if self.kind.endswith("v2.1") else NEW,
            _frames_a_second(dataset, facts),
            tasks,
            {key: tuple(map(str, own)) for key, own in names.items() if isinstance(own, list)},
        )
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        try:
            (beside / "meta").mkdir(parents=True)
            write_folder(beside, join_episodes(dataset), told)
            sync_all(beside)
            beside.rename(path)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def read(self, path: Path) -> Recordings:
        """As `FileFormat.read`."""
        if not path.is_dir():
            raise UserError(f"{path} is no folder: name that of a LeRobot data set.")
        require_plain(path)
        try:
            info = read_info(path)
            require_action(info)
            ours = _noted(path, info)
        except STRANGE as error:
            raise unreadable(path, error) from error
        if ours is not None:
            return ours
        lost = [LAST_ACTION, "seeds and how an episode began"]
        if REWARD not in info.features:
            lost.append("rewards")
        if DONE not in info.features:
            lost.append("whether an episode ended or was cut")
        lost += [f"the feature {key}" for key in unused_features(info)]
        names = {key: list(one.names) for key, one in info.features.items() if one.names}
        noted = {NAMES: names, "fps": info.fps}
        return Recordings({}, read_episodes(path, info, lost), lost, True, more=noted)


def _frames_a_second(dataset: Dataset, facts: list[dict[str, Any]]) -> float:
    """As the recordings say it, or else their world; 1 where neither does."""
    tick = facts[0]["meta"].get("tick")
    if tick is None:
        try:
            tick = world_of(dataset).tick
        except UserError:  # it is not there, or not allowed here
            tick = 1.0
    return float(np.round(1 / tick, 3))


def _noted(root: Path, info: Info) -> Recordings | None:
    """The episodes as we have written them; None if we have not, or they were changed since."""
    if not (root / OURS).is_file():
        return None
    told = read_json(root / INFO).get("gpo", {})
    require(told, {"parts": _PARTS}, "gpo.")
    try:
        arrays = read_npz(root / OURS, KNOWN.fullmatch)
        about, facts = take_facts(arrays)
    except UNREADABLE as error:
        raise ValueError(f"{OURS}: {error}") from error
    places = list(episode_places(root, info))
    lengths = np.diff(arrays["starts"]).tolist() if arrays.get("starts") is not None else []
    if lengths != [place.rows for place in places]:
        return None
    return Recordings(about, _as_noted(root, info, told["parts"], arrays, facts))


def _as_noted(
    root: Path, info: Info, parts: dict[str, str], arrays: NamedArrays, facts: list[Any]
) -> Iterator[PortableEpisode]:
    tables = TableColumns()
    rows = [EpisodeRows(root, info, place, tables) for place in episode_places(root, info)]
    for key, part in parts.items():
        name = f"{SEEN}/{part}" if part else SEEN
        final = arrays.get(f"final_{name}")
        if final is None or key not in info.features:
            raise UserError(f"{root}: {OURS} knows nothing of {key}: delete it, and import again.")
        together = np.concatenate([one.column(key) for one in rows])
        arrays[name] = as_noted(together, final.shape[1:])
    actions = np.concatenate([one.actions() for one in rows])
    asked = arrays.get("requested_actions")
    arrays["actions"] = actions if asked is None else actions.reshape(asked.shape)
    if missing := [name for name in needed_arrays(arrays) if name not in arrays]:
        raise UserError(f"{root}: {OURS} has no {', '.join(missing)}: delete it, and import again.")
    require_lengths(root, arrays)
    yield from episodes_of(arrays, facts)
