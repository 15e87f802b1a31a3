"""Whose play a recording is: people's, a script's, an agent's, or mixed, from the actors of its steps.

The actors of an episode are counted once and kept in `.cache/actors.json`, by the episode's checksum;
episodes that come later are added. A cache that cannot be written is done without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from demos.data.dataset.cache import FOLDER
from demos.data.dataset.dataset import Dataset
from demos.data.episodes.columns import read_actors
from demos.data.episodes.episode import Actor
from demos.data.episodes.files import Damaged
from environments.files.atomic import read_checked_json, replace, to_checked_json
from environments.system.errors import UserError

ACTORS_FILE = "actors.json"
FORMAT = 1  # raise it when what is written there changes

Counts = tuple[int, ...]  # steps of each Actor, by its code


class Provenance(StrEnum):
    """Who chose the actions of a recording."""

    PEOPLE = "people"
    SCRIPT = "script"
    AGENT = "agent"
    MIXED = "mixed"  # several of these, in one episode or in different ones


def provenance_of(dataset: Dataset, numbers: Iterable[int] | None = None) -> Provenance | None:
    """Whose play a dataset (or some of its episodes) is; None where no episode can be read."""
    counts = actor_counts(dataset)
    chosen = counts if numbers is None else [n for n in numbers if n in counts]
    return together(
        episode_provenance(dataset.episode_facts(n), counts[n], dataset.facts["provenance"])
        for n in chosen
    )


def together(found: Iterable[Provenance]) -> Provenance | None:
    """Of recordings taken together; None if there are none."""
    kinds = set(found)
    return kinds.pop() if len(kinds) == 1 else Provenance.MIXED if kinds else None


def episode_provenance(
    facts: Mapping[str, Any], counts: Counts, noted: Mapping[str, Any]
) -> Provenance:
    """Whose play one episode is.

    Args:
        facts: of the episode.
        counts: steps by actor; those of the shield count for the player that was shielded.
        noted: the `provenance` of the dataset, which names the agents that were collected from.
    """
    people, others = counts[Actor.HUMAN], counts[Actor.PARTNER] + counts[Actor.AGENT]
    if people and others:
        return Provenance.MIXED
    device = facts["meta"].get("device")
    if people or (not others and device not in (None, "none", "script")):
        return Provenance.PEOPLE
    played = facts["meta"].get("play") or {}
    is_agent = played.get("sha256") or any(
        key == f"agent {facts['player']}" for key in noted if facts["player"]
    )
    return Provenance.AGENT if is_agent else Provenance.SCRIPT


def actor_counts(dataset: Dataset) -> dict[int, Counts]:
    """Steps of each actor in each episode; damaged episodes are left out."""
    path = dataset.folder / FOLDER / ACTORS_FILE
    known, found, fresh = _kept(path), {}, False
    for number in range(len(dataset)):
        try:
            key = hashlib.sha256(dataset.checksum(number)).hexdigest()
            if key not in known:
                steps = dataset.episode_facts(number)["total_steps"]
                actors = read_actors(dataset.data / str(number), steps)
                known[key] = np.bincount(actors, minlength=len(Actor)).tolist()
                fresh = True
            found[number] = tuple(known[key])
        except (UserError, Damaged, OSError):
            continue
    if fresh:
        with suppress(OSError):
            _keep(path, known)
    return found


def _kept(path: Path) -> dict[str, list[int]]:
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        if path.parent.is_symlink() or path.is_symlink():
            return {}
        told = read_checked_json(path)
        counts = told["actors"]
        if told["format"] == FORMAT and all(map(_is_counts, counts.values())):
            return dict(counts)
    return {}


def _is_counts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len(Actor)
        and all(type(n) is int and n >= 0 for n in value)
        and sum(value) > 0
    )


def _keep(path: Path, counts: Mapping[str, list[int]]) -> None:
    if path.parent.is_symlink():
        return
    path.parent.mkdir(exist_ok=True)
    replace(path, to_checked_json({"format": FORMAT, "actors": dict(counts)}))
