"""States of imported episodes: where they begin, and what is seen in them where only states were kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.episodes.episode import Episode
from demos.data.exchange.portable_episode import OnlyStates, PortableEpisode
from demos.data.inspection.verify import differing
from environments.catalog import make_batch
from environments.external.states.state_access import FLATTENED, SEEN, START
from environments.external.world import ExternalWorld
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.system.errors import UserError


def with_starts(world: World, episodes: Sequence[Episode]) -> list[Episode]:
    """Episodes that have neither a seed nor a start begin where their first observation says.

    Only in an environment whose state follows from what it shows, such as PushT, and only if it then shows
    the very same; all others are as they were.
    """
    open_ones = [e for e in episodes if e.seed is None and START not in e.options]
    if not open_ones or not isinstance(world, ExternalWorld) or len(world.agents) > 1:
        return list(episodes)
    if world.parts or len(world.observation_space.shape) != 1:  # pictures tell no state
        return list(episodes)
    batch = make_batch(world, 1, restart=False)
    try:
        if not _tells_state(batch, open_ones[0]):
            return list(episodes)
        return [_started(batch, one) if one.seed is None else one for one in episodes]
    finally:
        batch.close()


def shown_by(
    world: World, name: str, episodes: Iterable[PortableEpisode]
) -> Iterator[PortableEpisode]:
    """Episodes of which some hold states alone, with what the world shows in these.

    Args:
        world: of the episodes.
        name: of the file they are from.
        episodes: as they were read.

    Raises:
        UserError: the world cannot be put into such states.
    """
    batch: Batch | None = None
    try:
        for number, one in enumerate(episodes):
            if not isinstance(one.observations, OnlyStates):
                yield one
                continue
            if not isinstance(world, ExternalWorld):
                raise UserError(f"{name} holds states of a simulator, which {world.id} is none of.")
            batch = batch or make_batch(world, 1, restart=False)
            try:
                rows = [_shown(batch, state) for state in one.observations.states]
            except UserError as problem:
                raise UserError(
                    f"Episode {number} of {name} holds no observations, and they cannot be had from its "
                    f"states: {problem}"
                ) from problem
            yield replace(one, observations=np.stack(rows))
    finally:
        if batch is not None:
            batch.close()


def _shown(batch: Any, state: npt.NDArray[Any]) -> npt.NDArray[Any]:
    row: npt.NDArray[Any] = batch.show_state({FLATTENED: state.astype(np.float64).tolist()})[0]
    return row


def _tells_state(batch: Batch, episode: Episode) -> bool:
    try:
        return _started(batch, episode) is not episode
    except UserError:  # it has no states, or none that can be told from what it shows
        return False


def _started(batch: Batch, episode: Episode) -> Episode:
    """The episode with its start, if that shows its first observation."""
    if START in episode.options:
        return episode
    start = {SEEN: episode.observations[0].tolist()}
    batch.reset(seed=[0], options=[{START: start}])
    if differing(episode.observations[:1], batch.observation[:1, 0]) is not None:
        return episode
    return replace(episode, options={**episode.options, START: start})
