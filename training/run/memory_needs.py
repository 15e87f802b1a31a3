"""What a recipe's sizes take of memory at the least, and their refusal before anything is begun.

Every estimate counts only what is certainly held at once, so that what it refuses could not have ended well.

T steps, B games, N agents, O numbers in an observation.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from agents.evaluation.statistics import RESAMPLES
from environments.simulation.frame_stack import action_size
from environments.simulation.world import World
from environments.system.memory import require_memory
from training.imitation.inputs import NetworkSettings
from training.ppo.plan import plan_of
from training.run.recipe import Recipe

RESAMPLED = RESAMPLES * 16  # bytes a game: of each resample its number and its value
LEARNED = 16  # bytes of a weight: itself, its gradient and two moments
STEP = 6 * 4  # bytes of a recorded step beside what was seen and done


def check_sizes(recipe: Recipe, world: World) -> None:
    """Refuse a recipe that this machine cannot hold.

    Raises:
        UserError: which setting takes too much, how much, and how much there is.
    """
    refine, seen = plan_of(recipe.refine), seen_bytes(world, recipe.network)
    _check_network(recipe, world)
    require_memory(
        refine.games * game_bytes(world),
        f"refine.games = {refine.games:,} takes",
        "play fewer at once",
    )
    require_memory(
        refine.games * refine.rollout * (seen + STEP),
        f"A rollout of refine.games = {refine.games:,} x "
        f"refine.rollout.steps = {refine.rollout:,} takes",
        "make one of them smaller",
    )
    require_memory(
        refine.batch_size * seen, f"refine.batch_size = {refine.batch_size:,} takes", "lower it"
    )
    check_games(world, "refine.judge.games", refine.judge_games)
    check_games(world, "evaluate.games", recipe.evaluate.games)
    if recipe.data.corrections is not None:
        check_games(world, "corrections.games", recipe.corrections.games)


def check_games(world: World, what: str, games: int) -> None:
    """Refuse more games than can be judged at once.

    Raises:
        UserError: what they take, and what there is.
    """
    need = games * (game_bytes(world) + RESAMPLED)
    require_memory(need, f"{what} = {games:,} takes", "play fewer")


def game_bytes(world: World) -> int:
    """What a game of a batch holds: its state, and what every agent observes, now and at the end."""
    numbers = len(world.terms) + len(world.costs) + 1
    return world.state_dtype.itemsize + len(world.agents) * (2 * _bytes(world) + 4 * numbers)


def seen_bytes(world: World, network: NetworkSettings) -> int:
    """What a policy is handed of one step: the observation, or a window over the last ones."""
    if network.kind != "memory":
        return _bytes(world)
    return 4 * network.steps * _row(world)


def _check_network(recipe: Recipe, world: World) -> None:
    network = recipe.network
    hidden = recipe.clone.hidden if network.hidden is None else network.hidden
    inputs = 1 if world.parts else math.prod(world.observation_space.shape)  # pictures: who knows
    count, table = 0, 0
    if network.kind == "memory":
        inputs, k = network.width, network.steps
        count += inputs * (8 * inputs * network.layers + k + 1)
        table = 2 * k * k  # which step may attend to which
    count += 2 * sum(into * out for into, out in pairwise([inputs, *hidden]))
    name = "network" if network.hidden is not None or network.kind == "memory" else "clone"
    sizes: Any = f"[{name}] asks for {count:,} weights, which take"
    require_memory(count * LEARNED + table, sizes, "make its layers smaller or fewer")


def _bytes(world: World) -> int:
    """Of one observation."""
    seen = world.observation_space
    return math.prod(seen.shape) * np.dtype(seen.dtype).itemsize


def _row(world: World) -> int:
    """How many numbers a window has of a step."""
    return math.prod(world.observation_space.shape) + action_size(world.action_space) + 1
