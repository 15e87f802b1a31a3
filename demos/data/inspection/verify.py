"""Verification of recordings: every game is played again and compared, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from demos.data.dataset.dataset import Dataset
from demos.data.episodes.episode import Episode
from demos.data.inspection.resimulate import (
    SEEDLESS,
    CannotResimulate,
    ResimulatedEpisode,
    aligned,
    first_step,
    joint_actions,
    matches,
    resimulate,
    seeds_of,
    world_of,
)
from environments.catalog import make_batch
from environments.external.states.state_access import START
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.system.errors import UserError
from environments.warmup import warm_up

CLOSE = (
    1e-5  # absolute and relative: other processors round otherwise, other dynamics differ by more
)
Found = Literal["agrees", "differs", "untold"]


@dataclass(frozen=True)
class Verification:
    """What came of one episode."""

    episode: int
    found: Found
    sentence: str
    step: int | None = None  # of the game as it was played: the first that differs


def verify(
    dataset: Dataset,
    numbers: Iterable[int] | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> list[Verification]:
    """Play episodes again (all if None) and compare observations, rewards, terms, costs and ends.

    If the world has to be compiled first, `say` is told.

    Raises:
        UserError: the world is another one by now, or an episode is damaged.
    """
    world = world_of(dataset)
    dataset.require_world(world)
    warm_up(world, say)
    chosen = range(len(dataset)) if numbers is None else sorted(set(numbers))
    wanted = {dataset.episode_facts(number)["match"] for number in chosen} - {None}
    # The other streams of the same games are needed too.
    there = [
        number
        for number in range(len(dataset))
        if number in chosen or dataset.episode_facts(number)["match"] in wanted
    ]
    batch = make_batch(world, 1, restart=False)
    verdicts: list[Verification] = []
    for game in matches(dataset, there):
        verdicts += _verify_game(world, dataset, game, batch)
    batch.close()
    return sorted((v for v in verdicts if v.episode in chosen), key=lambda v: v.episode)


def _verify_game(
    world: World, dataset: Dataset, game: list[int], batch: Batch
) -> list[Verification]:
    streams = [dataset.load(number) for number in game]
    try:
        played = replayed(world, streams, batch)
        actions = joint_actions(world, streams)
    except (CannotResimulate, UserError) as why:
        text = str(why).rstrip(".")
        return [Verification(n, "untold", f"cannot be played again: {text}.") for n in game]
    verdicts = []
    for number, stream in zip(game, streams, strict=True):
        found = first_difference(world, stream, played)
        if found is None:
            verdicts.append(Verification(number, "agrees", _agreement(stream)))
            continue
        step, what = found
        hint = _shifted(world, stream, streams, actions, batch)
        verdicts.append(Verification(number, "differs", f"step {step}: {what}{hint}.", step))
    return verdicts


def _agreement(stream: Episode) -> str:
    unknown = stream.meta.get("filled", ())
    but = (
        f"; the file it came from had no {', '.join(unknown)}: they are unknown" if unknown else ""
    )
    return f"plays again as it was recorded{but}."


def replayed(
    world: World,
    streams: Sequence[Episode],
    batch: Batch,
    strict: bool = True,
    watch: Callable[[Batch], None] = lambda batch: None,
) -> ResimulatedEpisode:
    """A recorded game as the world plays it, from its first step on.

    Unless `strict`, one without a seed that begins in a state of its own is played with any seed; `watch` is
    then shown the batch before each step.

    Raises:
        CannotResimulate: see `joint_actions`; or no seed was recorded, and the game depends on it.
    """
    actions, seed = joint_actions(world, streams), seeds_of(streams)
    options = streams[0].options
    if seed is None and START in options and not strict:
        seed = SEEDLESS[0]
    if seed is not None:
        return resimulate(world, actions, seed, options, batch, watch)
    played, other = (resimulate(world, actions, tried, options, batch) for tried in SEEDLESS)
    if not np.array_equal(played.observations, other.observations):
        raise CannotResimulate("no seed was recorded, and the game depends on it")
    return resimulate(world, actions, SEEDLESS[0], options, batch, watch) if not strict else played


def first_difference(
    world: World, stream: Episode, played: ResimulatedEpisode
) -> tuple[int, str] | None:
    """The first step in which a stream is not what was played, counted as it was played, and what."""
    seat, steps, played = world.agents.index(stream.agent), len(stream), aligned(played, stream)
    unknown = set(stream.meta.get("filled", ()))  # by an importer, with zeros
    columns: dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]] = {
        "the observation it led to": (
            stream.observations[1:],
            played.observations[1 : steps + 1, seat],
        ),
        **(
            {}
            if "rewards" in unknown
            else {"the reward": (stream.rewards, played.rewards[:steps, seat])}
        ),
        **{
            f"the term {name}": (stream.terms[name], played.terms[:steps, seat, k])
            for k, name in enumerate(world.terms)
            if name in stream.terms
            and name not in unknown  # one of later may have had no column yet
        },
        **{
            f"the cost {name}": (stream.costs[name], played.costs[:steps, seat, k])
            for k, name in enumerate(world.costs)
            if name in stream.costs and name not in unknown
        },
    }
    first = first_step(stream)
    if differing(stream.observations[:1], played.observations[:1, seat]) is not None:
        what = "where it was cut" if first else "at its start"
        return first, f"{what} the world shows something else than was recorded"
    found = first_end(stream, played, seat)
    for name, (ours, theirs) in columns.items():
        step = differing(ours, theirs)
        if step is not None and (found is None or step < found[0]):
            gap = np.abs(ours[step].astype(np.float64) - theirs[step]).max()
            found = step, f"{name} is off by {gap:.3g}"
    return None if found is None else (first + found[0], found[1])


def first_end(stream: Episode, played: ResimulatedEpisode, seat: int) -> tuple[int, str] | None:
    """The first step after which a seat's game was over for one and went on for the other."""
    terminated, truncated = played.terminated[:, seat], played.truncated[:, seat]
    over = np.flatnonzero(terminated | truncated)
    last = len(stream) - 1
    if len(over) and over[0] < last:
        return int(over[0]), f"the world ends the game, the recording has {last - over[0]} more"
    if stream.meta.get("trimmed", {}).get("last", 0) < stream.meta.get("trimmed", {}).get("of", 0):
        return None  # its end was cut
    if stream.terminated != bool(terminated[last]):
        which = "ends" if terminated[last] else "does not end"
        return last, f"the world {which} the game, the recording says otherwise"
    if truncated[last] and not (stream.truncated or stream.terminated):
        return last, "the time is up, the recording says otherwise"
    return None  # a person may end a game before its time is up: that is recorded as truncated


def differing(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> int | None:
    """The first row that differs; None if none does."""
    if np.array_equal(ours, theirs):
        return None
    gaps = np.abs(ours.astype(np.float64) - theirs)
    far = gaps > CLOSE * (1 + np.abs(theirs.astype(np.float64)))
    rows = far.reshape(len(far), -1).any(axis=1)
    return int(np.argmax(rows)) if rows.any() else None


def _shifted(
    world: World,
    stream: Episode,
    streams: Sequence[Episode],
    actions: npt.NDArray[Any],
    batch: Batch,
) -> str:
    """What is to be said if the actions, taken a step earlier or later, lead where was recorded."""
    if first_step(stream):
        return ""
    seat, seen = world.agents.index(stream.agent), stream.observations
    late, early = np.roll(actions, -1, axis=0), np.roll(actions, 1, axis=0)
    tries = [(late, "late"), (early, "early")]
    if hasattr(world.action_space, "n"):  # what came first is lost: any may have
        tries += [(_begun_with(early, a), "early") for a in range(world.action_space.n)]
    for shifted, word in tries:
        again = resimulate(world, shifted, streams[0].seed or 0, stream.options, batch)
        if differing(seen[:-1], again.observations[:-1, seat]) is None:
            return f"; every action seems to be recorded one step too {word}"
    return ""


def _begun_with(actions: npt.NDArray[Any], first: int) -> npt.NDArray[Any]:
    changed = actions.copy()
    changed[0] = first
    return changed
