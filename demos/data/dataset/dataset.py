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

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from demos.data.dataset.commit import place, sweep, withdraw, written_beside
from demos.data.dataset.counts import mend_counts, write_counts
from demos.data.dataset.loading import load_kept, load_steps
from demos.data.dataset.lock import in_use_message
from demos.data.dataset.reader import RevisionReader
from demos.data.dataset.revision import current_name, read_current
from demos.data.dataset.validation import require_writable
from demos.data.episodes.arrays import Arrays
from demos.data.episodes.episode import Episode
from demos.data.episodes.parquet import encode
from environments.files.atomic import locked, raising_disk_full
from environments.files.leftovers import sweep_files
from environments.simulation.world import SCORED, World, differences, require
from environments.system.errors import UserError


class Dataset:
    """One dataset on disk: the revision that counts, read without a lock and written with it, alone."""

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
        self._reader = RevisionReader(self.name, self.revision, self.data)
        mend_counts(self._reader, self.folder / "lock")

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
            changed = {line.split(":")[0] for line in differences(world.describe(), described)}
            if changed <= {"version", "observation", "parts", *SCORED}:  # it may be played again
                cure = (
                    f"Type `gpo demos relabel {self.name}`, which plays it again and counts anew, or "
                    "record a new one."
                )
            require(world, described, f"Dataset {self.name}", cure)

    def require_columns(self, world: World) -> None:
        """Refuse to take episodes of a world in which other things are named or vary than in that of these.

        Raises:
            UserError: it does; it says which.
        """
        if self.fingerprint != world.fingerprint:
            raise UserError(
                f"Dataset {self.name} was recorded before '{world.id}' said which version it is: record "
                "into another one."
            )
        if (self.facts["world_description"].get("vary") or {}) != world.vary:
            raise UserError(
                f"In dataset {self.name} other parameters vary than in '{world.id}' now, so its episodes "
                "could not be played again beside these: choose another dataset."
            )
        for kind, names in (("terms", world.terms), ("costs", world.costs)):
            differing = sorted(set(self.facts[kind]) ^ set(names))
            if differing or list(names) != list(self.facts[kind]):
                raise UserError(
                    f"Dataset {self.name} was recorded with other {kind} than '{world.id}' has now "
                    f"({', '.join(differing) or 'their order'}): type `gpo demos relabel {self.name}`, or "
                    "choose another dataset."
                )

    def __len__(self) -> int:
        return len(self._reader)

    def load(self, number: int) -> Episode:
        """Episode `number`, verified against its checksum; UserError if it is damaged or missing."""
        return self._reader.load(number)

    def load_all(self) -> list[Episode]:
        """Every episode in order; the first damaged one raises."""
        return [self.load(number) for number in range(len(self))]

    def episode_facts(self, number: int) -> dict[str, Any]:
        """What is noted about an episode beside its steps; far cheaper than `load`."""
        return self._reader.facts(number)

    def whole(self) -> list[int]:
        """The episodes that the environment did not break off: those that are learned from."""
        return [n for n in range(len(self)) if not self.episode_facts(n)["meta"].get("broken_off")]

    def digest(self) -> str:
        """SHA-256 over the checksums of all episodes: two datasets with one digest hold the same play."""
        return self._reader.digest()

    def checksum(self, number: int) -> bytes:
        """An episode's checksum file: equal ones, equal play."""
        return self._reader.checksum(number)

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
        """The steps of all whole episodes (or of `numbers`) end to end, for training.

        Those of all are kept beside the episodes (see `demos.data.dataset.cache`) and mapped into memory
        from the second time on. They may be written to: only the caller sees that.

        Raises:
            UserError: there are none, or one of them is damaged.
        """
        chosen = self.whole() if numbers is None else numbers
        if len(chosen) == 0:
            broken = " but such as the environment broke off" if len(self) else ""
            raise UserError(
                f"Dataset {self.name} holds no episodes{broken}: record or import some first."
            )
        if numbers is None:
            with suppress(OSError):  # a file that is missing is named below
                return load_kept(self._reader, self.folder, chosen)
        return load_steps(self._reader, chosen)

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
                require_writable(self.revision, self.name, episode)
            spaces = self.revision.observation_space, self.revision.action_space
            files = (encode(episode, *spaces) for episode in episodes)
            first = len(self)
            with written_beside(self.data, files, len(episodes)) as folders:
                place(folders, self.data, first)
            with suppress(OSError):  # counts are mended on opening; the episodes are safe
                write_counts(self._reader)
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
                self._reader.forget(number)
            with suppress(OSError):
                write_counts(self._reader)
