"""How fast the courier's hall runs on one core, alone and as a share of a training step."""

import statistics
import time

import numpy as np
import pytest

from agents.networks.policy import AgentPolicy
from environments.catalog import make_batch
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.benchmarks.test_world_speed import TURNS
from training.ppo.plan import plan_of
from training.ppo.refiner import Refiner
from training.run.recipe import read_recipe

SMALL, LARGE = 256, 4096  # games
STEPS = 256 * 400  # of all games, a measurement


def a_measurement(size):
    """A function that plays STEPS world-steps, as drivers go forward and turn, and says how many a second."""
    batch = make_batch("gpo/Courier-v0", size)
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, size=(20, size, 1, 2)).astype(np.float32)
    actions[..., 0] = np.abs(actions[..., 0])

    def measure():
        began = time.perf_counter()
        for k in range(STEPS // size):
            batch.step(actions[k % 20])
        return STEPS / (time.perf_counter() - began)

    return measure


@pytest.mark.bench
def test_the_courier_makes_300000_steps_a_second_however_many_games_there_are():
    runs = {size: a_measurement(size) for size in (SMALL, LARGE)}
    found: dict[int, list[float]] = {size: [] for size in runs}
    for run in runs.values():
        run()  # not counted: kernels compile
    for _ in range(TURNS):
        for size, run in runs.items():
            found[size].append(run())
    median = {size: statistics.median(values) for size, values in found.items()}
    print(f"\ncourier, steps/s with observations (median of {TURNS}):")
    for size, value in median.items():
        print(f"  {size:5} games {value:12,.0f}")
    assert median[SMALL] >= 300_000
    assert median[LARGE] >= 0.75 * median[SMALL]


@pytest.mark.bench
def test_most_of_a_training_step_is_not_the_hall():
    plan = plan_of(read_recipe("courier").refine)
    batch = make_batch("gpo/Courier-v0", plan.games)
    learner = Refiner(
        AgentPolicy,
        Sb3VecEnv(Seating(batch)),
        n_steps=plan.rollout,
        batch_size=plan.batch_size,
        n_epochs=plan.epochs,
        device="cpu",
    )
    rollout = plan.games * plan.rollout
    learner.learn(rollout)  # not counted: kernels compile
    learner.clock.seconds.clear()
    learner.learn(3 * rollout, reset_num_timesteps=False)
    seconds = learner.clock.seconds
    share = seconds["world and partner"] / sum(seconds.values())
    print(
        f"\ncourier, the recipe's training step: the world takes {share:.0%} of it ({learner.clock})"
    )
    assert share < 0.5
