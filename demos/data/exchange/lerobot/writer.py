"""Writes LeRobot's folders, v3.0 and v2.1: pictures as PNG in the tables, so that none is lost.

What LeRobot has no place for (last observations, terms, costs, who acted) stands in `layout.OURS`, an .npz of
our own without observations and actions, which LeRobot does not look at.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demos.data.exchange.lerobot.columns import (
    SEEN,
    Rows,
    feature_arrays,
    features_of,
    statistics,
    to_table,
    together,
)
from demos.data.exchange.lerobot.layout import CHUNK, DATA, INFO, NEW, OLD, OURS, Feature
from demos.data.exchange.npz.joined_arrays import NamedArrays
from environments.files.atomic import to_json

MEGABYTES = 100  # of a file of many episodes, before it is packed
VIDEO_MEGABYTES = 500  # lerobot asks for it, and we write none


@dataclass(frozen=True)
class LeRobotFacts:
    """What goes into a folder beside its arrays."""

    version: str  # `layout.OLD` or `NEW`
    fps: float
    tasks: list[str]  # of each episode
    names: Mapping[str, tuple[str, ...]]  # of the numbers of a feature
    megabytes: float = MEGABYTES


@dataclass(frozen=True)
class WrittenEpisode:
    """One episode as it was written."""

    number: int
    first: int  # of its rows, among all
    end: int
    file: int  # of all data files of version 3.0
    task: str
    statistics: dict[str, dict[str, Rows]]  # by feature


def write_folder(root: Path, arrays: NamedArrays, facts: LeRobotFacts) -> None:
    """Write all episodes below `root`, which is there and empty.

    Args:
        root: the folder.
        arrays: of `npz.joined_arrays.join_episodes`.
        facts: what else goes into it.
    """
    columns, parts = feature_arrays(arrays)
    features = features_of(columns, facts.names)
    tasks = list(dict.fromkeys(facts.tasks))
    episodes = list(_write_data(root, arrays, columns, features, facts))
    info = _info(facts, features, episodes, len(tasks))
    _write(root / INFO, to_json({**info, "gpo": {"parts": parts}}))
    if facts.version == NEW:
        _write_new_tables(root, episodes, tasks)
    else:
        _write_old_tables(root, episodes, tasks)
    kept = {n: v for n, v in arrays.items() if n.split("/")[0] not in (SEEN, "actions")}
    with (root / OURS).open("xb") as file:
        np.savez_compressed(file, allow_pickle=False, **kept)


def _write_data(
    root: Path,
    arrays: NamedArrays,
    columns: Mapping[str, Rows],
    features: Mapping[str, Feature],
    facts: LeRobotFacts,
) -> Iterator[WrittenEpisode]:
    tasks = {task: k for k, task in enumerate(dict.fromkeys(facts.tasks))}
    writer, file, size = None, -1, 0
    for number, (first, end) in enumerate(itertools.pairwise(arrays["starts"].tolist())):
        own = {key: rows[first:end] for key, rows in columns.items()}
        own |= _counted(number, first, end, facts.fps, tasks[facts.tasks[number]])
        table = to_table(own, features)
        size += table.nbytes
        if writer is None or facts.version == OLD or size > facts.megabytes * 2**20:
            if writer is not None:
                writer.close()
            file, size = file + 1, table.nbytes
            path = root / DATA[facts.version].format(
                chunk=file // CHUNK, file=_in_chunk(facts, file)
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table)
        stats = {key: statistics(rows) for key, rows in own.items()}
        yield WrittenEpisode(number, first, end, file, facts.tasks[number], stats)
    if writer is not None:
        writer.close()


def _in_chunk(facts: LeRobotFacts, file: int) -> int:
    return file if facts.version == OLD else file % CHUNK


def _counted(number: int, first: int, end: int, fps: float, task: int) -> dict[str, Rows]:
    """The columns that LeRobot counts: [T, 1] each."""
    steps = np.arange(end - first)
    found: dict[str, Rows] = {
        "timestamp": (steps / fps).astype(np.float32),
        "frame_index": steps,
        "episode_index": np.full(len(steps), number),
        "index": steps + first,
        "task_index": np.full(len(steps), task),
    }
    return {
        key: (rows if key == "timestamp" else rows.astype(np.int64)).reshape(-1, 1)
        for key, rows in found.items()
    }


def _info(
    facts: LeRobotFacts,
    features: Mapping[str, Feature],
    episodes: list[WrittenEpisode],
    tasks: int,
) -> dict[str, Any]:
    old = facts.version == OLD
    chunks = {"total_videos": 0, "total_chunks": -(-len(episodes) // CHUNK)}
    sizes = {"data_files_size_in_mb": MEGABYTES, "video_files_size_in_mb": VIDEO_MEGABYTES}
    path = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
    return {
        "codebase_version": facts.version,
        "robot_type": None,
        "total_episodes": len(episodes),
        "total_frames": episodes[-1].end,
        "total_tasks": tasks,
        **(chunks if old else sizes),
        "chunks_size": CHUNK,
        "fps": int(facts.fps) if facts.fps == int(facts.fps) else facts.fps,
        "splits": {"train": f"0:{len(episodes)}"},
        "data_path": path if old else "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": None,
        "features": {
            key: {"dtype": one.dtype, "shape": list(one.shape), "names": list(one.names) or None}
            for key, one in features.items()
        },
    }


def _write_old_tables(root: Path, episodes: list[WrittenEpisode], tasks: list[str]) -> None:
    lines = {
        "episodes": [
            {"episode_index": e.number, "tasks": [e.task], "length": e.end - e.first}
            for e in episodes
        ],
        "tasks": [{"task_index": k, "task": task} for k, task in enumerate(tasks)],
        "episodes_stats": [
            {"episode_index": e.number, "stats": _plain_statistics(e.statistics)} for e in episodes
        ],
    }
    for name, rows in lines.items():
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        _write(root / f"meta/{name}.jsonl", text.encode())


def _write_new_tables(root: Path, episodes: list[WrittenEpisode], tasks: list[str]) -> None:
    import pandas as pd  # here: only this needs it

    all_of_them = {
        key: together([e.statistics[key] for e in episodes]) for key in episodes[0].statistics
    }
    _write(root / "meta/stats.json", to_json(_plain_statistics(all_of_them)))
    named = pd.DataFrame({"task_index": range(len(tasks))}, index=pd.Index(tasks, dtype=object))
    named.to_parquet(root / "meta/tasks.parquet")
    rows = [_new_row(episode) for episode in episodes]
    path = root / "meta/episodes/chunk-000/file-000.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def _new_row(episode: WrittenEpisode) -> dict[str, Any]:
    stats = _plain_statistics(episode.statistics)
    return {
        "episode_index": episode.number,
        "tasks": [episode.task],
        "length": episode.end - episode.first,
        "data/chunk_index": episode.file // CHUNK,
        "data/file_index": episode.file % CHUNK,
        "dataset_from_index": episode.first,
        "dataset_to_index": episode.end,
        **{f"stats/{key}/{n}": v for key, own in stats.items() for n, v in own.items()},
        "meta/episodes/chunk_index": 0,
        "meta/episodes/file_index": 0,
    }


def _plain_statistics(found: Mapping[str, Mapping[str, Rows]]) -> dict[str, dict[str, Any]]:
    return {
        key: {name: value.tolist() for name, value in own.items()} for key, own in found.items()
    }


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
