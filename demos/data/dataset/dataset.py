"""A dataset: a folder of revisions, each a list of immutable episodes that minari can open.

<name>/
    current                     which revision counts, replaced in one step
    lock                        held by the one process that writes
    journal                     the game being recorded, see `demos/data/journal/journal.py`
    journal.damaged-1           what of a journal could not be read, set aside
    revision-v0/
        revision.json           world, spaces, provenance; written once, with its own checksum
        data/                   what minari opens
            metadata.json       counts for minari, derived from the rest and mended on opening
            0/ 1/ 2/ ...        one folder an episode; this listing is the truth
            .writing-...        an episode not yet whole; nobody reads it
    revision-v1/ ...            made by an edit, out of hard links, see `demos/data/editing/revise.py`
    .building-...               a revision not yet whole; nobody reads it
    .cache/                     all steps as plain arrays, made anew at need, see `cache.py`
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from demos.data.dataset.commit import place, sweep, withdraw, written_beside
from demos.data.dataset.loading import load_kept, load_steps, stamp
from demos.data.dataset.lock import in_use_message
from demos.data.dataset.revision import Revision, current_name, read_current, read_revision
from demos.data.dataset.validation import require_fitting
from demos.data.episodes.arrays import Arrays
from demos.data.episodes.episode import Episode
from demos.data.episodes.files import CHECKSUM_FILE, FACTS_FILE, STEPS_FILE, Damaged, read_own
from demos.data.episodes.parquet import decode, encode, read_facts
from environments.files.atomic import (
    locked,
    raising_disk_full,
    read_checked_json,
    replace,
    to_checked_json,
)
from environments.files.leftovers import sweep_files
from environments.simulation.world import World, require
from environments.system.errors import UserError

_NUMBER = re.compile("0|[1-9][0-9]{0,99}")  # as we write it: a folder 007 is none of ours
GAPS = 1000  # episodes that may be missing, beside as many as are there


class Dataset:
    """One dataset on disk. Reading needs no lock; writing takes it, alone."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder = folder
        self.name = name or folder.name
        self._writing = False
        self._turn_to_current()

    def _turn_to_current(self) -> None:
        """Read the revision that counts by now."""
        self.revision = read_current(self.folder, self.name)
        self.facts = self.revision.facts
        self.data = self.folder / self.revision.name / "data"
        self._names = {*self.facts["terms"], *self.facts["costs"]}
        self._known: dict[int, dict[str, Any]] = {}  # facts of episodes, which never change
        self._sums: dict[
            int, tuple[tuple[int, ...], bytes]
        ] = {}  # their checksum files, as last read
        self._mend_counts()

    # -- reading ----------------------------------------------------------------------------

    @property
    def world(self) -> str:
        return str(self.facts["world"])

    @property
    def fingerprint(self) -> str:
        return str(self.facts["fingerprint"])

    def require_world(self, world: World) -> None:
        """Refuse, with what differs, a world other than the one these episodes were played in."""
        if self.fingerprint != world.fingerprint:
            described = self.facts["world_description"]
            cure = "Choose a dataset of this world or record a new one."
            require(world, described, f"Dataset {self.name}", cure)

    def __len__(self) -> int:
        return max(self._listing(), default=-1) + 1

    def load(self, number: int) -> Episode:
        """Episode `number`, verified against its checksum."""
        # One look at the folder before the whole listing: a loop over `load` stays linear.
        if not (self.data / str(number)).is_dir() and not 0 <= number < len(self):
            raise UserError(
                f"Dataset {self.name} has no episode {number}: "
                f"it holds {len(self)}, numbered from 0."
            )
        try:
            episode = decode(self.data / str(number))
            require_fitting(self.revision, episode)
        except Damaged as damage:
            raise self.damaged(number, damage) from damage
        return episode

    def load_all(self) -> list[Episode]:
        """Every episode in order; the first damaged one raises."""
        return [self.load(number) for number in range(len(self))]

    def episode_facts(self, number: int) -> dict[str, Any]:
        """What is noted about an episode beside its steps; far cheaper than `load`."""
        if number not in self._known:
            try:
                facts = read_facts(self.data / str(number))
                if not self._names <= facts["totals"].keys():
                    raise Damaged(FACTS_FILE, "has no total of a term or cost of the dataset")
                self._known[number] = facts
            except Damaged as damage:
                raise self.damaged(number, damage) from damage
        return self._known[number]

    def digest(self) -> str:
        """SHA-256 over the checksums of all episodes: two datasets with one digest hold the same play."""
        return hashlib.sha256(b"".join(map(self.checksum, range(len(self))))).hexdigest()

    def checksum(self, number: int) -> bytes:
        """An episode's checksum file, read again only when it is another one: equal ones, equal play."""
        folder = f"{self.data}/{number}"
        now, known = stamp(f"{folder}/{CHECKSUM_FILE}"), self._sums.get(number)
        if known is None or known[0] != now:
            known = self._sums[number] = (now, self._read_checksum(number, folder))
        return known[1]

    def _read_checksum(self, number: int, folder: str) -> bytes:
        try:
            return read_own(folder, (CHECKSUM_FILE,))[CHECKSUM_FILE]
        except Damaged as damage:
            raise self.damaged(number, damage) from damage

    def revision_named(self, name: str) -> Revision:
        """Another of its revisions, or this one."""
        return read_revision(self.folder, name, self.name)

    def episodes_of(self, revision: str) -> int:
        """How many episodes there are in a revision."""
        return len(_numbers(self.folder / revision / "data"))

    def check(self) -> list[str]:
        """One sentence for each episode that cannot be loaded; none if all is well."""
        complaints = []
        for number in range(len(self)):
            try:
                self.load(number)
                self.episode_facts(number)
            except UserError as problem:
                complaints.append(str(problem))
        return complaints

    def arrays(self, numbers: Sequence[int] | None = None) -> Arrays:
        """The steps of all episodes (or of `numbers`) end to end, for training.

        Those of all are kept beside the episodes (see `demos.data.dataset.cache`) and mapped into memory
        from the second time on. They may be written to: only the caller sees that.

        Raises:
            UserError: there are none, or one of them is damaged.
        """
        chosen = range(len(self)) if numbers is None else numbers
        if len(chosen) == 0:
            raise UserError(f"Dataset {self.name} holds no episodes: record or import some first.")
        if numbers is None:
            with suppress(OSError):  # a file that is missing is named below
                return load_kept(self)
        return load_steps(self, chosen)

    def damaged(self, number: int, damage: Damaged) -> UserError:
        """What to tell a person about an episode that is damaged."""
        return UserError(
            f"Dataset {self.name}, episode {number}: {damage.file} {damage.reason}; restore that "
            "folder from a copy or leave the episode out, the others still load."
        )

    # -- writing ----------------------------------------------------------------------------

    @property
    def is_writing(self) -> bool:
        """Whether we hold it for writing."""
        return self._writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the dataset for writing; a second writer is refused within a second."""
        if self._writing:
            yield
            return
        with locked(self.folder / "lock", in_use_message(self.name)):
            # Edited since we opened it? What is written belongs to what counts now.
            if current_name(self.folder, self.name) != self.revision.name:
                self._turn_to_current()
            self._writing = True
            try:
                sweep(self.data)
                for folder in (self.folder, self.data):
                    sweep_files(folder)
                yield
            finally:
                self._writing = False

    def append(self, episode: Episode) -> int:
        """Add one episode for good; returns its number. Raises what `append_many` does."""
        return self.append_many([episode])[0]

    def append_many(self, episodes: Sequence[Episode]) -> list[int]:
        """Add episodes, all of them or none.

        Raises:
            UserError: they are of another world, or another process is writing.
            DiskFull: there is no room for them; the dataset is as it was.
            ValueError: one has other terms, costs or spaces than the dataset.
        """
        with raising_disk_full(f"dataset {self.name}"), self.writing():
            for episode in episodes:
                self._fits(episode)
            spaces = self.revision.observation_space, self.revision.action_space
            files = (encode(episode, *spaces) for episode in episodes)
            first = len(self)
            with written_beside(self.data, files, len(episodes)) as folders:
                place(folders, self.data, first)
            with suppress(OSError):  # counts are mended on opening; the episodes are safe
                self._write_counts()
        return list(range(first, first + len(episodes)))

    def take_back(self, numbers: Sequence[int]) -> None:
        """Undo the newest episodes, such as the streams of the game kept last; they are gone.

        Raises:
            UserError: `numbers` are not the newest ones; nothing was taken back.
        """
        with self.writing():
            count = len(self)
            if not numbers or sorted(numbers) != list(range(count))[-len(numbers) :]:
                raise UserError(
                    f"Dataset {self.name} holds {count} episodes, and only the newest can be taken "
                    f"back, not {', '.join(map(str, numbers)) or 'none'}; "
                    f"gpo demos delete {self.name} leaves out any."
                )
            withdraw(self.data, numbers)
            for number in numbers:
                self._known.pop(number, None)
            with suppress(OSError):
                self._write_counts()

    def _fits(self, episode: Episode) -> None:
        """Refuse an episode of another world, or with other terms or costs than this dataset's."""
        for name in ("world", "fingerprint"):
            if getattr(episode, name) != self.facts[name]:
                raise UserError(
                    f"This episode's {name} is {getattr(episode, name)}, but dataset {self.name} "
                    f"holds {self.facts[name]}: give it a dataset of its own."
                )
        for name in ("terms", "costs"):
            ours, theirs = sorted(self.facts[name]), sorted(getattr(episode, name))
            if ours != theirs:
                raise ValueError(f"{name}: {theirs}, the dataset has {ours}")

    # -- what is on disk --------------------------------------------------------------------

    def _listing(self) -> list[int]:
        return _numbers(self.data)

    def _minari_view(self) -> dict[str, Any]:
        steps = 0
        size = 0  # bytes
        for number in self._listing():
            with suppress(UserError, OSError):  # a damaged episode counts no steps
                steps += self.episode_facts(number)["total_steps"]
                size += (self.data / str(number) / STEPS_FILE).stat().st_size
        return self.revision.minari_view(self.name, len(self), steps, round(size / 1e6, 1))

    def _write_counts(self) -> None:
        # The digest and the seal let the next opening see, without reading the facts of every
        # episode, that the counts are still right.
        view = {**self._minari_view(), "checksums": self._known_digest()}
        replace(self.data / "metadata.json", to_checked_json(view))

    def _known_digest(self) -> str | None:
        try:
            return self.digest()
        except (UserError, OSError):
            return None  # an episode has lost its checksum: count anew at each opening

    def _mend_counts(self) -> None:
        """Make minari's counts agree with the listing, unless a writer is at it or we may not."""
        with suppress(UserError, OSError, ValueError, KeyError):
            noted = read_checked_json(self.data / "metadata.json")
            if noted["checksums"] is not None and noted["checksums"] == self._known_digest():
                return
        with suppress(UserError, OSError), locked(self.folder / "lock", "busy", patience=0.0):
            self._write_counts()


def _numbers(data: Path) -> list[int]:
    """The numbers of the episodes in a `data` folder.

    Raises:
        UserError: it cannot be read, or a number leaves more gaps than lost episodes would.
    """
    try:
        names = os.listdir(data)  # noqa: PTH208  a third of the time, at every look
    except OSError as error:
        raise UserError(
            f"{data} cannot be read ({error.strerror}): restore it from a copy."
        ) from error
    found = [int(name) for name in names if _NUMBER.fullmatch(name)]
    if found and (last := max(found)) > 2 * len(found) + GAPS:
        raise UserError(
            f"{data} holds {len(found)} episodes, and one that is numbered {last}: move the folder "
            f"{last} away, or restore those that are missing."
        )
    return found
