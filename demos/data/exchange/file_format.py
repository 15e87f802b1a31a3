"""The protocol of a format (`Format`), and its form where a file or folder is a dataset (`FileFormat`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Episode
from demos.data.exchange.fitting import Target, fit_to_world, out_of_bounds
from demos.data.exchange.portable_episode import Recordings
from demos.data.exchange.start_states import shown_by, with_starts
from demos.data.inspection.resimulate import world_from
from environments.catalog import make_world
from environments.files.trusted_code import type_in
from environments.recorded_worlds import named_world
from environments.simulation.world import World, require
from environments.system.errors import UserError


@dataclass(frozen=True)
class ImportRequest:
    """What is to be imported, and what a person says about it."""

    path: Path | None = None  # a file or folder; None for what is published in one place
    name: str = ""  # of the new dataset
    world: str | None = None  # the id of the world it was played in, where the file does not say
    seat: str | None = None  # who played, likewise
    zeros: bool = False  # take rewards, terms and costs that the file does not have as 0
    layouts: Sequence[str] = ()  # of what is published, only these
    params: Mapping[str, Any] = field(default_factory=dict)  # of the world
    parts: Mapping[str, str] = field(default_factory=dict)  # recorded names by the world's


@dataclass(frozen=True)
class Imported:
    """One dataset after an import."""

    name: str
    episodes: int
    is_new: bool = True
    doubt: str = ""  # what is odd about it, in a sentence
    lost: tuple[str, ...] = ()  # what the format did not hold


Progress = Callable[[str, float], None]  # what comes next, and which part of the whole is done


class Format(Protocol):
    """A way in which other programs keep recorded games."""

    extension: str  # of the file that `export` makes; empty where it makes a folder

    def export(self, dataset: Dataset, path: Path) -> None:
        """Write all episodes to a place where nothing is yet, whole or not at all.

        Raises:
            UserError: an episode is damaged, or the format cannot hold what is in it.
        """

    def import_into(
        self, store: Store, request: ImportRequest, progress: Progress
    ) -> list[Imported]:
        """Make datasets of what another program holds, each whole or not at all.

        Raises:
            UserError: it cannot be read, does not fit the world, or a name is taken.
        """


class FileFormat(ABC):
    """A format in which one file or folder holds the episodes of one dataset."""

    extension = ""

    def __init__(self, kind: str) -> None:
        self.kind = kind  # what it is called: "npz"

    @abstractmethod
    def export(self, dataset: Dataset, path: Path) -> None:
        """As `Format.export`."""

    @abstractmethod
    def read(self, path: Path) -> Recordings:
        """The episodes of a file or folder, and what goes with them.

        Raises:
            UserError: it is none of this format.
        """

    def import_into(
        self, store: Store, request: ImportRequest, progress: Progress
    ) -> list[Imported]:
        """A dataset of all episodes in `request.path`; raises as `Format.import_into`."""
        store.require_free(request.name)
        path = request.path
        if path is None or not path.exists():
            raise UserError(f"There is no {path}.")
        found = self.read(path)
        target = Target(
            _world(found, request, path),
            request.seat,
            request.zeros,
            found.loose,
            request.parts,
        )
        provenance = _provenance(found, f"{self.kind} from {path.name}", request.zeros)
        described = found.about.get("description", "")
        with store.building_for(target.world, request.name, described, provenance) as dataset:
            shown = shown_by(target.world, path.name, found.episodes)
            fits = [
                fit_to_world(target, portable, f"Episode {number} of {path.name}")
                for number, portable in enumerate(shown)
            ]
            if not fits:
                raise UserError(f"{path} holds no episodes.")
            fits = with_starts(target.world, fits)
            dataset.append_many(fits)
        lost = (*found.lost, *(f"the observation {name}" for name in sorted(target.left)))
        return [Imported(request.name, len(fits), doubt=_doubt(fits, target.world), lost=lost)]


def _doubt(episodes: Sequence[Episode], world: World) -> str:
    """A sentence about observations outside the world's bounds, empty where there are none."""
    outside = {n: words for n, one in enumerate(episodes) if (words := out_of_bounds(one, world))}
    if not outside:
        return ""
    first, words = next(iter(outside.items()))
    more = f" ({len(outside)} episodes have such)" if len(outside) > 1 else ""
    return (
        f"Observations of episode {first} lie outside the bounds of {world.id}: {words}{more}. "
        "Were they scaled, or recorded in another version of it?"
    )


def _provenance(found: Recordings, source: str, zeros: bool) -> dict[str, Any]:
    about = found.about
    told = {**found.more, **about.get("provenance", {}), "imported": source}
    if "from" in about:
        told["imported"] += f", written by {about['from']}"
    if zeros:
        told["zeros"] = "what the file did not hold was taken as 0"
    return told


def _world(found: Recordings, request: ImportRequest, path: Path) -> World:
    """The world that was played in, as the file tells it or the person does."""
    about, world, params = found.about, request.world, request.params
    if params and world is None:
        raise UserError("--param is of a world that you name: say which, with --world ID.")
    if not about:
        if world is None and found.made:
            return named_world(found.made["id"], found.made["params"], str(path))
        if world is None:
            said = (
                f"says only that it was {found.hint}"
                if found.hint
                else "does not say what was played in"
            )
            raise UserError(f"{path} {said}: say it with --world ID.")
        return make_world(world, **params)
    if world is not None:
        type_in(world)
    of_file = world is None or (world == about["world"] and not params)
    known = world_from(about, str(path)) if of_file else make_world(str(world), **params)
    if about["fingerprint"] != known.fingerprint:
        cure = "Import it with the release that wrote it, or say --world of what it fits."
        require(known, about["world_description"], str(path), cure)
    return known
