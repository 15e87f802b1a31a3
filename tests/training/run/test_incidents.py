"""Training goes on beside an environment that misbehaves, and says what it did."""

import json
from typing import Any

import numpy as np
import pytest
import torch

import gpo
from agents.files.agent_file import load_agent
from agents.networks.policy import AgentPolicy
from agents.players.player import RandomPlayer
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.training.support.toys import record
from training.ppo.refiner import Refiner

ROWDY = "tests.environments.support.rowdy:Rowdy"
RECIPE = """
[world]
id = "{world}"
params = {{ how = "{how}", seeds = [], every = {every} }}
workers = {workers}
horizon = 20
[data]
root = "{root}"
train = "rowdy"
[clone]
hidden = [8]
epochs = 2
batch_size = 64
[refine]
steps = 400
games = 4
rollout = 25
batch_size = 50
epochs = 1
warm_up = 1
judge_every = 2
judge_games = 4
[evaluate]
games = 4
"""


def all_finite(policy):
    return all(torch.isfinite(value).all() for value in policy.state_dict().values())


@pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")
@pytest.mark.parametrize(
    "how", ["raises", "sees nan", "sees infinity", "is paid nan", "costs nan", "another shape"]
)
def test_the_weights_stay_finite(how):
    world = make_world(ROWDY, how=how, seeds=(1, 6, 11))
    batch: Any = make_batch(world, 4)
    face = Sb3VecEnv(Seating(batch))
    network = {"net_arch": {"pi": [8], "vf": [8]}}
    model = Refiner(
        AgentPolicy,
        face,
        n_steps=16,
        batch_size=32,
        n_epochs=2,
        device="cpu",
        policy_kwargs=network,
    )
    model.learn(128)
    assert batch.incidents
    assert all_finite(model.policy)
    assert np.isfinite(model.rollout_buffer.advantages).all()
    assert np.isfinite(model.rollout_buffer.observations).all()


@pytest.mark.parametrize(("how", "workers"), [("raises", 0), ("dies", 2)])
def test_a_run_names_what_happened_and_ends_well(tmp_path, caplog, how, workers):
    world = make_world(ROWDY, how=how, seeds=[], every=45)
    record(tmp_path, "rowdy", world, RandomPlayer(world.action_space), 3, 20)  # seeds 0, 1, 2
    path = tmp_path / "rowdy.toml"
    path.write_text(RECIPE.format(world=ROWDY, root=tmp_path, how=how, workers=workers, every=45))
    assert gpo.main(["train", str(path), "--run", str(tmp_path / "run")]) == 0
    lines = (tmp_path / "run" / "incidents.jsonl").read_text().splitlines()
    incidents = [json.loads(line) for line in lines]
    assert incidents
    assert all(incident["seed"] % 45 == 44 for incident in incidents)
    assert all(f"(seed {one['seed']})" in one["sentence"] for one in incidents)
    assert [f"{one['sentence']} It is begun anew." for one in incidents] == caplog.messages
    assert all_finite(load_agent(tmp_path / "run" / "agent.safetensors").policy)
