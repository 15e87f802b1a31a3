"""The recovery of a game from the journal that a crash left: it becomes episodes, and nothing twice."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.validation import require_fitting
from demos.data.episodes.episode import JOINED, Episode
from demos.data.episodes.facts import META, require
from demos.data.episodes.files import CHECKSUM_FILE, Damaged
from demos.data.episodes.parquet import encode
from demos.data.journal.format import (
    END,
    FIRST,
    HEAD,
    KEEP,
    STEP,
    JournalContents,
    JournalFrame,
    read_journal,
)
from demos.data.journal.journal import NAME
from demos.data.journal.records import GameHeader
from demos.data.journal.to_episodes import ENDINGS, make_episodes, notes
from environments.files.atomic import sync
from environments.files.readers import parse_json
from environments.system.errors import UserError

ASIDE = (
    "journal.damaged-"  # and a number: what of a journal could not be read, beside the dataset's
)


@dataclass(frozen=True)
class Recovery:
    """What became of the game that a journal held."""

    sentence: str
    numbers: tuple[int, ...]  # of the episodes it is now, one a stream
    whole: bool  # nothing of it is lost


def recover(dataset: Dataset) -> Recovery | None:
    """Make an episode of each stream of what the journal holds; None if there is no journal.

    A game that was being kept when the process died is kept, as it would have been; any other is marked
    `recovered` in its meta, and aborted unless it had come to its end. Doing it twice adds nothing.

    Raises:
        DiskFull: there is no room for the episodes; the journal is as it was.
        UserError: a game is being recorded, or another process is writing.
    """
    path = dataset.folder / NAME
    if not path.exists():
        return None
    with dataset.writing():
        found = read_journal(path)
        if not found.entries and not found.rest:
            _drop(path)
            sentence = (
                f"The journal of dataset {dataset.name} is empty: a game had just been begun."
            )
            return Recovery(sentence, (), False)
        try:
            game, episodes = _read(dataset, found)
            spaces = dataset.revision.observation_space, dataset.revision.action_space
            files = [encode(episode, *spaces) for episode in episodes]
            for episode in episodes:
                require_fitting(dataset.revision, episode)
        except (ValueError, Damaged) as error:
            return _leave(path, found, f"The journal of dataset {dataset.name} {error}")
        numbers = _add(dataset, episodes, files)
        if not episodes and not found.rest:
            _drop(path)
            return Recovery(f"The game {game.match} had no step yet: nothing is lost.", (), True)
        return _settle(dataset, path, found, episodes, numbers)


def _read(dataset: Dataset, found: JournalContents) -> tuple[GameHeader, list[Episode]]:
    """The game of a journal; ValueError, as the end of a sentence, if it cannot be had."""
    entries = found.entries
    if [entry.kind for entry in entries[:2]] != [HEAD, FIRST]:
        raise ValueError("does not say what was recorded")
    game = GameHeader.from_json(entries[0].payload)
    if not game.fits(dataset):
        raise ValueError(
            "is of another world, or of other terms and costs, than the dataset has now"
        )
    steps = [entry.payload for entry in entries if entry.kind == STEP]
    if not steps:
        if found.rest:
            raise ValueError("holds no step that can be read")
        return game, []
    said = _keeping(entries)
    ending = {name: said[name] for name in ENDINGS if name in said} if said else None
    meta = notes(entries, said["rating"] if said else None, ending)
    meta |= {} if said else {"recovered": True}
    return game, make_episodes(dataset, game, entries[1].payload, steps, meta)


def _keeping(entries: Sequence[JournalFrame]) -> dict[str, Any] | None:
    """What was asked for if the last thing asked for was to keep the game."""
    said = [entry for entry in entries if entry.kind != END]
    if said[-1].kind != KEEP:
        return None
    asked: dict[str, Any] = parse_json(said[-1].payload)
    require(asked, {"rating": META["rating"]}, "keep.")
    require(asked, ENDINGS, "keep.", missing=True)
    return asked


def _add(
    dataset: Dataset, episodes: Sequence[Episode], files: Sequence[Mapping[str, bytes]]
) -> tuple[int, ...]:
    """Append what is not there yet: the process may have died between its last two steps."""
    there = {_seal(dataset, number): number for number in range(len(dataset))}
    seals = [made[CHECKSUM_FILE] for made in files]
    missing = [place for place, seal in enumerate(seals) if seal not in there]
    added = dataset.append_many([episodes[place] for place in missing]) if missing else []
    numbers = dict(zip(missing, added, strict=True))
    return tuple(
        numbers[place] if place in numbers else there[seal] for place, seal in enumerate(seals)
    )


def _seal(dataset: Dataset, number: int) -> bytes:
    try:
        return dataset.checksum(number)
    except (OSError, UserError):
        return b""


# ------------------------------------------------------------------------- what is told


def _settle(
    dataset: Dataset,
    path: Path,
    found: JournalContents,
    episodes: Sequence[Episode],
    numbers: Sequence[int],
) -> Recovery:
    """The journal has done its work: remove it, or set it aside if more of it is left."""
    steps = max(len(episode) + episode.meta.get(JOINED, 0) for episode in episodes)
    players = " and ".join(f"{e.player or e.agent} ({e.meta['device']})" for e in episodes)
    which = f"episode {' and '.join(map(str, numbers))}"
    saved = (
        f"Dataset {dataset.name}: {steps} steps ({episodes[0].seconds:.1f} s) of the game "
        f"{episodes[0].match}, played by {players}, are {which} now"
    )
    if found.beyond:
        lost = f"steps {steps} to {found.beyond - 1} are" if found.beyond > steps else "no step is"
        return _leave(
            path, found, f"{saved}; its journal is damaged behind them, {lost} lost", numbers
        )
    _drop(path)
    if found.closed or (_keeping(found.entries) and not found.rest):
        return Recovery(f"{saved}, and nothing of it is lost.", tuple(numbers), True)
    torn = f", but for {found.rest:,} bytes of a record that is not whole" if found.rest else ""
    lost = f"what came after them, at most 0.5 s before the crash, was not on the disk yet{torn}"
    return Recovery(f"{saved}; {lost}.", tuple(numbers), False)


def _leave(path: Path, found: JournalContents, why: str, numbers: Sequence[int] = ()) -> Recovery:
    aside = next(
        place
        for number in itertools.count(1)
        if not (place := path.with_name(f"{ASIDE}{number}")).exists()
    )
    path.rename(aside)
    sync(path.parent)
    size = found.rest + sum(len(entry.payload) for entry in found.entries)
    return Recovery(
        f"{why}; it is set aside as {aside.name} ({size:,} bytes).", tuple(numbers), False
    )


def _drop(path: Path) -> None:
    path.unlink()
    sync(path.parent)
