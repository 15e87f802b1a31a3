"""Precision, clocks, and what is said when the machine changed under a run."""

import copy
import time

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.policy import build_policy
from environments.catalog import make_world
from environments.simulation.batch import Batch
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from training.compute import hardware as engine
from training.compute.timers import StageTimer
from training.ppo.refiner import Refiner
from training.ppo.settings import RefinerInputs
from training.run.folder import RunFolder
from training.run.recipe import read_recipe


def refiner(precision="float32"):
    face = Sb3VecEnv(Seating(Batch(make_world("gpo/Balance-v0"), 8)))
    from agents.networks.policy import AgentPolicy

    return Refiner(
        AgentPolicy,
        face,
        RefinerInputs(precision=precision),
        n_steps=64,
        batch_size=128,
        n_epochs=2,
        seed=1,
    )


def test_the_ratio_begins_at_one_in_brain_floats():
    agent = refiner(precision="bfloat16")
    steps = []
    real = agent.gradient_step

    def watched(*arguments):
        steps.append(real(*arguments))
        return steps[-1]

    agent.gradient_step = watched
    agent.learn(512)
    assert steps[0]["log_ratio"].abs().max() < 1e-5


def test_brain_floats_take_nearly_the_same_step():
    exact, rough = refiner(), refiner(precision="bfloat16")
    before = copy.deepcopy(exact.policy.state_dict())
    for agent in (exact, rough):
        agent.learn(512)
    ways = [
        torch.cat([(agent.policy.state_dict()[n] - start).flatten() for n, start in before.items()])
        for agent in (exact, rough)
    ]
    assert torch.nn.functional.cosine_similarity(ways[0], ways[1], dim=0) > 0.7, (
        "it went another way"
    )


@pytest.mark.parametrize(
    ("half", "two", "crew", "chosen"),
    [
        (1, 4, 4, ("bfloat16", 1, 1)),
        (4, 4, 4, ("float32", 1, 1)),
        (4, 1, 1, ("float32", 2, 1)),  # torch's own threads leave no core for a side
        (1, 0.2, 4, ("bfloat16", 2, 1)),
        (1, 4, 1, ("bfloat16", 1, 2)),
    ],
)
def test_what_is_faster_is_chosen_and_only_where_it_pays(monkeypatch, half, two, crew, chosen):
    def work(policy, seen, is_half, threads=None, sides=engine.ALONE):
        factor = (two / 3 if threads == 2 else 1) * (crew / 3 if sides.cores == 2 else 1)
        time.sleep(0.002 * (half if is_half else 3) * factor)

    monkeypatch.setattr(engine, "_step", work)
    monkeypatch.setattr(engine, "free_cores", lambda: 2)
    policy = build_policy(spaces.Box(-1, 1, (4,), np.float32), spaces.Discrete(2), {})
    assert engine.choose_compute(policy, 16, None, None, None) == engine.ComputeChoice(*chosen)


def test_what_a_recipe_names_is_not_measured(monkeypatch):
    monkeypatch.setattr(engine, "_step", None)
    policy = build_policy(spaces.Box(-1, 1, (4,), np.float32), spaces.Discrete(2), {})
    assert engine.choose_compute(policy, 16, "bfloat16", 1, 2) == engine.ComputeChoice(
        "bfloat16", 1, 2
    )


def test_a_network_is_timed_on_as_many_rows_as_take_little_time(monkeypatch):
    rows, now = [], 0.0

    def work(policy, seen, is_half, threads=None, sides=engine.ALONE):
        nonlocal now
        rows.append(len(seen))
        now += 0.001 * len(seen)  # s: a large network

    monkeypatch.setattr(engine, "_step", work)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    monkeypatch.setattr(engine, "free_cores", lambda: 2)
    policy = build_policy(spaces.Box(-1, 1, (4,), np.float32), spaces.Discrete(2), {})
    engine.choose_compute(policy, 4000, None, None, None)
    assert set(rows) == {engine.ROWS}, "a whole minibatch would take 4 s a call"
    assert now < 1
    rows.clear()
    engine.choose_compute(policy, 8, None, None, None)
    assert set(rows) == {8}


def test_measuring_leaves_policy_and_threads_alone():
    policy = build_policy(spaces.Box(-1, 1, (4,), np.float32), spaces.Discrete(2), {})
    before, threads = copy.deepcopy(policy.state_dict()), torch.get_num_threads()
    engine.choose_compute(policy, 64, None, None, None)
    assert torch.get_num_threads() == threads
    assert all(torch.equal(policy.state_dict()[name], value) for name, value in before.items())
    assert all(parameter.grad is None for parameter in policy.parameters())


def test_a_clock_counts_every_second_once(monkeypatch):
    now = iter(
        [0.0, 2.0, 7.0, 8.0]
    )  # s: the whole begins, the part begins, the part ends, the whole ends
    monkeypatch.setattr(time, "perf_counter", lambda: next(now))
    clock = StageTimer()
    with clock.part("whole"), clock.part("part"):
        pass
    assert clock.seconds == {"part": 5.0, "whole": 3.0}
    assert str(clock) == "part 5 s, whole 3 s"


def test_a_run_that_goes_on_elsewhere_says_so(tmp_path):
    def opened():
        run = RunFolder(tmp_path / "run", read_recipe("cramped_room"))
        with run.alone():
            assert run.notes == []
        return run

    first = opened()
    assert first.changed == []
    (tmp_path / "run" / "checkpoints").mkdir()
    machine = first.read_json("machine.json")
    machine["packages"]["torch"] = "2.0.0"
    first.write_json("machine.json", machine)
    changed = opened().changed
    assert len(changed) == 1
    assert changed[0].startswith("packages.torch: here 2.")
    assert changed[0].endswith("there 2.0.0")
    assert opened().changed == changed, "it stays on record"
