"""The folder of all datasets: lists, opens and creates them; one appears whole or not at all."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gymnasium

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.revision import FIRST, make_current, write_revision
from environments.files.atomic import locked, raising_disk_full, sync
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.system.suggestions import closest

_BUILDING = ".building-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # serves as folder and as minari's namespace
_TOOLS = ("numpy", "pyarrow", "minari", "gymnasium")


@dataclass(frozen=True)
class DatasetSpec:
    """What is written once about a new dataset."""

    world: str
    fingerprint: str
    observation_space: gymnasium.Space[Any]
    action_space: gymnasium.Space[Any]
    world_description: Mapping[str, Any] = field(
        default_factory=dict
    )  # what the fingerprint hashes
    terms: Sequence[str] = ()
    costs: Sequence[str] = ()
    north_star: str | None = None  # the term that episodes are judged by
    description: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)  # where the play comes from, JSON

    @classmethod
    def of_world(cls, world: World, description: str, provenance: Mapping[str, Any]) -> DatasetSpec:
        """Of a dataset of a world's games."""
        return cls(
            world=world.id,
            fingerprint=world.fingerprint,
            observation_space=world.observation_space,
            action_space=world.action_space,
            world_description=world.describe(),
            terms=list(world.terms),
            costs=list(world.costs),
            north_star=world.north_star,
            description=description,
            provenance=provenance,
        )

    def facts(self) -> dict[str, Any]:
        """As `revision.json` has it, but for the spaces; with the time of day and versions."""
        return {
            "world": self.world,
            "fingerprint": self.fingerprint,
            "world_description": dict(self.world_description),
            "terms": list(self.terms),
            "costs": list(self.costs),
            "north_star": self.north_star,
            "description": self.description,
            "provenance": dict(self.provenance),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "tools": {tool: importlib.metadata.version(tool) for tool in _TOOLS},
        }


class Store:
    """Datasets below `root`, each in a folder of its name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """The datasets there are, in order.

        Raises:
            UserError: a file is where the folder of datasets should be.
        """
        if not self.root.is_dir():
            if self.root.exists():
                raise UserError(f"{self.root} is no folder of datasets: give another --root.")
            return []
        return sorted(folder.parent.name for folder in self.root.glob("[!.]*/current"))

    def open(self, name: str) -> Dataset:
        """The dataset of that name, its counts mended."""
        names = self.names()
        if name not in names:
            raise UserError(f"There is no dataset {name} in {self.root}{_hint(name, names)}")
        return Dataset(self.root / name)

    def create(self, name: str, spec: DatasetSpec) -> Dataset:
        """A new, empty dataset; raises what `building` does."""
        with self.building(name, spec):
            pass
        return self.open(name)

    @contextmanager
    def building(self, name: str, spec: DatasetSpec) -> Iterator[Dataset]:
        """A dataset to fill, put into place when the block ends and gone if the block fails.

        Raises:
            UserError: the name is taken or cannot be one; DiskFull, if there is no room for it.
        """
        self.require_free(name)
        with raising_disk_full(f"dataset {name}"), self._scaffold() as folder:
            write_revision(folder, FIRST, spec.facts(), spec.observation_space, spec.action_space)
            make_current(folder, FIRST)
            dataset = Dataset(folder, name)
            yield dataset
            sync(folder / FIRST)
            sync(folder)
            self._put_in_place(folder, name)

    def building_for(
        self,
        world: World,
        name: str,
        description: str = "",
        provenance: Mapping[str, Any] | None = None,
    ) -> AbstractContextManager[Dataset]:
        """`building`, with the facts that follow from the world."""
        return self.building(name, DatasetSpec.of_world(world, description, provenance or {}))

    def require_free(self, name: str) -> None:
        """Refuse a name that cannot be one or is taken."""
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{name!r} cannot name a dataset: use letters, digits, - and _, "
                "beginning with a letter or digit."
            )
        if (self.root / name).exists():
            raise UserError(
                f"There is already a dataset {name} in {self.root}: choose another name."
            )

    @contextmanager
    def _scaffold(self) -> Iterator[Path]:
        """A hidden folder beside the datasets, removed unless it was renamed away."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._sweep()
        folder = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=self.root))
        folder.chmod(0o755)  # mkdtemp's folders are private; a dataset's are ordinary
        try:
            with locked(folder / "building", "This folder is being built."):
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _put_in_place(self, folder: Path, name: str) -> None:
        (folder / "building").unlink()
        try:
            folder.rename(self.root / name)
        except OSError:
            self.require_free(name)  # says so if another process was first
            raise
        sync(self.root)

    def _sweep(self) -> None:
        """Remove what a builder that was killed left; a live one holds its lock."""
        for leftover in self.root.glob(f"{_BUILDING}*/building"):
            with suppress(UserError, OSError), locked(leftover, "alive", patience=0.0):
                shutil.rmtree(leftover.parent, ignore_errors=True)


def _hint(name: str, names: Sequence[str]) -> str:
    """The end of a sentence that says what else might have been meant."""
    if (near := closest(name, names, alike=0.4)) is not None:
        return f": did you mean {near}?"
    if names:
        return f": it holds {', '.join(names)}."
    return ", which holds none yet: record or import one first."
