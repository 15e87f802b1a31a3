"""Recorded games on their way between formats: what every format has, and what only ours notes.

T steps of an episode. Observations of several parts (dicts, cameras, an action mask) are named arrays, each
part flattened as `environments.simulation.observation_parts` says; one array otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.arrays import COST, TERM
from demos.data.episodes.episode import Episode
from demos.data.episodes.facts import REVISION_FACTS, TEXT, require, require_printable
from demos.data.episodes.parquet import FACTS
from demos.data.exchange.named_parts import parts_from_rows, recorded_parts
from environments.simulation.observation_parts import Part

NOTED = ("requested_actions", "actors", "capture_times", "late")  # a value a step, beside `raw`
DATASET = ("world", "fingerprint", "world_description", "description", "provenance")  # goes with it
ABOUT = {name: REVISION_FACTS[name] for name in DATASET} | {"from": TEXT}


@dataclass(frozen=True)
class OnlyStates:
    """Simulator states that stand for observations nobody has kept: what the world shows in them."""

    states: npt.NDArray[Any]  # [T+1, ...], each flattened


Observations = (
    npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]] | OnlyStates
)  # [T+1, ...], or so by name of part


@dataclass(frozen=True)
class PortableEpisode:
    """One episode in plain arrays, of which nobody knows yet whether they fit a world."""

    observations: Observations  # [T+1, ...]
    actions: npt.NDArray[Any]  # [T, ...]
    rewards: npt.NDArray[Any] | None  # [T]
    terminated: bool
    truncated: bool
    noted: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)  # `terms/soup`, `late`: [T]
    facts: Mapping[str, Any] = field(default_factory=dict)  # seed, agent, ...: see `parquet.FACTS`


class Recordings(NamedTuple):
    """What was read from another program's file or folder."""

    about: Mapping[str, Any]  # as `dataset_facts` wrote it; empty where it says nothing
    episodes: Iterator[PortableEpisode]
    lost: Sequence[str] = ()  # what the format does not hold; complete once all episodes were read
    loose: bool = False  # whether observations may be called otherwise than the world calls them
    made: Mapping[str, Any] = MappingProxyType(
        {}
    )  # `id` and `params` of what was played in, as data
    hint: str = ""  # what it was played in, in words, where no name of a world is told
    more: Mapping[str, Any] = MappingProxyType({})  # `provenance`, where `about` says nothing


class LazyParts(Mapping[str, npt.NDArray[Any]]):
    """Observations by name of which each is read when it is asked for: a video may not be needed.

    Args:
        shapes: of the rows of each part.
        read: the rows of a part, by its name: [T, ...].
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        read: Callable[[str], npt.NDArray[Any]],
    ) -> None:
        self.shapes, self._read = dict(shapes), read

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        if name not in self.shapes:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


def part_shapes(named: Mapping[str, npt.NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    """The shape of the rows of each part, without reading one that is not there yet."""
    if isinstance(named, LazyParts):
        return named.shapes
    return {name: tuple(np.asarray(rows).shape[1:]) for name, rows in named.items()}


def cut_episode(
    observations: Observations,
    actions: npt.NDArray[Any],
    rewards: npt.NDArray[Any] | None,
    noted: Mapping[str, npt.NDArray[Any]] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> PortableEpisode:
    """An episode of which nothing says what its last action led to: that action is left out.

    Args:
        observations: that the actions were chosen on, [T, ...].
        actions: [T, ...], T at least 2.
        rewards: [T], if there are any.
        noted: as `PortableEpisode.noted`, [T] each.
        facts: as `PortableEpisode.facts`.
    """
    own = {name: values[:-1] for name, values in (noted or {}).items()}
    paid = None if rewards is None else rewards[:-1]
    return PortableEpisode(observations, actions[:-1], paid, False, True, own, dict(facts or {}))


def portable_episodes(dataset: Dataset) -> Iterator[PortableEpisode]:
    """The episodes of a dataset for export, observations by their parts where there are several.

    Raises:
        UserError: an episode is damaged.
    """
    parts = recorded_parts(dataset)
    for number in range(len(dataset)):
        yield to_portable(dataset.load(number), parts)


def to_portable(episode: Episode, parts: Sequence[Part] = ()) -> PortableEpisode:
    """An episode for export; its observations by name where `parts` says what they are made of."""
    noted = {name: getattr(episode, name) for name in NOTED}
    noted |= {TERM + name: values for name, values in episode.terms.items()}
    noted |= {COST + name: values for name, values in episode.costs.items()}
    if episode.raw.size:
        noted["raw"] = episode.raw
    rows = episode.observations
    return PortableEpisode(
        parts_from_rows(rows, parts) if parts else rows,
        episode.actions,
        episode.rewards,
        episode.terminated,
        episode.truncated,
        noted,
        {name: getattr(episode, name) for name in FACTS},
    )


def require_about(about: Any) -> dict[str, Any]:
    """What a file says of its dataset, if it says anything, as `dataset_facts` wrote it.

    Raises:
        ValueError: it is not; as the end of a sentence.
    """
    if about == {}:
        return {}
    require(about, ABOUT, "gpo.")
    require_printable(b"\\u0000", about)
    found: dict[str, Any] = about
    return found


def dataset_facts(dataset: Dataset) -> dict[str, Any]:
    """What goes with the episodes of a dataset wherever they go, as JSON."""
    facts = {name: dataset.facts[name] for name in DATASET}
    return {**facts, "from": f"{dataset.name}, {dataset.revision.name}"}


def plain_numbers(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """One float32 a step: [T]."""
    return np.asarray(values).reshape(-1).astype(np.float32)
