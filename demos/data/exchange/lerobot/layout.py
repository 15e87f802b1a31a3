"""Folders of LeRobot: versions 2.0, 2.1 and 3.0, their info and where each episode lies.

    v2.1                                        v3.0
    meta/info.json                              meta/info.json
    meta/episodes.jsonl, episodes_stats.jsonl   meta/episodes/chunk-000/file-000.parquet, meta/stats.json
    meta/tasks.jsonl                            meta/tasks.parquet
    data/chunk-000/episode_000000.parquet       data/chunk-000/file-000.parquet, many episodes each
    videos/chunk-000/KEY/episode_000000.mp4     videos/KEY/chunk-000/file-000.mp4, many episodes each

As lerobot 0.3.3 and 0.4.0 write them. The templates of paths that a file names are not used: they could
lead anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from demos.data.episodes.facts import NAME, TABLE, number, require, shown, whole
from demos.data.exchange.folder_limits import require_room, row_width
from environments.files.readers import parse_json, read_json, read_ordinary

OLD, NEW = "v2.1", "v3.0"
CHUNK = 1000  # files in a chunk
INFO = "meta/info.json"
OURS = "meta/gpo.npz"  # what only we note
DATA = {
    OLD: "data/chunk-{chunk:03d}/episode_{file:06d}.parquet",
    NEW: "data/chunk-{chunk:03d}/file-{file:03d}.parquet",
}
VIDEO = {
    OLD: "videos/chunk-{chunk:03d}/{key}/episode_{file:06d}.mp4",
    NEW: "videos/{key}/chunk-{chunk:03d}/file-{file:03d}.mp4",
}
_KEY = re.compile(r"\w[\w.\- ]{0,199}")  # of a feature: also the name of a folder
_VERSION = re.compile(r"v?([0-9]+)\.([0-9]+)(\.[0-9]+)?")
_PICTURES, _TEXTS = ("video", "image"), ("string",)
_LINES = 10_000_000  # keys of all lines of a table in JSON
_DIMENSIONS, _WIDEST = 5, 2**31


@dataclass(frozen=True)
class Feature:
    """A column, or a camera."""

    key: str
    dtype: str  # of numpy; "video" and "image" for cameras
    shape: tuple[int, ...]  # of a row; pictures as [H, W, C]
    names: tuple[str, ...] = ()  # of its numbers

    @property
    def is_picture(self) -> bool:
        return self.dtype in _PICTURES

    @property
    def is_text(self) -> bool:
        return self.dtype in _TEXTS


@dataclass(frozen=True)
class Info:
    """What `meta/info.json` says."""

    version: str  # OLD or NEW, whose layout it has
    fps: float
    features: Mapping[str, Feature]
    episodes: int


@dataclass(frozen=True)
class EpisodePlace:
    """Where an episode lies."""

    number: int
    rows: int
    file: Path
    task: str = ""
    videos: Mapping[str, tuple[Path, float]] = field(default_factory=dict)  # file, begin in s


def read_info(root: Path) -> Info:
    """What a folder says of itself; ValueError, as the end of a sentence, if it is none of LeRobot's."""
    told = read_json(root / INFO)
    require(told, {"codebase_version": NAME, "fps": number(1e-3, 1e6), "features": TABLE,
                   "total_episodes": whole(0, 10_000_000)})  # fmt: skip
    version = _VERSION.fullmatch(told["codebase_version"])
    if version is None or int(version[1]) not in (2, 3):
        raise ValueError(
            f"it is of version {shown(told['codebase_version'])}, and 2.0 to 3.0 are read: convert it with "
            "LeRobot's own scripts"
        )
    layout = OLD if version[1] == "2" else NEW
    for name, known in (("data_path", DATA), ("video_path", VIDEO)):
        path = told.get(name)
        if isinstance(path, str) and _plain_path(path) != _plain_path(known[layout]):
            raise ValueError(f"its {name} is {shown(path)}, not {known[layout]}")
    features = {key: _feature(key, one) for key, one in told["features"].items()}
    return Info(layout, float(told["fps"]), features, told["total_episodes"])


def _plain_path(template: str) -> str:
    """A template without the names of its fields."""
    return re.sub(r"\{[a-z_]+(:0[0-9]d)?\}", "{}", template)


def _feature(key: str, told: Any) -> Feature:
    if not _KEY.fullmatch(key) or ".." in key:
        raise ValueError(f"its feature {shown(key)} has a name that is none")
    require(told, {"dtype": NAME}, f"features.{key}.")
    shape = told.get("shape")
    sizes = isinstance(shape, list) and len(shape) <= _DIMENSIONS
    if not sizes or not all(type(n) is int and 0 < n < _WIDEST for n in shape):
        raise ValueError(f"its feature {shown(key)} says no shape")
    names = told.get("names")
    if isinstance(names, dict):  # {"motors": [...]}
        names = next(iter(names.values()), None)
    plain = tuple(map(str, names)) if isinstance(names, list) else ()
    size = tuple(shape)
    if told["dtype"] in _PICTURES:
        if len(size) != 3:
            raise ValueError(f"its camera {shown(key)} has the shape {list(size)}, not [H, W, C]")
        if plain[:1] and plain[0].startswith("channel"):
            size = (*size[1:], size[0])
    return Feature(key, told["dtype"], size, plain)


def episode_places(root: Path, info: Info) -> Iterator[EpisodePlace]:
    """Where each episode lies, in order; ValueError if the tables do not say it."""
    cameras = [key for key, one in info.features.items() if one.dtype == "video"]
    rows = _old_rows(root) if info.version == OLD else _new_rows(root)
    for number_, row in enumerate(rows):
        if row.get("episode_index") != number_:
            raise ValueError(f"its table of episodes has no episode {number_}")
        place = number_ // CHUNK, number_
        at, begin = dict.fromkeys(cameras, place), dict.fromkeys(cameras, 0.0)
        if info.version == NEW:
            place = _pair(row, "data/")
            at = {key: _pair(row, f"videos/{key}/") for key in cameras}
            begin = {key: float(row[f"videos/{key}/from_timestamp"]) for key in cameras}
        yield EpisodePlace(
            number_,
            _count(row, "length"),
            root / DATA[info.version].format(chunk=place[0], file=place[1]),
            _task(row),
            {key: (root / video_path(info.version, key, *at[key]), begin[key]) for key in cameras},
        )


def video_path(version: str, key: str, chunk: int, file: int) -> str:
    """The file of a camera, below the folder."""
    return VIDEO[version].format(chunk=chunk, key=key, file=file)


def _pair(row: Mapping[str, Any], before: str) -> tuple[int, int]:
    return _count(row, f"{before}chunk_index"), _count(row, f"{before}file_index")


def _count(row: Mapping[str, Any], name: str) -> int:
    found = row.get(name)
    if type(found) is not int or not 0 <= found < _WIDEST:
        raise ValueError(f"its table of episodes has no {name}")
    return found


def _old_rows(root: Path) -> Iterator[dict[str, Any]]:
    data = read_ordinary(root / "meta/episodes.jsonl")
    for line in data.splitlines():
        if line.strip():
            yield parse_json(line, most_keys=_LINES)


def _new_rows(root: Path) -> Iterator[dict[str, Any]]:
    """Rows of all tables of episodes, without the statistics."""
    for path in sorted((root / "meta/episodes").glob("chunk-*/file-*.parquet")):
        file = pq.ParquetFile(path)
        names = [name for name in file.schema_arrow.names if not name.startswith("stats/")]
        width = sum(row_width(name, file.schema_arrow.field(name).type) for name in names)
        require_room(file.metadata.num_rows * width, path.stat().st_size)
        table: pa.Table = file.read(columns=names, use_threads=False)
        yield from table.to_pylist()


def _task(row: Mapping[str, Any]) -> str:
    """The task of an episode, where its row names one."""
    tasks = row.get("tasks")
    return tasks[0] if isinstance(tasks, list) and tasks and isinstance(tasks[0], str) else ""
