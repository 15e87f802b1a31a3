"""The revisions of a dataset: which came from which, what was done, and where each episode comes from.

An edit is noted in `revision.json` under `edit`:

    verb        delete, trim, ...
    what        what was done, as a sentence
    when        time of day, UTC
    parent      the revision it was made from
    of          how many episodes that had then
    episodes    for each episode where it comes from: "revision-v0/3"
    changed     numbers of the episodes that are not what they were there
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.reader import episode_numbers
from demos.data.dataset.revision import Revision, read_revision
from demos.data.episodes.facts import REVISION
from environments.system.errors import UserError


@dataclass(frozen=True, order=True)
class EpisodeLocation:
    """Where an episode is, or was: a revision and a number in it."""

    revision: str
    number: int

    def __str__(self) -> str:
        """`revision-v0/3`."""
        return f"{self.revision}/{self.number}"

    @classmethod
    def read(cls, text: str) -> EpisodeLocation:
        """From `str(place)`."""
        revision, _, number = text.rpartition("/")
        return cls(revision, int(number))


def edit_of(revision: Revision) -> dict[str, Any] | None:
    """What is noted of the edit that made it; None where it was recorded or imported."""
    noted: dict[str, Any] | None = revision.facts.get("edit")
    return noted


def noted(verb: str, what: str, parent: str | None, of: int) -> dict[str, Any]:
    """An edit as it is noted, but for its episodes."""
    return {"verb": verb, "what": what, "when": now(), "parent": parent, "of": of}


def now() -> str:
    """The time of day, as it is noted."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def before_edit(dataset: Dataset, before: Revision, edit: dict[str, Any]) -> range:
    """The numbers of the episodes that an edit found in the revision before it.

    Raises:
        UserError: there are fewer.
    """
    if edit["of"] > episode_count(dataset.folder, before.name):
        raise UserError(
            f"Dataset {dataset.name} was edited when {before.name} held {edit['of']} episodes, and some "
            "of them are missing: restore that folder from a copy."
        )
    return range(edit["of"])


def revision_names(folder: Path) -> list[str]:
    """The revisions in a dataset's folder, the first one first."""
    found = [REVISION.fullmatch(path.name) for path in folder.iterdir()]
    return [m[0] for m in sorted((m for m in found if m), key=lambda m: int(m[1]))]


def episode_count(folder: Path, revision: str) -> int:
    """How many episodes there are in a revision of the dataset in a folder."""
    return len(episode_numbers(folder / revision / "data"))


def next_name(folder: Path) -> str:
    """What the next revision is to be called; no name is used twice."""
    last = revision_names(folder)[-1]
    return f"revision-v{int(last.removeprefix('revision-v')) + 1}"


def lineage(dataset: Dataset) -> Iterator[Revision]:
    """The revision that counts, the one it was made from, and so on to the first."""
    revision = dataset.revision
    yield revision
    while (edit := edit_of(revision)) is not None and edit["parent"] is not None:
        revision = read_revision(dataset.folder, edit["parent"], dataset.name)
        yield revision


class Ancestry:
    """Where the episodes of a dataset have been in its revisions."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._read: dict[str, list[str]] = {}

    def chain(self, number: int) -> Iterator[EpisodeLocation]:
        """The places of an episode, from now back to where it was recorded."""
        place = EpisodeLocation(self._dataset.revision.name, number)
        yield place
        while (before := self._before(place)) is not None:
            yield before
            place = before

    def _before(self, place: EpisodeLocation) -> EpisodeLocation | None:
        name = place.revision
        if name not in self._read:
            revision = read_revision(self._dataset.folder, name, self._dataset.name)
            edit = edit_of(revision) or {}
            # A merged or split dataset comes from others: what they did is their history.
            self._read[name] = edit["episodes"] if edit.get("parent") else []
        origins = self._read[name]
        return EpisodeLocation.read(origins[place.number]) if place.number < len(origins) else None
