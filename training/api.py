"""The Python API: record, clone, train and evaluate without the command line.

Every function is typed, prints nothing, and returns what it made; docs/python.md shows each.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from agents.evaluation.games import HELD_OUT
from agents.evaluation.statistics import Interval
from agents.files.agent_file import Agent
from agents.loaded_agent import LoadedAgent as LoadedAgent
from agents.loaded_agent import load_agent as load_agent
from agents.lookup import resolve_player
from agents.players.from_agent import make_player
from demos.data.dataset.dataset import Dataset
from demos.data.dataset.store import Store
from demos.data.inspection.resimulate import world_of
from demos.sessions.record.command import RecordResult
from demos.sessions.record.command import record as record_session
from demos.sessions.record.options import RecordOptions
from environments.catalog import make_world
from environments.simulation.world import World
from environments.system.errors import UserError, raise_all
from training.evaluation import protocol
from training.evaluation.results import TrainResult
from training.gate.judged_by import judged_by_of
from training.imitation.holdout import require_matches
from training.pipeline.clone_stage import check_encoder, clone_task, matches
from training.pipeline.prepare import prepare
from training.pipeline.train import train as train_run
from training.run.folder import RunFolder
from training.run.recipe import Recipe, overridden_recipe, read_recipe
from training.run.recipe_mistakes import recipe_mistakes
from training.run.reporter import Reporter


@dataclass(frozen=True)
class Evaluation:
    """What an agent came to in held-out games, by seat."""

    # "return", each term, what the agent was judged by if that is another figure, and each cost
    seats: tuple[Mapping[str, Interval], ...]
    games: int  # a seat

    def __getitem__(self, name: str) -> Interval:
        """Of the first seat: its mean with a 95 % interval."""
        return self.seats[0][name]


def load_dataset(name: str, root: str | Path = "datasets") -> Dataset:
    """The recordings of that name.

    Raises:
        UserError: there are none, or they are not whole.
    """
    return Store(Path(root)).open(name)


def record(world: str, **options: Any) -> RecordResult:
    """Open a window and keep what a person plays.

    Args:
        world: any world or environment id.
        options: fields of `RecordOptions`, such as `dataset`, `partner` or `episodes`.

    Raises:
        UserError: no screen, no such world, a dataset of another world, or one in use.
        TypeError: there is no such option.
    """
    known = {field.name for field in fields(RecordOptions)}
    if unknown := options.keys() - known:
        raise TypeError(f"record() has no options {sorted(unknown)}")
    return record_session(RecordOptions(world, **options), lambda sentence: None)


def clone(
    dataset: Dataset | str, world: str | None = None, *, seed: int = 0, **settings: Any
) -> LoadedAgent:
    """Clone the people of a dataset.

    Args:
        dataset: or the name of one in `datasets`.
        world: an environment id; the one that was recorded if left out.
        seed: of the split, the weights and the order.
        settings: of `[clone]`, such as `epochs`.

    Raises:
        UserError: a setting that there is not, or a dataset that nothing can be cloned from.
    """
    data = load_dataset(dataset) if isinstance(dataset, str) else dataset
    place = _world_of(data, world)
    told = {"world": {"id": place.id}, "data": {"train": data.name}, "clone": settings}
    recipe = _recipe({"seed": seed, **told})
    for complaint in data.check()[:1]:
        raise UserError(complaint)
    require_matches(len(set(matches(data))))
    check_encoder(recipe, place)
    found = clone_task(recipe, place).clone(data)
    facts = {"role": "clone", "seed": seed, "dataset": data.name, "data": data.digest()}
    # Of a file that there is not yet.
    made = Agent(found.policy, place.describe(), facts, "", place.own_action_space)
    return LoadedAgent(made, f"The clone of {data.name}")


def train(
    recipe: str | Path | Mapping[str, Any] | Recipe,
    folder: str | Path,
    *,
    overrides: Sequence[str] = (),
    reporter: Reporter | None = None,
    accept_unsafe: bool = False,
) -> TrainResult:
    """Clone, refine with PPO and judge; a run that was interrupted goes on.

    Args:
        recipe: the path or name of a TOML file, or what would stand in one.
        folder: of the run.
        overrides: `refine.steps=100_000`, ...
        reporter: is told how far it is and may ask for a stop (`training.run.reporter`).
        accept_unsafe: where no agent keeps every limit, hand on the one that comes nearest; else the
            result has no agent then.

    Raises:
        UserError: anything about the recipe, the data or the folder that cannot work.
        TrainingStopped: the reporter asked for it.
        TypeError: overrides of a `Recipe`.
    """
    if isinstance(recipe, str | Path):
        recipe = read_recipe(str(recipe), overrides, lambda sentence: None)
    elif isinstance(recipe, Mapping):
        recipe = overridden_recipe(copy.deepcopy(dict(recipe)), "The recipe", overrides)
    elif overrides:
        raise TypeError("a Recipe is made: give overrides with a path or a mapping")
    prepare(recipe)  # before the run folder: a mistake leaves nothing behind
    run = RunFolder(Path(folder), recipe)
    with run.alone():
        return train_run(run, reporter, accept_unsafe)


def evaluate(
    agent: LoadedAgent | str | Path,
    partner: LoadedAgent | str | None = None,
    *,
    episodes: int = 100,
    greedy: bool = False,
    seed: int = HELD_OUT,
) -> Evaluation:
    """Play held-out games in every seat.

    Args:
        agent: or the name of one.
        partner: who has the other seats, an agent or a name such as a script's; the agent itself if
            left out.
        episodes: a seat.
        greedy: take the likeliest actions instead of samples.
        seed: of the first game; each has the next one.

    Raises:
        UserError: no such agent or partner.
    """
    judged = agent if isinstance(agent, LoadedAgent) else load_agent(agent)
    world = judged.world
    other = judged if partner is None else partner
    makes = (
        partial(make_player, other.agent, world)
        if isinstance(other, LoadedAgent)
        else partial(resolve_player, other, world)
    )
    how = protocol.Protocol(
        episodes, world.horizon, greedy, seed, judged.agent.shielded, world.episode_options
    )
    played = protocol.evaluate(world, partial(make_player, judged.agent, world), makes, how)
    found = protocol.summary(played, judged_by_of(judged.agent.facts, world))
    seats = tuple({name: Interval(**row) for name, row in seat.items()} for seat in found["seats"])
    return Evaluation(seats, found["games"])


def _world_of(data: Dataset, named: str | None) -> World:
    """The world of a dataset: as it was recorded, or the named one, which a person typed."""
    if named is None:
        return world_of(data)
    place = make_world(named)
    data.require_world(place)
    return place


def _recipe(content: Mapping[str, Any]) -> Recipe:
    mistakes: list[UserError] = list(recipe_mistakes(Recipe, dict(content), "The recipe"))
    raise_all(mistakes)
    return Recipe.model_validate(dict(content))
