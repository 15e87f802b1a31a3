"""How fast duels run on one core, at two batch sizes, and what share of a training step that is.

Times are the process's own, so that other work on the machine disturbs them less.
"""

import statistics
import time
from typing import Any

import numpy as np
import pytest
import torch

from agents.networks.policy import AgentPolicy
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.partners.partners import make_partner
from training.ppo.plan import plan_of
from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs
from training.run.recipe import read_recipe

TURNS = 7
WORLD = "gpo/Duel-v0"


def some_actions(batch, steps=20):
    counts = batch.world.action_space.nvec
    random = np.random.default_rng(0)
    return [random.integers(counts, size=batch.actions.shape) for _ in range(steps)]


def steps_a_second(batch, actions, steps):
    """World-steps of all games a second of this process."""
    began = time.process_time()
    for k in range(steps):
        batch.step(actions[k % len(actions)])
    return steps * batch.size / (time.process_time() - began)


@pytest.mark.bench
def test_half_a_million_duels_step_in_a_second_and_larger_batches_are_no_slower():
    batches = {games: make_batch(WORLD, games) for games in (256, 4096)}
    actions = {games: some_actions(batch) for games, batch in batches.items()}
    found: dict[int, list[float]] = {games: [] for games in batches}
    for turn in range(TURNS + 1):  # the first is not counted: kernels compile, games get going
        for games, batch in batches.items():
            speed = steps_a_second(batch, actions[games], 400 * 256 // games)
            if turn:
                found[games].append(speed)
    median = {games: statistics.median(speeds) for games, speeds in found.items()}
    print("\nduel, world-steps/s with both observations, one core (median of 7):")
    for games, speed in median.items():
        print(f"  {games:5} games {speed:12,.0f}")
    assert median[256] >= 500_000
    assert median[4096] >= 0.75 * median[256]


class Timed:
    """Adds up the process's time inside a function."""

    def __init__(self, function):
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments, **keywords):
        began = time.process_time()
        try:
            return self.function(*arguments, **keywords)
        finally:
            self.seconds += time.process_time() - began


@pytest.mark.bench
def test_the_share_of_a_training_step_that_world_and_opponents_take():
    torch.set_num_threads(1)
    recipe = read_recipe("duel")
    world, plan = make_world(WORLD), plan_of(recipe.refine)
    partner: Any = make_partner(recipe.partner, world, [], 1)
    batch: Any = make_batch(world, plan.games, weights=recipe.reward.weights, discount=0.99)
    costs: dict[str, Any] = {"policy_kwargs": {"n_costs": len(world.costs)}}
    limits = RefinerInputs(costs=recipe.costs)
    shape: dict[str, Any] = {"n_steps": plan.rollout, "batch_size": plan.batch_size}
    face = Sb3VecEnv(Seating(batch, "alternate", partner))
    model = Refiner(AgentPolicy, face, limits, n_epochs=plan.epochs, device="cpu", **shape, **costs)
    rollout = plan.rollout * plan.games
    model.learn(rollout)  # not counted
    batch.step = step = Timed(batch.step)
    partner.predict = chosen = Timed(partner.predict)
    began = time.process_time()
    model.learn(4 * rollout, reset_num_timesteps=False)
    whole = time.process_time() - began
    print(f"\nduel, training on one core: {4 * rollout / whole:,.0f} steps/s, of which")
    for name, part in (("the world", step), ("the opponents", chosen)):
        print(f"  {name:14} {100 * part.seconds / whole:4.1f} %")
    assert step.seconds < 0.25 * whole  # what is left is learning
    assert chosen.seconds < 0.4 * whole
