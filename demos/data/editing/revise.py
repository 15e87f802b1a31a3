"""The making of a new revision of a dataset out of pieces; the old one counts until the new one is whole.

<name>/.building-revision-v1/ is filled first: an episode that stays as it is consists of hard links
to its files (copies where the disk knows none), a changed one is written anew. Everything is synced,
the folder gets its name, and `current` is replaced: a process that is killed on the way leaves the dataset
as it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import EpisodeLocation, next_name
from demos.data.dataset.revision import Revision, make_current, write_revision
from demos.data.episodes.episode import Episode
from demos.data.episodes.files import STEPS_FILE, Damaged
from demos.data.episodes.parquet import encode, read_facts
from environments.files.atomic import (
    raising_disk_full,
    replace,
    sync,
    sync_all,
    to_checked_json,
    to_json,
    write_new,
    write_synced,
)
from environments.system.errors import UserError

_BUILDING = ".building-"


@dataclass(frozen=True)
class Piece:
    """An episode of a revision to come."""

    place: EpisodeLocation  # where it comes from
    folder: Path  # its files
    changed: Episode | None = None  # what it is to be instead

    @classmethod
    def of(cls, dataset: Dataset, number: int, changed: Episode | None = None) -> Piece:
        """An episode of the revision that counts."""
        return cls(
            EpisodeLocation(dataset.revision.name, number), dataset.data / str(number), changed
        )


@contextmanager
def editing(dataset: Dataset) -> Iterator[Dataset]:
    """Hold a dataset for an edit, as it is now.

    Raises:
        UserError: another process is writing; DiskFull, if there is no room: then nothing was changed.
    """
    with raising_disk_full(f"dataset {dataset.name}"), dataset.writing():
        for left in dataset.folder.glob(f"{_BUILDING}*"):  # by an edit that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield dataset


def revise(
    dataset: Dataset,
    pieces: Sequence[Piece],
    edit: dict[str, Any],
    like: Revision | None = None,
) -> str:
    """Let a revision of these episodes count from now on; within `editing`. Returns its name.

    Args:
        dataset: what is edited.
        pieces: the episodes, in their new order.
        edit: as `history.noted`; where it names episodes itself, those stand.
        like: has the facts and spaces of the new revision; the current one if None.
    """
    like = like or dataset.revision
    name = next_name(dataset.folder)
    beside = dataset.folder / f"{_BUILDING}{name}"
    origins = {
        "episodes": [str(piece.place) for piece in pieces],
        "changed": [k for k, piece in enumerate(pieces) if piece.changed is not None],
    }
    try:
        facts = {**like.facts, "edit": {**origins, **edit}}
        write_revision(
            dataset.folder, beside.name, facts, like.observation_space, like.action_space
        )
        made = Revision(name, facts, like.observation_space, like.action_space)
        put_pieces(pieces, beside / "data", made)
        write_synced(
            beside / "data" / "metadata.json", _counts(made, dataset.name, beside / "data")
        )
        sync(beside / "data")
        sync(beside)
        beside.rename(dataset.folder / name)
        sync(dataset.folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    make_current(dataset.folder, name)
    return name


def put_pieces(pieces: Sequence[Piece], data: Path, revision: Revision) -> None:
    """Make the episodes of a `data` folder that nobody reads yet, numbered from 0, and sync them."""
    seen, done = revision.observation_space, revision.action_space
    for number, piece in enumerate(pieces):
        folder = data / str(number)
        folder.mkdir()
        if piece.changed is None:
            _link(piece.folder, folder)
        else:
            for name, content in encode(piece.changed, seen, done).items():
                write_new(folder / name, content)
    sync_all(data)


def note_origins(dataset: Dataset, edit: dict[str, Any], origins: Sequence[str]) -> None:
    """Note where the episodes come from in a dataset that is still being built."""
    path = dataset.folder / dataset.revision.name / "revision.json"
    edit = {**edit, "episodes": list(origins), "changed": []}
    replace(path, to_checked_json({**dataset.facts, "edit": edit}))


def _counts(revision: Revision, dataset: str, data: Path) -> bytes:
    """What minari wants to know; `Dataset` mends it when episodes come."""
    folders = [path for path in data.iterdir() if path.is_dir()]
    steps = 0
    for folder in folders:
        with suppress(Damaged):
            steps += read_facts(folder)["total_steps"]
    size = sum(path.stat().st_size for path in data.glob(f"*/{STEPS_FILE}"))
    return to_json(revision.minari_view(dataset, len(folders), steps, round(size / 1e6, 1)))


def _link(source: Path, target: Path) -> None:
    if not source.is_dir():
        raise UserError(
            f"The folder of episode {source.name} is missing below {source.parent}: restore it from "
            "a copy, or leave the episode out first, with `gpo demos delete`."
        )
    for file in source.iterdir():
        try:
            os.link(file, target / file.name)
        except OSError:  # another disk, a file system without links, or too many of them
            write_new(target / file.name, file.read_bytes())
