"""Recorded games out to other tools, and in from them: minari, imitation, npz."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from demos.data.dataset.store import Store
from demos.data.editing.numbers import count
from demos.data.exchange.portable_episode import fit_to_world
from environments.files.atomic import naming_path
from environments.simulation.world import World
from environments.system.errors import UserError

FORMATS = {
    "minari": "demos.data.exchange.minari_format",
    "imitation": "demos.data.exchange.imitation_format",
    "npz": "demos.data.exchange.npz_format",
}
KINDS = tuple(FORMATS)


def format_of(kind: str) -> Any:
    """The module that writes and reads a format; imported here, for each brings a package with it."""
    if kind not in KINDS:
        raise UserError(f"There is no format '{kind}': choose one of {', '.join(KINDS)}.")
    return importlib.import_module(FORMATS[kind])


def export(store: Store, name: str, kind: str, out: Path | None = None) -> str:
    """Write a dataset in another format; it appears whole or not at all. Returns what was done.

    Args:
        store: where the dataset is.
        name: of the dataset.
        kind: one of KINDS.
        out: the folder, or the file of an npz; NAME-KIND here if None.

    Raises:
        UserError: something is there already, an episode is damaged, there are none, a package is missing.
    """
    module, dataset = format_of(kind), store.open(name)
    out = out or Path(f"{name}.npz" if kind == "npz" else f"{name}-{kind}")
    if out.exists():
        raise UserError(f"{out} is there already: choose another place, with --out.")
    if len(dataset) == 0:
        raise UserError(f"Dataset {name} holds no episodes: record or import some first.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with naming_path(out):
        module.write(dataset, out)
    return f"{count(len(dataset))} of {name} written to {out}."


def import_from(
    store: Store,
    kind: str,
    path: Path,
    name: str,
    *,
    world: str | None = None,
    seat: str | None = None,
    zeros: bool = False,
) -> str:
    """Make a dataset of what another tool holds; it appears whole or not at all.

    Args:
        store: where the dataset is to be.
        kind: one of KINDS.
        path: a folder, or the file of an npz.
        name: of the new dataset.
        world: the id of the world it was played in; what was written by us says so itself.
        seat: who played, where the file does not say.
        zeros: take rewards, terms and costs that the file does not have as 0.

    Raises:
        UserError: it cannot be read, does not fit the world, or the name is taken.
    """
    store.require_free(name)
    if not path.exists():
        raise UserError(f"There is no {path}.")
    about, episodes = format_of(kind).read(path)
    known = _world(about, world, path)
    provenance = {**about.get("provenance", {}), "imported": f"{kind} from {path.name}"}
    if "from" in about:
        provenance["imported"] += f", written by {about['from']}"
    if zeros:
        provenance["zeros"] = "what the file did not hold was taken as 0"
    with store.building_for(known, name, about.get("description", ""), provenance) as dataset:
        fits = [
            fit_to_world(known, loose, f"Episode {number} of {path.name}", seat, zeros)
            for number, loose in enumerate(episodes)
        ]
        if not fits:
            raise UserError(f"{path} holds no episodes.")
        dataset.append_many(fits)
    return f"{name}: {count(len(fits))} of {known.id} imported from {path}."


def _world(about: dict[str, Any], world: str | None, path: Path) -> World:
    """The world that was played in, as the file tells it or the person does."""
    from demos.data.inspection.resimulate import world_from
    from environments.catalog import make_world
    from environments.files.trusted_code import type_in
    from environments.simulation.world import require

    if not about:
        if world is None:
            raise UserError(f"{path} does not say what was played in: say it with --world ID.")
        return make_world(world)
    if world is not None:
        type_in(world)
    known = world_from(about, str(path)) if world in (None, about["world"]) else make_world(world)
    if about["fingerprint"] != known.fingerprint:
        cure = "Import it with the release that wrote it, or say --world of what it fits."
        require(known, about["world_description"], str(path), cure)
    return known
