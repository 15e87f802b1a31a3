"""A dataset: a folder of revisions, each a list of immutable episodes that minari can open.

    <name>/
        current                     which revision counts, replaced in one step
        lock                        held by the one process that writes
        revision-v0/
            revision.json           world, spaces, provenance; written once, with its own checksum
            data/                   what minari opens
                metadata.json       counts for minari, derived from the rest and mended on opening
                0/ 1/ 2/ ...        one folder an episode; this listing is the truth
                .writing-...        an episode not yet whole; nobody reads it
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.durable import locked, replace, sync, to_json, unseal, write_synced
from demos.episode import Episode
from demos.parquet import STEPS_FILE, Damaged, decode, encode, read_facts
from environments.problem import Problem

MINARI_LAYOUT = "0.5.4"  # the release of minari whose layout this is
_UNREADABLE: dict[str, Any] = {"total_steps": 0}


@dataclass(frozen=True)
class Arrays:
    """All episodes end to end. S = steps of all, E = episodes."""

    observations: npt.NDArray[Any]  # [S, ...], each the one its action was chosen on
    actions: npt.NDArray[Any]  # [S, ...]
    rewards: npt.NDArray[np.float32]  # [S]
    terms: dict[str, npt.NDArray[np.float32]]  # each [S]
    costs: dict[str, npt.NDArray[np.float32]]  # each [S]
    actors: npt.NDArray[np.uint8]  # [S]
    episode: npt.NDArray[np.int64]  # [S], number of the episode in the dataset
    starts: npt.NDArray[np.int64]  # [E+1], episode e is rows starts[e] to starts[e+1]
    final_observations: npt.NDArray[Any]  # [E, ...]
    terminated: npt.NDArray[np.bool_]  # [E]
    truncated: npt.NDArray[np.bool_]  # [E]


class Dataset:
    """One dataset on disk. Reading needs no lock; writing takes it, alone."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder = folder
        self.name = name or folder.name
        self.revision = self._current()
        self.data = folder / self.revision / "data"
        self.facts = self._revision_facts()
        self._known: dict[int, dict[str, Any]] = {}  # facts of episodes, which never change
        self._writing = False
        self._mend_counts()

    # -- reading ----------------------------------------------------------------------------

    @property
    def world(self) -> str:
        return str(self.facts["world"])

    @property
    def fingerprint(self) -> str:
        return str(self.facts["fingerprint"])

    def __len__(self) -> int:
        return max(self._listing(), default=-1) + 1

    def load(self, number: int) -> Episode:
        """Episode `number`, verified against its checksum."""
        if not 0 <= number < len(self):
            raise Problem(
                f"Dataset {self.name} has no episode {number}: "
                f"it holds {len(self)}, numbered from 0."
            )
        try:
            return decode(self.data / str(number))
        except Damaged as damage:
            raise self._damaged(number, damage) from damage

    def load_all(self) -> list[Episode]:
        """Every episode in order; the first damaged one raises."""
        return [self.load(number) for number in range(len(self))]

    def episode_facts(self, number: int) -> dict[str, Any]:
        """What is noted about an episode beside its steps; far cheaper than `load`."""
        if number not in self._known:
            try:
                self._known[number] = read_facts(self.data / str(number))
            except Damaged as damage:
                raise self._damaged(number, damage) from damage
        return self._known[number]

    def check(self) -> list[str]:
        """One sentence for each episode that cannot be loaded; none if all is well."""
        complaints = []
        for number in range(len(self)):
            try:
                self.load(number)
            except Problem as problem:
                complaints.append(str(problem))
        return complaints

    def arrays(self, numbers: Sequence[int] | None = None) -> Arrays:
        """The steps of all episodes (or of `numbers`) end to end, for training."""
        chosen = range(len(self)) if numbers is None else numbers
        if len(chosen) == 0:
            raise Problem(f"Dataset {self.name} holds no episodes: record or import some first.")
        episodes = [self.load(number) for number in chosen]
        lengths = [len(episode) for episode in episodes]
        together = np.concatenate
        return Arrays(
            observations=together([episode.observations[:-1] for episode in episodes]),
            actions=together([episode.actions for episode in episodes]),
            rewards=together([episode.rewards for episode in episodes]),
            terms={n: together([e.terms[n] for e in episodes]) for n in self.facts["terms"]},
            costs={n: together([e.costs[n] for e in episodes]) for n in self.facts["costs"]},
            actors=together([episode.actors for episode in episodes]),
            episode=np.repeat(np.asarray(chosen, np.int64), lengths),
            starts=np.cumsum([0, *lengths], dtype=np.int64),
            final_observations=np.stack([episode.observations[-1] for episode in episodes]),
            terminated=np.array([episode.terminated for episode in episodes]),
            truncated=np.array([episode.truncated for episode in episodes]),
        )

    # -- writing ----------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the dataset for writing; a second writer is refused within a second."""
        if self._writing:
            yield
            return
        refusal = (
            f"Dataset {self.name} is being written by another process: "
            "end that one first, or choose another dataset."
        )
        with locked(self.folder / "lock", refusal):
            self._writing = True
            try:
                self._sweep()
                yield
            finally:
                self._writing = False

    def append(self, episode: Episode) -> int:
        """Add one episode for good; returns its number."""
        return self.append_many([episode])[0]

    def append_many(self, episodes: Sequence[Episode]) -> list[int]:
        """Add episodes; each is on disk whole or not at all, and none if any is unfit."""
        for episode in episodes:
            self._fits(episode)
        with self.writing():
            beside: list[Path] = []
            try:
                for episode in episodes:
                    beside.append(self.data / f".writing-{len(beside)}")
                    self._write(beside[-1], episode)
                first = len(self)
                for offset, folder in enumerate(beside):
                    folder.rename(self.data / str(first + offset))
            finally:
                for folder in beside:
                    shutil.rmtree(folder, ignore_errors=True)
                sync(self.data)
                self._write_counts()
        return list(range(first, first + len(episodes)))

    def _write(self, folder: Path, episode: Episode) -> None:
        files = encode(episode, self.facts["observation_space"], self.facts["action_space"])
        folder.mkdir()
        for name, data in files.items():
            write_synced(folder / name, data)
        sync(folder)

    def _fits(self, episode: Episode) -> None:
        """Refuse an episode of another world, or with other terms or costs than this dataset's."""
        for name in ("world", "fingerprint"):
            if getattr(episode, name) != self.facts[name]:
                raise Problem(
                    f"This episode's {name} is {getattr(episode, name)}, but dataset {self.name} "
                    f"holds {self.facts[name]}: give it a dataset of its own."
                )
        for name in ("terms", "costs"):
            if sorted(getattr(episode, name)) != sorted(self.facts[name]):
                raise ValueError(f"{name}: {sorted(getattr(episode, name))}, the dataset has "
                                 f"{sorted(self.facts[name])}")

    def _sweep(self) -> None:
        """Drop what a writer that died left half-written; we hold the lock, so none is alive."""
        for leftover in self.data.glob(".writing-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    # -- what is on disk --------------------------------------------------------------------

    def _current(self) -> str:
        try:
            return (self.folder / "current").read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Problem(f"Dataset {self.name}: its file `current` cannot be read.") from error

    def _revision_facts(self) -> dict[str, Any]:
        # minari's own reader of spaces, imported here so that listing commands stay quick
        from minari.serialization import deserialize_space

        try:
            facts = unseal(self.folder / self.revision / "revision.json")
        except (OSError, ValueError) as error:
            raise Problem(
                f"Dataset {self.name}: {self.revision}/revision.json is damaged ({error}); "
                "restore it from a copy, the episodes beside it are untouched."
            ) from error
        self._spaces = {name: facts[name] for name in ("observation_space", "action_space")}
        return facts | {name: deserialize_space(text) for name, text in self._spaces.items()}

    def _listing(self) -> list[int]:
        return [int(name) for name in os.listdir(self.data) if name.isdecimal()]

    def _damaged(self, number: int, damage: Damaged) -> Problem:
        return Problem(
            f"Dataset {self.name}, episode {number}: {damage.file} {damage.reason}; restore that "
            "folder from a copy or leave the episode out, the others still load."
        )

    def _minari_view(self) -> dict[str, Any]:
        steps = 0
        size = 0  # bytes
        for number in self._listing():
            with suppress(Problem, OSError):  # a damaged episode counts no steps
                steps += self.episode_facts(number)["total_steps"]
                size += (self.data / str(number) / STEPS_FILE).stat().st_size
        return {
            "dataset_id": f"{self.name}/{self.revision}",
            "minari_version": MINARI_LAYOUT,
            "data_format": "parquet",
            "jpeg_encoding": False,  # lossless
            "total_episodes": len(self),
            "total_steps": steps,
            "dataset_size": round(size / 1e6, 1),  # MB
            "description": self.facts["description"],
            **self._spaces,
        }

    def _write_counts(self) -> None:
        replace(self.data / "metadata.json", to_json(self._minari_view()))

    def _mend_counts(self) -> None:
        """Make minari's counts agree with the listing, unless a writer is at it or we may not."""
        try:
            right = json.loads((self.data / "metadata.json").read_bytes()) == self._minari_view()
        except (OSError, ValueError):
            right = False
        if not right:
            with suppress(Problem, OSError), locked(self.folder / "lock", "busy", patience=0.0):
                self._write_counts()
