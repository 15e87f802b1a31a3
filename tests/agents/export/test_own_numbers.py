"""Exports act in the environment's own numbers and say its own space, whatever it counts from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import PPO

from agents.export.onnx_export import export_onnx
from agents.export.onnx_player import OnnxPlayer
from agents.export.onnx_session import OnnxSession
from agents.export.probe_inputs import probe_observations
from agents.export.sb3_zip import export_sb3
from agents.files.agent_file import Agent, load_agent, save_agent
from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer
from agents.schema.space_schema import read_action_space
from environments.catalog import make_world
from environments.external.games.own_actions import counted_space, own_rows
from environments.simulation.frame_stack import stacked_space
from environments.system.errors import UserError

SIGHT = spaces.Box(-9.0, 9.0, (5,), np.float32)
OWN = [
    spaces.Discrete(3, start=1),
    spaces.Discrete(3, start=-1),
    spaces.MultiDiscrete([3, 2], start=[1, -5]),
    spaces.MultiDiscrete(np.array([[2, 3], [4, 2]])),
    spaces.MultiBinary([2, 2]),
    spaces.Box(-3, 3, (2,), np.int64),
    spaces.Box(-1, 1, (), np.float32),
    spaces.Box(-0.1, 0.1, (2,), np.float64),
]


def agent_with(own, steps=0):
    """An agent of an environment with such actions, with a memory of some steps."""
    torch.manual_seed(1)
    counted = counted_space(own, "toy")
    settings: dict[str, Any] = {"net_arch": {"pi": [8], "vf": [8]}}
    seen: Any = SIGHT
    if steps:
        parts = [["", "vector", [5]]]
        settings["sight"] = {"parts": parts, "steps": steps, "width": 8, "heads": 2}
        seen = stacked_space(SIGHT, counted, steps)
    policy: Any = build_policy(seen, counted, settings)
    with torch.no_grad():
        policy.action_net.weight.mul_(300)  # so that it does not always do the same
    policy.set_training_mode(False)
    return Agent(policy, make_world("gpo/Balance-v0").describe(), {}, "0" * 64, own)


def seen_by(agent, count=50):
    return probe_observations(agent.policy, count, np.random.default_rng(2)).astype(np.float32)


@pytest.mark.parametrize("own", OWN, ids=str)
def test_an_onnx_file_answers_in_them(own, tmp_path):
    agent = agent_with(own)
    file = export_onnx(agent, tmp_path / "agent.onnx", greedy=True).file
    assert read_action_space(file.about["action_space"]) == own
    seen = seen_by(agent)
    found = OnnxSession(file, file.shapes(2)).run(["action"], {"observation": seen})[0]
    ours = NetworkPlayer(agent.policy).predict(seen, deterministic=True)[0]
    wanted = own_rows(own)(ours)
    assert found.shape == wanted.shape
    assert np.allclose(found, wanted, atol=1e-6)
    assert all(own.contains(np.asarray(one, own.dtype)) for one in found)
    counted = OnnxPlayer(file, agent.policy.action_space).predict(seen, deterministic=True)[0]
    assert np.allclose(counted, ours if own.dtype.kind == "f" else np.rint(ours), atol=1e-6)


@pytest.mark.parametrize("own", [OWN[0], OWN[2], OWN[3]], ids=str)
def test_a_file_with_memory_is_told_in_them_what_was_done(own, tmp_path):
    agent = agent_with(own, steps=3)
    file = export_onnx(agent, tmp_path / "agent.onnx").file
    theirs, ours = OnnxPlayer(file, agent.policy.action_space, 3), NetworkPlayer(agent.policy, 3)
    one, other = None, None
    for step in range(6):
        seen = np.random.default_rng(step).normal(size=(4, 5)).astype(np.float32)
        starts = np.full(4, step in (0, 4))
        action, one = theirs.predict(seen, one, starts, deterministic=True)
        wanted, other = ours.predict(seen, other, starts, deterministic=True)
        assert np.array_equal(action, wanted)
    assert one is not None
    assert one.action.shape == (4, *own.shape)


@pytest.mark.parametrize("own", OWN, ids=str)
def test_a_zip_of_sb3_answers_in_them(own, tmp_path):
    agent = agent_with(own)
    if isinstance(own, spaces.MultiBinary):  # a table of switches, which SB3 has not
        with pytest.raises(UserError, match="has no tables of switches"):
            export_sb3(agent, tmp_path / "agent.zip")
        return
    plain = export_sb3(agent, tmp_path / "agent.zip").plain
    assert plain == (own.dtype == np.float64)
    model = PPO.load(tmp_path / "agent.zip", device="cpu")
    assert model.action_space == own
    seen = seen_by(agent)
    found = model.predict(seen, deterministic=True)[0]
    wanted = own_rows(own)(NetworkPlayer(agent.policy).predict(seen, deterministic=True)[0])
    assert np.allclose(found, wanted, atol=1e-5)
    one = model.predict(seen[0], deterministic=True)[0]
    assert own.contains(np.asarray(one, own.dtype))
    values, log_prob, _ = model.policy.evaluate_actions(
        torch.from_numpy(seen), torch.from_numpy(np.asarray(found, np.float32))
    )
    assert values.shape == (len(seen), 1)
    assert torch.isfinite(log_prob).all()


def test_an_agents_file_knows_them(tmp_path):
    world = make_world("tests.environments.support.kind_toys:Taking")
    torch.manual_seed(0)
    mask = {"parts": [part.as_json() for part in world.parts]}
    policy = build_policy(world.observation_space, world.action_space, {"sight": mask})
    save_agent(tmp_path / "a.safetensors", policy, world)
    assert load_agent(tmp_path / "a.safetensors").own_action_space == spaces.Discrete(3, start=1)
    plain = make_world("CartPole-v1")
    policy = build_policy(plain.observation_space, plain.action_space, {})
    save_agent(Path(tmp_path / "b.safetensors"), policy, plain)
    assert load_agent(tmp_path / "b.safetensors").own_action_space is None
