"""The published play of people in Overcooked as a format: it is read from its package, never written."""

from __future__ import annotations

from pathlib import Path

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.exchange.file_format import Imported, ImportRequest, Progress
from demos.data.exchange.overcooked.importing import import_layouts
from environments.system.errors import UserError
from environments.worlds.kitchen.layouts import LAYOUTS


class PublishedGames:
    """The games of Carroll et al. 2019, a dataset for each layout and split."""

    extension = ""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def export(self, dataset: Dataset, path: Path) -> None:
        """Refuse: these recordings are published in a form of their own.

        Raises:
            UserError: always.
        """
        raise UserError(f"Recordings of {self.kind} are only read: export {dataset.name} to npz.")

    def import_into(
        self, store: Store, request: ImportRequest, progress: Progress
    ) -> list[Imported]:
        """The datasets of the layouts; those already there are left alone. Raises as `import_layouts`."""
        return import_layouts(store, list(dict.fromkeys(request.layouts or LAYOUTS)), progress)
