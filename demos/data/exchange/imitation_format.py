"""Recorded games as the trajectories of `imitation`, in the folder of Arrow files that it loads itself.

What only we note stands in `infos`, as JSON: a dict a step; that of the first step also holds
`gpo`: {"dataset": {...}, "episode": {...}}. imitation's older files are pickles, and are not read.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.facts import TABLE, listed, require, shown
from demos.data.exchange.file_format import FileFormat
from demos.data.exchange.folder_limits import STRANGE, require_plain, require_room, row_width, words
from demos.data.exchange.portable_episode import (
    PortableEpisode,
    Recordings,
    dataset_facts,
    require_about,
    to_portable,
)
from environments.files.readers import parse_json, read_json
from environments.system.errors import UserError

_OURS = "gpo"
_COLUMNS = ("obs", "acts", "infos", "terminal", "rews")
_NEEDED = {"obs", "acts", "terminal"}
_NOTED = ("requested_actions", "actors", "capture_times", "late", "raw", "terms/", "costs/")
_PART = re.compile(r"\w[\w.-]*\.arrow")
_PACKAGES = ("imitation", "datasets", "jsonpickle")


class ImitationFormat(FileFormat):
    """The trajectories of `imitation`, in a folder of Arrow files."""

    def export(self, dataset: Dataset, path: Path) -> None:
        """Write all episodes into a folder that is not there yet; raises as `Format.export`.

        imitation keeps no dicts: observations of several parts are the rows that the dataset has.
        """
        _require_packages()
        from imitation.data.serialize import save
        from imitation.data.types import TrajectoryWithRew

        trajectories = []
        for number in range(len(dataset)):
            portable = to_portable(dataset.load(number))
            infos = _infos(portable)
            about = {"dataset": dataset_facts(dataset)} if number == 0 else {}
            infos[0][_OURS] = {
                **about,
                "episode": {**portable.facts, "truncated": portable.truncated},
            }
            trajectories.append(
                TrajectoryWithRew(
                    obs=portable.observations,
                    acts=portable.actions,
                    infos=np.array(infos, dtype=object),
                    terminal=portable.terminated,
                    rews=np.asarray(portable.rewards, np.float32),
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

    def read(self, path: Path) -> Recordings:
        """As `FileFormat.read`; raises UserError too if it holds more than plain numbers and texts."""
        if not path.is_dir():
            raise UserError(
                f"{path} is no folder: save the trajectories with imitation's `serialize.save`, older files "
                "of its are pickles, which can run code."
            )
        require_plain(path)
        try:
            rows = _rows(path)
            about = require_about(_ours(rows, 0).get("dataset", {})) if len(rows) else {}
        except STRANGE as error:
            raise _unreadable(path, error) from error
        return Recordings(about, _episodes(path, rows))


def _unreadable(path: Path, error: BaseException) -> UserError:
    return UserError(f"{path} holds no trajectories of imitation: {words(error)}.")


def _rows(path: Path) -> pa.Table:
    """The table that `datasets` has saved, without `datasets`: a column of its may be a path to read."""
    told = read_json(path / "state.json")
    require(told, {"_data_files": listed(TABLE, 100_000)})
    tables = []
    for part in told["_data_files"]:
        name = part.get("filename")
        if not isinstance(name, str) or not _PART.fullmatch(name):
            raise ValueError(f"its part {shown(name)} is no file in it")
        size = (path / name).stat().st_size
        with pa.OSFile(str(path / name)) as file:
            reader = pa.ipc.open_stream(file)
            if not set(reader.schema.names) >= _NEEDED:
                raise ValueError(f"its columns are {shown(', '.join(reader.schema.names))}")
            names = [name for name in _COLUMNS if name in reader.schema.names]
            for name in names:
                row_width(name, _plain_type(reader.schema.field(name).type))
            table = reader.read_all().select(names)
        table.validate(full=True)  # its offsets are whatever the file says
        require_room(table.nbytes, size)
        tables.append(table)
    return pa.concat_tables(tables)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.ExtensionType) else kind


def _episodes(path: Path, rows: pa.Table) -> Iterator[PortableEpisode]:
    try:
        for number in range(len(rows)):
            yield _episode(rows, number)
    except STRANGE as error:
        raise _unreadable(path, error) from error


def _episode(rows: pa.Table, number: int) -> PortableEpisode:
    """A row of the table; `infos` are read as JSON and never as what they may name."""
    row = rows.slice(number, 1).to_pylist()[0]
    steps = len(row["acts"])
    infos = [parse_json(text) for text in row.get("infos") or ["{}"] * steps]
    facts = dict(_ours(rows, number).get("episode", {}))
    truncated = facts.pop("truncated", not row["terminal"])  # imitation knows only terminal or not
    names = [name for name in infos[0] if name.startswith(_NOTED)] if infos else []
    noted = {name: np.array([info[name] for info in infos]) for name in names if name in infos[-1]}
    types = {"actors": np.uint8, "capture_times": np.int64, "late": np.bool_, "raw": np.float32}
    noted = {n: v.astype(types.get(n, v.dtype)) for n, v in noted.items() if v.dtype.kind in "biuf"}
    if "raw_names" not in facts.get("meta", {}):
        noted.pop("raw", None)
    rewards = np.array(row["rews"]) if row.get("rews") is not None else None
    return PortableEpisode(
        _seen(row["obs"]),
        np.array(row["acts"]),
        rewards,
        bool(row["terminal"]),
        bool(truncated),
        noted,
        facts,
    )


def _seen(rows: list[Any], name: str = "") -> Any:
    """Observations as one array, or by name where each is a dict, perhaps of dicts."""
    if not rows or not isinstance(rows[0], dict):
        return np.array(rows)
    found: dict[str, Any] = {}
    for key in rows[0]:
        part = f"{name}.{key}" if name else str(key)
        inner = _seen([row[key] for row in rows], part)
        found |= inner if isinstance(inner, dict) else {part: inner}
    return found


def _ours(rows: pa.Table, number: int) -> dict[str, Any]:
    """What we have noted in a row's first info, if it is of our making."""
    infos = rows.column("infos")[number].as_py() if "infos" in rows.column_names else None
    first = parse_json((infos or ["{}"])[0])
    require(first, {_OURS: TABLE}, missing=True)
    found: dict[str, Any] = first.get(_OURS, {})
    require(found, {"dataset": TABLE, "episode": TABLE}, "gpo.", missing=True)
    return found


def _infos(portable: PortableEpisode) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {n: _plain(values) for n, values in portable.noted.items()}
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
            raise UserError(f"This format needs the package '{name}'; type: {cure}")


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
