"""Resimulation of recorded games from seed, options and the actions that were applied.

T steps, N seats, K terms, C costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import ABSENT, JOINED, Episode
from environments.catalog import make_batch
from environments.external.world import ExternalWorld
from environments.recorded_worlds import described_world
from environments.simulation.batch import Batch
from environments.simulation.world import World

SEEDLESS = (
    0,
    1,
)  # tried where no seed was recorded: if both give one game, there is nothing to draw


@dataclass(frozen=True)
class ResimulatedEpisode:
    """What a world said to the actions of one game."""

    observations: npt.NDArray[Any]  # [T+1, N, ...]
    rewards: npt.NDArray[np.float32]  # [T, N]
    terms: npt.NDArray[np.float32]  # [T, N, K]
    costs: npt.NDArray[np.float32]  # [T, N, C]
    terminated: npt.NDArray[np.bool_]  # [T, N], each agent's own game
    truncated: npt.NDArray[np.bool_]  # [T, N]


class CannotResimulate(Exception):
    """A game cannot be played again; the text says why, as the end of a sentence."""


def world_of(dataset: Dataset) -> World:
    """The world of a dataset, as it is today.

    Raises:
        UserError: it is not there, or takes other parameters by now.
    """
    return world_from(dataset.facts, f"Dataset {dataset.name}")


def world_from(facts: Mapping[str, Any], what: str) -> World:
    """The world of which facts speak that begin as those of a revision; `what` begins a sentence."""
    described = {**facts["world_description"], "world": facts["world"]}
    described.pop("options", None)  # each episode has its own
    return described_world(described, what)


def matches(dataset: Dataset, numbers: Iterable[int]) -> list[list[int]]:
    """The episodes of each game, its streams together; one without a match is a game of its own."""
    games: dict[Any, list[int]] = {}
    for number in numbers:
        match = dataset.episode_facts(number)["match"]
        games.setdefault(number if match is None else match, []).append(number)
    return list(games.values())


def first_step(episode: Episode) -> int:
    """Which step of the game, as it was played, is the first that the episode still has."""
    return _joined(episode) + int(episode.meta.get("trimmed", {}).get("first", 0))


def _joined(episode: Episode) -> int:
    """Steps of the game before the episode's agent came in."""
    return int(episode.meta.get(JOINED, 0))


def joint_actions(world: World, streams: Sequence[Episode]) -> npt.NDArray[Any]:
    """What all seats did, from the first step of the game on, those cut since with them: [T, N, ...].

    A seat without a stream is read from the raw numbers of the others, where they hold its actions.

    Raises:
        CannotResimulate: streams are missing, or do not belong together.
    """
    by_seat = {stream.agent: stream for stream in streams}
    if len(by_seat) < len(streams):
        raise CannotResimulate("a seat was recorded twice under one match")
    if strange := by_seat.keys() - set(world.agents):
        raise CannotResimulate(f"{world.id} has no seat {min(strange)}")
    if len({first_step(stream) - _joined(stream) for stream in streams}) > 1:
        raise CannotResimulate("its streams are cut at different steps")
    together, space = [], world.action_space
    never = {agent for stream in streams for agent in stream.meta.get(ABSENT, [])}
    for agent in world.agents:
        if agent in never:
            rows: list[Any] = []
        elif agent in by_seat:
            stream = by_seat[agent]
            early = stream.meta.get("trimmed", {}).get("before", [])
            rows = [*early, *stream.actions]
        else:
            rows = _noted_actions(agent, streams)
        try:
            seat = np.asarray(rows, space.dtype).reshape(len(rows), *(space.shape or ()))
        except (ValueError, TypeError, OverflowError):
            raise CannotResimulate(f"what is noted of {agent} is no row of actions") from None
        together.append(seat)
    return _beside_each_other(world, together, [by_seat.get(agent) for agent in world.agents])


def _beside_each_other(
    world: World, seats: list[npt.NDArray[Any]], streams: Sequence[Episode | None]
) -> npt.NDArray[Any]:
    """Actions of seats [T, ...] as one array, idle where an agent had not come yet or had left: [T, N, ...].

    Raises:
        CannotResimulate: they are of different lengths in a world whose agents stay to the end.
    """
    began = [0 if stream is None else _joined(stream) for stream in streams]
    ends = [first + len(seat) for first, seat in zip(began, seats, strict=True)]
    if len({*ends, *began}) > 2 and not may_leave(world):
        raise CannotResimulate("its streams are of different lengths")
    space = world.action_space
    found = np.zeros((max(ends), len(seats), *(space.shape or ())), space.dtype)
    found[:] = world.idle
    for n, (first, seat) in enumerate(zip(began, seats, strict=True)):
        found[first : first + len(seat), n] = seat
    return found


def may_leave(world: World) -> bool:
    """Whether an agent may leave or join while a game goes on: one of PettingZoo's."""
    return isinstance(world, ExternalWorld) and len(world.agents) > 1


def _noted_actions(agent: str, streams: Sequence[Episode]) -> list[Any]:
    """The actions of a seat that has no stream, noted as `action AGENT 0` and on among raw numbers."""
    for stream in sorted(streams, key=len, reverse=True):
        names = list(stream.meta.get("raw_names", []))
        columns = [k for k, name in enumerate(names) if name.startswith(f"action {agent} ")]
        if columns and not _joined(stream):  # what came before it did is told nowhere
            early = stream.meta.get("trimmed", {}).get("others", {}).get(agent, [])
            return [*early, *stream.raw[:, columns]]
    raise CannotResimulate(f"the stream of {agent} is missing")


def resimulate(
    world: World,
    actions: npt.NDArray[Any],
    seed: int,
    options: Mapping[str, Any],
    batch: Batch | None = None,
    watch: Callable[[Batch], None] = lambda batch: None,
) -> ResimulatedEpisode:
    """Play a game until it ends or the actions do; what would come after its end is as its last step.

    Args:
        world: what is played.
        actions: of every step and seat, [T, N, ...].
        seed: of the game.
        options: of the game.
        batch: one of one game to do it in, whose games stay when they end; a new one if None.
        watch: is shown the batch before each step.

    Raises:
        UserError: an action or option that the world does not have.
    """
    batch, steps = batch or make_batch(world, 1, restart=False), len(actions)
    # A limit that is only our guess ends no game that went on beyond it.
    limit = {"horizon": steps + 1} if world.horizon_assumed else {}
    batch.reset(seed=[seed], options=[{**limit, **options}])
    flags = [(batch.reward, "?"), (batch.reward, "?")]
    rows: Any = [(batch.reward, "f4"), (batch.terms, "f4"), (batch.costs, "f4"), *flags]
    played = ResimulatedEpisode(
        np.empty((steps + 1, *batch.observation.shape[1:]), batch.observation.dtype),
        *(np.zeros((steps, *array.shape[1:]), kind) for array, kind in rows),
    )
    played.observations[0] = batch.observation[0]
    for t in range(steps):
        watch(batch)
        batch.step(actions[t : t + 1])
        played.observations[t + 1] = batch.observation[0]
        played.rewards[t], played.terms[t] = batch.reward[0], batch.terms[0]
        played.costs[t] = batch.costs[0]
        own = batch.presence
        played.terminated[t], played.truncated[t] = own.terminated[0], own.truncated[0]
        if batch.ended[0]:
            played.observations[t + 2 :] = batch.observation[0]
            break
    return played


def seeds_of(streams: Sequence[Episode]) -> int | None:
    """The seed of a game; None if none was recorded.

    Raises:
        CannotResimulate: its streams disagree.
    """
    found = {stream.seed for stream in streams}
    if len(found) > 1 or any(stream.options != streams[0].options for stream in streams):
        raise CannotResimulate("its streams have different seeds or options")
    return found.pop()


def aligned(played: ResimulatedEpisode, stream: Episode) -> ResimulatedEpisode:
    """The same game from the first step on that a stream of it has."""
    first = first_step(stream)
    return ResimulatedEpisode(
        played.observations[first:],
        played.rewards[first:],
        played.terms[first:],
        played.costs[first:],
        played.terminated[first:],
        played.truncated[first:],
    )
