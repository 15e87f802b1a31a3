"""What recorded games say of those to come: their options, and whether they still play as they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from demos.data.dataset.dataset import Dataset
from demos.data.inspection.resimulate import CannotResimulate, matches
from demos.data.inspection.verify import differing, first_end, replayed
from environments.catalog import make_batch
from environments.external.states.state_access import START
from environments.external.world import Declared, ExternalWorld, declare
from environments.simulation.batch import Batch
from environments.simulation.world import World
from environments.system.errors import UserError

GAMES, STEPS = 3, 1000  # that are played again at most, before training
OWN_SETTING = "horizon"  # an option that a recipe has a setting of its own for
OWN = (OWN_SETTING, START)  # options of an episode that no other is played with


def recorded_options(dataset: Dataset) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """The options that all episodes were played with, beside horizon and start; and those that differ.

    Of those that differ the values that there are; None where an episode has none.
    """
    each = [dataset.episode_facts(number)["options"] for number in dataset.whole()]
    drawn = {*OWN, *(dataset.facts["world_description"].get("vary") or ())}
    names = dict.fromkeys(name for options in each for name in options if name not in drawn)
    shared, differing_ones = {}, {}
    for name in names:
        values: list[Any] = []
        for options in each:
            if options.get(name) not in values:
                values.append(options.get(name))
        if len(values) == 1:
            shared[name] = values[0]
        else:
            differing_ones[name] = values
    return shared, differing_ones


def options_sentence(dataset: Dataset, given: Mapping[str, Any]) -> str:
    """What a person should know about the options that games are played with; empty if nothing.

    Args:
        dataset: that is learned from.
        given: the options that the recipe sets.
    """
    shared, mixed = recorded_options(dataset)
    taken = [f"{name} = {value}" for name, value in shared.items() if name not in given]
    words = ""
    if taken:
        words = f"Games are played with {', '.join(taken)}, as those of dataset {dataset.name} were"
        words += " ([world] options says otherwise)."
    open_ones = [
        f"{name} ({', '.join(map(str, values))})"
        for name, values in mixed.items()
        if name not in given
    ]
    if open_ones:
        words += f" The games of dataset {dataset.name} differ in {', '.join(open_ones)}: games are played "
        words += "without, unless [world] options says which."
    return words.strip()


def changed_physics(world: World, dataset: Dataset) -> str:
    """In a sentence, that recorded games of an environment of others play otherwise by now; or empty.

    A few short games are played again. One that does not repeat itself tells nothing.
    """
    if not isinstance(world, ExternalWorld):
        return ""
    varied = dataset.facts["world_description"].get("vary")  # which its episodes have as options
    bare = declare(replace(world, episode_options={}, vary={}), Declared(vary=varied))
    batch = make_batch(bare, 1, restart=False)
    changed, tried, left = [], 0, STEPS
    try:
        for game in matches(dataset, dataset.whole()):
            steps = int(dataset.episode_facts(game[0])["total_steps"])
            if tried == GAMES or 2 * steps > left:
                break
            left, tried = left - 2 * steps, tried + 1
            if (found := _difference(world, dataset, game, batch)) is not None:
                changed.append(f"episode {game[0]} in step {found}")
    except UserError:  # it does more than play otherwise: it is met again in training
        return ""
    finally:
        batch.close()
    if not changed:
        return ""
    told = ", ".join(changed)
    return (
        f"Of {tried} recorded games {len(changed)} play otherwise in today's {world.id} ({told}): "
        f"its physics may have changed since. Look closer: gpo demos verify {dataset.name}"
    )


def _difference(world: World, dataset: Dataset, game: list[int], batch: Batch) -> int | None:
    """The first step in which the world shows something else, or ends otherwise, than was recorded."""
    streams = [dataset.load(number) for number in game]
    try:
        played, again = (replayed(world, streams, batch) for _ in range(2))
    except CannotResimulate:
        return None
    if not np.array_equal(played.observations, again.observations):
        return None
    for stream in streams:
        seat = world.agents.index(stream.agent)
        joined = int(stream.meta.get("joined", 0))
        seen = played.observations[joined : joined + len(stream) + 1, seat]
        if (row := differing(stream.observations, seen)) is not None:
            return joined + row
        if not joined and (end := first_end(stream, played, seat)) is not None:
            return end[0]
    return None
