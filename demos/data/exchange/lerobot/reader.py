"""LeRobot's episodes as recorded games: observations by their keys, `action`, `next.reward`.

A row holds what was observed and the action that was chosen on it, so that nothing says what the last action
of an episode led to: it is left out, unless we have noted it (`layout.OURS`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demos.data.episodes.episode import NANOSECONDS
from demos.data.exchange.folder_limits import STRANGE, words
from demos.data.exchange.lerobot.cameras import frames, require_video, still_pictures
from demos.data.exchange.lerobot.layout import EpisodePlace, Feature, Info, episode_places
from demos.data.exchange.lerobot.tables import TableColumns, plain_numbers_of
from demos.data.exchange.portable_episode import LazyParts, PortableEpisode, cut_episode
from environments.system.errors import UserError

ACTION, REWARD, DONE, TIME = "action", "next.reward", "next.done", "timestamp"
_COUNTED = ("timestamp", "frame_index", "episode_index", "index", "task_index")
_USED = (ACTION, REWARD, DONE, *_COUNTED)


def seen_features(info: Info) -> dict[str, Feature]:
    """The features that are observations."""
    return {
        key: one
        for key, one in info.features.items()
        if key.split(".")[0] == "observation" and not one.is_text
    }


def require_action(info: Info) -> Feature:
    """The feature that is the action; ValueError if there is none."""
    found = info.features.get(ACTION)
    if found is None or found.is_picture or found.is_text:
        raise ValueError(f"it has no feature '{ACTION}' of numbers")
    return found


def unused_features(info: Info) -> list[str]:
    """The features that nothing is made of here."""
    used = {*_USED, *seen_features(info)}
    return [key for key in info.features if key not in used]


def read_episodes(root: Path, info: Info, lost: list[str]) -> Iterator[PortableEpisode]:
    """All episodes; what turns out to be missing joins `lost`.

    Raises:
        UserError: a file is missing or not as LeRobot writes it.
    """
    short, tables = 0, TableColumns()
    try:
        for place in episode_places(root, info):
            rows = EpisodeRows(root, info, place, tables)
            if place.rows > 1:
                yield rows.portable()
            short += place.rows < 2
    except STRANGE as error:
        raise unreadable(root, error) from error
    if short:
        lost.append(f"{short} episodes of a single row")


def unreadable(root: Path, error: BaseException) -> UserError:
    """The sentence that a folder is none of LeRobot's."""
    return UserError(f"{root} cannot be read as a LeRobot data set: {words(error)}.")


class EpisodeRows:
    """The rows of one episode, read where they are asked for."""

    def __init__(self, root: Path, info: Info, place: EpisodePlace, tables: TableColumns) -> None:
        self.root, self.info, self.place, self.tables = root, info, place, tables

    def portable(self) -> PortableEpisode:
        """The episode, without its last action."""
        meta = {"tick": 1 / self.info.fps}
        if self.place.task:
            meta["task"] = self.place.task  # type: ignore[assignment]
        has_reward = REWARD in self.info.features
        return cut_episode(
            self.observations(),
            self.actions(),
            self.column(REWARD).reshape(-1) if has_reward else None,
            self._times(),
            {"meta": meta},
        )

    def observations(self) -> LazyParts:
        """Each by its key: [T, ...]."""
        return LazyParts(
            {key: one.shape for key, one in seen_features(self.info).items()}, self.column
        )

    def actions(self) -> npt.NDArray[Any]:
        """[T, ...], a single choice as [T]."""
        rows = self.column(ACTION)
        whole = rows.dtype.kind in "iu" and rows.shape[1:] == (1,)
        return rows[:, 0] if whole else rows

    def column(self, key: str) -> npt.NDArray[Any]:
        """A feature: [T, ...].

        Raises:
            UserError: it is not there, or not as it is described.
        """
        feature, place = self.info.features[key], self.place
        where = f"Episode {place.number} of {self.root.name}"
        try:
            if feature.dtype == "video":
                path, begin = place.videos[key]
                require_video(path, key)
                return frames(path, begin, place.rows, feature.shape, self.info.fps)
            if feature.dtype == "image":
                cells = (cell.as_py() for cell in self._cells(key))
                return still_pictures(cells, place.rows, feature.shape)
            return plain_numbers_of(self._cells(key), feature)
        except STRANGE as error:
            raise UserError(f"{where}: {words(error)}.") from error

    def _cells(self, key: str) -> pa.ChunkedArray:
        """The rows of a column that are the episode's; ValueError if they are not as many as it says."""
        place = self.place
        numbers = np.asarray(self.tables.column(place.file, "episode_index").to_numpy())
        own = np.flatnonzero(numbers == place.number)
        if len(own) != place.rows or (len(own) and own[-1] - own[0] != len(own) - 1):
            raise ValueError(f"{place.file.name} has {len(own)} rows of it, not {place.rows}")
        return self.tables.column(place.file, key).slice(int(own[0]), len(own))

    def _times(self) -> dict[str, npt.NDArray[Any]]:
        if TIME not in self.info.features:
            return {}
        times = np.round(self.column(TIME).reshape(-1).astype(np.float64) * NANOSECONDS)
        whole = np.isfinite(times).all() and (np.diff(times) >= 0).all() and times[0] >= 0
        return {"capture_times": times.astype(np.int64)} if whole else {}
