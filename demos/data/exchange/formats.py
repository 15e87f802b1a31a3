"""Exports datasets to other formats and imports them, each by the name that the registry has for it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from demos.data.dataset.store import Store
from demos.data.editing.numbers import count
from demos.data.exchange.file_format import Format, Imported, ImportRequest, Progress
from demos.data.exchange.registry import FORMATS
from environments.files.atomic import naming_path
from environments.system.errors import UserError


def format_of(kind: str) -> Format:
    """The format of that name.

    Raises:
        UserError: there is none, or a package that it needs is missing.
    """
    if kind not in FORMATS:
        raise UserError(f"There is no format '{kind}': choose one of {', '.join(FORMATS)}.")
    module, _, name = FORMATS[kind].partition(":")
    try:
        found: Format = getattr(importlib.import_module(module), name)(kind)
    except ModuleNotFoundError as error:
        raise UserError(
            f"This format needs the package '{error.name}'; type: pip install {error.name}"
        ) from error
    return found


def export(store: Store, name: str, kind: str, out: Path | None = None) -> str:
    """Write a dataset in another format; it appears whole or not at all. Returns what was done.

    Args:
        store: where the dataset is.
        name: of the dataset.
        kind: one of FORMATS.
        out: the folder, or the file of an npz; NAME-KIND or NAME.npz here if None.

    Raises:
        UserError: something is there already, an episode is damaged, there are none, a package is missing,
            or the format cannot hold what was recorded.
    """
    chosen, dataset = format_of(kind), store.open(name)
    out = out or Path(f"{name}{chosen.extension or f'-{kind}'}")
    if out.exists():
        raise UserError(f"{out} is there already: choose another place, with --out.")
    if len(dataset) == 0:
        raise UserError(f"Dataset {name} holds no episodes: record or import some first.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with naming_path(out):
        chosen.export(dataset, out)
    return f"{count(len(dataset))} of {name} written to {out}."


def import_all(
    store: Store,
    kind: str,
    request: ImportRequest,
    progress: Progress = lambda what, part: None,
) -> list[Imported]:
    """Make datasets of what another program holds, each whole or not at all; raises as the format does."""
    return format_of(kind).import_into(store, request, progress)


def import_from(store: Store, kind: str, path: Path, name: str, **said: Any) -> str:
    """Make one dataset of a file or folder; returns what was done, and what the format lost, in sentences.

    Args:
        store: where the dataset is to be.
        kind: one of FORMATS.
        path: of the file or folder.
        name: of the new dataset.
        said: further fields of `ImportRequest`.

    Raises:
        UserError: it cannot be read, does not fit the world, or the name is taken.
    """
    (made,) = import_all(store, kind, ImportRequest(path, name, **said))
    told = f"{name}: {count(made.episodes)} of {store.open(name).world} imported from {path}."
    lost = f"Not in it: {'; '.join(made.lost)}." if made.lost else ""
    return " ".join(filter(None, (told, lost, made.doubt)))
