"""Merge and split: several datasets made into one, one made into two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import EpisodeLocation, noted
from demos.data.dataset.provenance import provenance_of
from demos.data.dataset.store import DatasetSpec, Store
from demos.data.editing.numbers import count
from demos.data.editing.revise import Piece, note_origins, put_pieces
from demos.data.inspection.resimulate import matches
from environments.simulation.world import differences
from environments.system.errors import UserError

_SAME = ("world", "fingerprint", "terms", "costs", "observation_space", "action_space")


def merge(store: Store, names: Sequence[str], into: str) -> str:
    """Make one dataset of several of one world; an episode that several hold is taken once.

    Raises:
        UserError: fewer than two, one that does not exist, two of different worlds, or the name is taken.
    """
    store.require_free(into)
    if len(set(names)) < 2:
        raise UserError("Name at least two different datasets to merge.")
    datasets = [store.open(name) for name in dict.fromkeys(names)]
    first = datasets[0]
    for other in datasets[1:]:
        _require_alike(first, other)
    pieces, doubles = _together(datasets)
    what = f"merged {', '.join(f'{d.name} ({d.revision.name})' for d in datasets)}"
    what += f"; {count(doubles)} that two of them held taken once" if doubles else ""
    noted = _merged_provenance(datasets)
    described = "; ".join(
        dict.fromkeys(d.facts["description"] for d in datasets if d.facts["description"])
    )
    _make(store, into, first, "merge", what, pieces, described, noted)
    whose = provenance_of(store.open(into))
    return f"{into}: {what}; {count(len(pieces))}, play: {whose or 'unknown'}."


def split(
    store: Store,
    name: str,
    share: float,
    seed: int = 0,
    into: tuple[str, str] | None = None,
) -> str:
    """Part a dataset into two new ones, drawn by match: the streams of a game stay together.

    Args:
        store: where the datasets are.
        name: of the dataset; it stays as it is.
        share: of the matches that the first of the two gets, over 0 and below 1.
        seed: of the draw.
        into: names of the two; NAME-a and NAME-b if None.

    Raises:
        UserError: the share is none, there are fewer than two matches, or a name is taken.
    """
    if not 0 < share < 1:
        raise UserError(f"The share is {share:g}; give a number between 0 and 1, such as 0.8.")
    dataset = store.open(name)
    games = matches(dataset, range(len(dataset)))
    if len(games) < 2:
        raise UserError(f"Dataset {name} holds {len(games)} match: there is nothing to split.")
    order = np.random.default_rng(seed).permutation(len(games))
    first = min(max(round(share * len(games)), 1), len(games) - 1)
    parts = into or (f"{name}-a", f"{name}-b")
    if parts[0] == parts[1]:
        raise UserError(f"Both parts would be called {parts[0]}: give them two names.")
    for part in parts:
        store.require_free(part)
    told = []
    for part, chosen in zip(parts, (order[:first], order[first:]), strict=True):
        numbers = sorted(number for game in chosen for number in games[game])
        what = f"{len(chosen)} of {len(games)} matches of {name} ({dataset.revision.name}), seed {seed}"
        pieces = [Piece.of(dataset, number) for number in numbers]
        pieces = [_named(dataset, piece) for piece in pieces]
        described, origin = dataset.facts["description"], dataset.facts["provenance"]
        _make(store, part, dataset, "split", what, pieces, described, origin)
        told.append(f"{part}: {count(len(numbers))}")
    return f"{', '.join(told)}; no match is in both."


def _together(datasets: Sequence[Dataset]) -> tuple[list[Piece], int]:
    """The episodes of all, each once, and how many were there twice.

    Different games that happen to share the name of their match get it with the dataset's before it.
    """
    seen: set[bytes] = set()
    seats: Counter[tuple[str, str]] = Counter()
    pieces, doubles = [], 0
    for dataset in datasets:
        new = []
        for number in range(len(dataset)):
            checksum = dataset.checksum(number)
            doubles += checksum in seen
            if checksum not in seen:
                new.append(number)
            seen.add(checksum)
        facts = {number: dataset.episode_facts(number) for number in new}
        seated = {n: (f["match"], f["agent"]) for n, f in facts.items() if f["match"] is not None}
        clashing = {match for match, agent in seated.values() if seats[match, agent]}
        for number in new:
            match, changed = facts[number]["match"], None
            if match in clashing:
                changed = replace(dataset.load(number), match=f"{dataset.name}:{match}")
            pieces.append(_named(dataset, Piece.of(dataset, number, changed)))
        seats.update(seated.values())
    return pieces, doubles


def _named(dataset: Dataset, piece: Piece) -> Piece:
    """The piece with the dataset in its place, as other datasets note it."""
    return replace(
        piece, place=EpisodeLocation(f"{dataset.name}/{piece.place.revision}", piece.place.number)
    )


def _merged_provenance(datasets: Sequence[Dataset]) -> dict[str, Any]:
    """What is noted of all of them; where two say other things of one matter, each with its name."""
    noted: dict[str, Any] = {}
    for key in dict.fromkeys(key for d in datasets for key in d.facts["provenance"]):
        said = {
            d.name: d.facts["provenance"][key] for d in datasets if key in d.facts["provenance"]
        }
        values = list(said.values())
        if all(value == values[0] for value in values):
            noted[key] = values[0]
        else:
            noted |= {f"{key} ({name})": value for name, value in said.items()}
            noted |= {key: values[0]} if key.startswith("agent ") else {}
    return noted


def _make(
    store: Store,
    name: str,
    like: Dataset,
    verb: str,
    what: str,
    pieces: Sequence[Piece],
    description: str,
    provenance: Mapping[str, Any],
) -> None:
    facts: dict[str, Any] = {
        key: like.facts[key]
        for key in ("world", "fingerprint", "world_description", "terms", "costs", "north_star")
    }
    spec = DatasetSpec(
        **facts,
        observation_space=like.revision.observation_space,
        action_space=like.revision.action_space,
        description=description,
        provenance={**provenance, verb: what},
    )
    with store.building(name, spec) as dataset:
        put_pieces(pieces, dataset.data, dataset.revision)
        note_origins(dataset, noted(verb, what, None, 0), [str(piece.place) for piece in pieces])


def _require_alike(first: Dataset, other: Dataset) -> None:
    described = [dataset.facts["world_description"] for dataset in (first, other)]
    varied = [one.get("vary") or {} for one in described]
    if all(first.facts[key] == other.facts[key] for key in _SAME) and varied[0] == varied[1]:
        return
    lines = differences(*described)
    if varied[0] != varied[1]:
        names = [", ".join(sorted(one)) or "nothing" for one in varied]
        lines.append(f"what varies: here {names[0]}, there {names[1]}")
    lines = lines or ["they were recorded in different worlds"]
    raise UserError(
        f"Datasets {first.name} (here) and {other.name} (there) cannot be merged: {'; '.join(lines)}."
    )
