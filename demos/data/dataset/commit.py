"""Adding and removing episodes of a revision: written beside it, then renamed, so never half."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from environments.files.atomic import defer_signals, sync, sync_all, write_new

BESIDE = ".writing-"  # begins the name of a folder that is not, or no longer, an episode
BULK = 8  # episodes, from which on one sync of everything is quicker than one for each file


@contextmanager
def written_beside(
    data: Path, episodes: Iterable[Mapping[str, bytes]], count: int
) -> Iterator[list[Path]]:
    """`count` folders of files in hidden places, on the disk itself; what is not placed goes again."""
    folders: list[Path] = []
    try:
        for number, files in enumerate(episodes):
            folders.append(data / f"{BESIDE}{number}")
            folders[-1].mkdir()
            for name, content in files.items():
                write_new(folders[-1] / name, content, through=count < BULK)
            if count < BULK:
                sync(folders[-1])
        if count >= BULK:
            sync_all(data)
        yield folders
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        sync(data)


def place(folders: Sequence[Path], data: Path, first: int) -> None:
    """Let folders count as episodes `first` and on: all of them, or after an error none."""
    with defer_signals():
        placed: list[tuple[Path, Path]] = []
        try:
            for number, folder in enumerate(folders, first):
                placed.append((folder, folder.rename(data / str(number))))
            sync(data)
        except OSError:
            for folder, episode in reversed(placed):
                episode.rename(folder)
            raise


def withdraw(data: Path, numbers: Sequence[int]) -> None:
    """Let episodes count no more, the newest first, and remove them."""
    with defer_signals():
        hidden = [
            (data / str(number)).rename(data / f"{BESIDE}back-{number}")
            for number in sorted(numbers, reverse=True)
        ]
        sync(data)
    for folder in hidden:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(data: Path) -> None:
    """Drop what a writer that died left beside the episodes; only for one who holds the lock."""
    for leftover in data.glob(f"{BESIDE}*"):
        shutil.rmtree(leftover, ignore_errors=True)
