"""How fast the worlds run, beside Gymnasium's CartPole in the same run, in turn."""

import statistics
import time

import gymnasium
import numpy as np
import pytest

from environments.catalog import make_batch

GAMES = 256
TURNS = 5


def steps_a_second(step, actions):
    """Joint steps of all games a second, over as many steps as there are actions."""
    began = time.perf_counter()
    for action in actions:
        step(action)
    return len(actions) * GAMES / (time.perf_counter() - began)


def medians(runs):
    """{name: median} of functions that each measure once, in turn."""
    measured: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()  # not counted: kernels compile
    for _ in range(TURNS):
        for name, run in runs.items():
            measured[name].append(run())
    return {name: statistics.median(values) for name, values in measured.items()}


def show(what, median, against):
    print(f"\n{what}, joint steps/s with observations, {GAMES} games (median of {TURNS}):")
    for name, value in median.items():
        print(f"  {name:32} {value:12,.0f}   {value / median[against]:6.1f} x {against}")


def some_actions(count, steps, seats=1):
    return np.random.default_rng(0).integers(count, size=(steps, GAMES, seats))


@pytest.mark.bench
def test_the_kitchen_makes_a_million_joint_steps_a_second():
    actions = some_actions(6, 2000, 2)
    runs = {}
    for layout in ("cramped_room", "counter_circuit"):
        batch = make_batch("gpo/Kitchen-v0", GAMES, layout=layout)
        runs[layout] = lambda batch=batch: steps_a_second(batch.step, actions)
    median = medians(runs)
    show("kitchen", median, "cramped_room")
    assert median["cramped_room"] >= 1e6


@pytest.mark.bench
def test_balance_is_many_times_as_fast_as_gymnasiums_cartpole():
    actions = some_actions(2, 2000)
    batch = make_batch("gpo/Balance-v0", GAMES)
    ours = gymnasium.make_vec(
        "environments.catalog:gpo/Balance-v0", GAMES, vectorization_mode="vector_entry_point"
    )
    sync = gymnasium.make_vec("CartPole-v1", GAMES, vectorization_mode="sync")
    vector = gymnasium.make_vec("CartPole-v1", GAMES, vectorization_mode="vector_entry_point")
    for worlds in (ours, sync, vector):
        worlds.reset(seed=0)
    flat = actions[:, :, 0]
    runs = {
        "our batch": lambda: steps_a_second(batch.step, actions),
        "our VectorEnv": lambda: steps_a_second(ours.step, flat),
        "CartPole-v1, vector_entry_point": lambda: steps_a_second(vector.step, flat),
        "CartPole-v1, sync": lambda: steps_a_second(sync.step, flat[:60]),
    }
    median = medians(runs)
    show("balance", median, "CartPole-v1, sync")
    assert median["our batch"] >= 20 * median["CartPole-v1, sync"]
    # Gymnasium's own vector is all numpy and, unlike ours, says nothing about episodes that end.
    assert median["our batch"] >= 2 * median["CartPole-v1, vector_entry_point"]
    assert median["our VectorEnv"] >= 0.5 * median["CartPole-v1, vector_entry_point"]
