"""Relabelling: recorded games get the observations, rewards, terms and costs of today's world.

They are played again for that.

A world may have got other terms, costs or another observation since; its dynamics must be the same, or
the recorded actions would tell another story. That is held against what was recorded:

- the game ends in the same step;
- where observations are of the same kind as then, they are the same (`changed_view` waives it);
- where they are not, the north star, if it is still called so, is earned in the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.dataset.history import noted
from demos.data.dataset.revision import Revision
from demos.data.dataset.store import Store
from demos.data.editing.numbers import count
from demos.data.editing.revise import Piece, editing, revise
from demos.data.episodes.episode import Episode
from demos.data.inspection.resimulate import (
    CannotResimulate,
    ResimulatedEpisode,
    aligned,
    matches,
    world_of,
)
from demos.data.inspection.verify import differing, first_end, replayed
from environments.catalog import make_batch
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.system.errors import UserError


def relabel(store: Store, name: str, *, changed_view: bool = False) -> str:
    """Recompute what the world says to every game; returns what was done, as a sentence.

    Args:
        store: where the dataset is.
        name: of the dataset.
        changed_view: observations mean something else by now, though they look alike.

    Raises:
        UserError: a game cannot be played again, its dynamics no longer agree, or nothing would change.
    """
    with editing(store.open(name)) as dataset:
        world = world_of(dataset)
        like = _revision_for(dataset, world)
        batch = make_batch(world, 1, restart=False)
        changed: dict[int, Episode] = {}
        for game in matches(dataset, range(len(dataset))):
            streams = [dataset.load(number) for number in game]
            played = _played(world, dataset, game, streams, batch)
            for number, stream in zip(game, streams, strict=True):
                _require_same_dynamics(world, dataset, number, stream, played, changed_view)
                made = relabelled(world, stream, played)
                if not _same(stream, made):
                    changed[number] = made
        batch.close()
        if not changed:
            raise UserError(
                f"Dataset {name} says what today's {world.id} says: nothing was changed."
            )
        pieces = [Piece.of(dataset, n, changed.get(n)) for n in range(len(dataset))]
        what = f"recomputed {count(len(changed))} with today's {world.id}"
        edit = noted("relabel", what, dataset.revision.name, len(dataset))
        made_name = revise(dataset, pieces, edit, like)
        return f"{made_name} of {name}: {what}."


def relabelled(world: World, stream: Episode, played: ResimulatedEpisode) -> Episode:
    """The episode with what the world says to it."""
    seat, steps, played = world.agents.index(stream.agent), len(stream), aligned(played, stream)
    return replace(
        stream,
        observations=played.observations[: steps + 1, seat],
        rewards=played.rewards[:steps, seat],
        terms={name: played.terms[:steps, seat, k] for k, name in enumerate(world.terms)},
        costs={name: played.costs[:steps, seat, k] for k, name in enumerate(world.costs)},
        fingerprint=world.fingerprint,
        meta={key: value for key, value in stream.meta.items() if key != "filled"},
    )


def _revision_for(dataset: Dataset, world: World) -> Revision:
    """A revision like the current one, but of today's world."""
    if dataset.revision.action_space != world.action_space:
        raise UserError(
            f"Dataset {dataset.name} holds actions {dataset.revision.action_space}, and today's "
            f"{world.id} takes {world.action_space}: they cannot be played again."
        )
    facts = {
        **dataset.facts,
        "fingerprint": world.fingerprint,
        "world_description": world.describe(),
        "terms": list(world.terms),
        "costs": list(world.costs),
        "north_star": world.north_star,
    }
    return Revision(dataset.revision.name, facts, world.observation_space, world.action_space)


def _played(
    world: World, dataset: Dataset, game: Sequence[int], streams: Sequence[Episode], batch: Batch
) -> ResimulatedEpisode:
    try:
        played = replayed(world, streams, batch)
        again = replayed(world, streams, batch)
    except CannotResimulate as why:
        raise UserError(
            f"Dataset {dataset.name}, episode {game[0]} cannot be played again: {why}; leave it out "
            "first, with `gpo demos delete`."
        ) from why
    if not np.array_equal(played.observations, again.observations):
        raise UserError(
            f"{world.id} does not repeat a game from its seed, so dataset {dataset.name} cannot be "
            "relabelled."
        )
    return played


def _require_same_dynamics(
    world: World,
    dataset: Dataset,
    number: int,
    stream: Episode,
    played: ResimulatedEpisode,
    changed_view: bool,
) -> None:
    seat, steps, star = world.agents.index(stream.agent), len(stream), world.north_star
    played = aligned(played, stream)
    found = first_end(stream, played, seat)
    alike = dataset.revision.observation_space == world.observation_space
    if found is None and alike and not changed_view:
        row = differing(stream.observations, played.observations[: steps + 1, seat])
        if row is not None:
            found = max(row - 1, 0), "it shows something else than was recorded"
    elif found is None and star in stream.terms:
        column = list(world.terms).index(star)
        step = differing(stream.terms[star], played.terms[:steps, seat, column])
        if step is not None:
            found = step, f"{star} is not earned as it was recorded"
    if found is not None:
        raise UserError(
            f"Today's {world.id} goes another way than dataset {dataset.name}, episode {number}, in "
            f"step {found[0]}: {found[1]}. Its dynamics have changed (or only what is seen: then add "
            "--changed-view), so nothing was relabelled."
        )


def _same(stream: Episode, made: Episode) -> bool:
    """Whether nothing was changed, to the last bit."""
    pairs = [(stream.observations, made.observations), (stream.rewards, made.rewards)]
    for old, new in ((stream.terms, made.terms), (stream.costs, made.costs)):
        if old.keys() != new.keys():
            return False
        pairs += [(old[name], new[name]) for name in old]
    same = all(old.dtype == new.dtype and np.array_equal(old, new) for old, new in pairs)
    return same and stream.fingerprint == made.fingerprint
