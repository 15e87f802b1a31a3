"""Many episodes as one set of arrays, end to end, for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.episodes.episode import Episode

TERM, COST = "terms/", "costs/"  # how columns of terms and costs begin


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

    @property
    def numbers(self) -> list[int]:
        """The number of each episode in the dataset: E of them."""
        found: list[int] = self.episode[self.starts[:-1]].tolist()
        return found


def join(episodes: Sequence[Episode], numbers: Sequence[int]) -> Arrays:
    """The steps of `episodes`, which all have the same terms and costs and go by `numbers`."""
    lengths = [len(episode) for episode in episodes]
    together = np.concatenate
    return Arrays(
        observations=together([episode.observations[:-1] for episode in episodes]),
        actions=together([episode.actions for episode in episodes]),
        rewards=together([episode.rewards for episode in episodes]),
        terms={n: together([e.terms[n] for e in episodes]) for n in episodes[0].terms},
        costs={n: together([e.costs[n] for e in episodes]) for n in episodes[0].costs},
        actors=together([episode.actors for episode in episodes]),
        episode=np.repeat(np.asarray(numbers, np.int64), lengths),
        starts=np.cumsum([0, *lengths], dtype=np.int64),
        final_observations=np.stack([episode.observations[-1] for episode in episodes]),
        terminated=np.array([episode.terminated for episode in episodes]),
        truncated=np.array([episode.truncated for episode in episodes]),
    )


def from_columns(
    columns: Mapping[str, npt.NDArray[Any]], starts: npt.NDArray[np.int64], numbers: Sequence[int]
) -> Arrays:
    """Arrays of columns as `demos.data.episodes.columns` lays them out."""
    plain = {name: values for name, values in columns.items() if "/" not in name}
    return Arrays(
        **plain,
        terms=_group(columns, TERM),
        costs=_group(columns, COST),
        episode=np.repeat(np.asarray(numbers, np.int64), np.diff(starts)),
        starts=starts,
    )


def _group(columns: Mapping[str, npt.NDArray[Any]], prefix: str) -> dict[str, npt.NDArray[Any]]:
    return {
        name.removeprefix(prefix): values
        for name, values in columns.items()
        if name.startswith(prefix)
    }
