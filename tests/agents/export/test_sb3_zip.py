"""An agent as a zip of Stable-Baselines3: `PPO.load` opens it, and it does what the agent does."""

import subprocess
import sys
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

import gpo
from agents.export.probe_inputs import probe_observations
from agents.export.sb3_zip import export_sb3
from agents.files.agent_file import Agent, save_agent
from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer
from environments.catalog import make_world
from environments.simulation.frame_stack import FrameStack
from tests.agents.support.exports import agent_of
from tests.agents.support.policies import ACTIONS, SIGHT

# Runs where the zip is opened by somebody who has no GPO.
SOMEWHERE_ELSE = """
import sys
sys.path[:] = [p for p in sys.path if "__editable__" not in p]
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in repr(f).lower()]
import numpy as np
from stable_baselines3 import PPO
model = PPO.load("agent.zip", device="cpu")
np.save("done.npy", model.predict(np.load("seen.npy"), deterministic=True)[0])
ours = {"agents", "environments", "demos", "training"}
assert not ours & {name.split(".")[0] for name in sys.modules}, "it needed GPO"
"""


def plain_agent(actions, **settings):
    """An agent that sees five numbers, with a normaliser that matters."""
    torch.manual_seed(0)
    layers = {"net_arch": {"pi": [8, 8], "vf": [8]}, "dropout": 0.2, "n_costs": 1, **settings}
    policy = build_policy(SIGHT, ACTIONS[actions], layers)
    seen = np.random.default_rng(1).normal(3.0, 2.0, (200, 5)).astype(np.float32)
    policy.features_extractor.fit(seen, 0.25)  # type: ignore[operator]
    policy.return_scale.fill_(0.5)
    policy.set_training_mode(False)
    return Agent(policy, make_world("gpo/Balance-v0").describe(), {}, "0" * 64)


@pytest.mark.parametrize("layers", [{}, {"net_arch": {"pi": [], "vf": []}, "activation": "Tanh"}])
@pytest.mark.parametrize("actions", ACTIONS)
def test_it_does_on_a_thousand_observations_what_the_agent_does(tmp_path, actions, layers):
    agent = plain_agent(actions, **layers)
    plain, difference = export_sb3(agent, tmp_path / "agent.zip")
    assert plain
    assert difference < 1e-5
    model = PPO.load(tmp_path / "agent.zip", device="cpu")
    seen = probe_observations(agent.policy, 1000, np.random.default_rng(0))
    theirs = model.predict(seen, deterministic=True)[0]
    ours = NetworkPlayer(agent.policy).predict(seen, deterministic=True)[0]
    assert np.allclose(theirs, ours, atol=1e-5)
    with torch.inference_mode():
        inputs = torch.from_numpy(seen)
        values = agent.policy.predict_values(inputs) / agent.policy.return_scale[0]
        assert torch.allclose(model.policy.predict_values(inputs), values, atol=1e-5)


def test_values_that_were_fitted_to_nothing_stay_numbers(tmp_path):
    agent = plain_agent("discrete")
    agent.policy.forget_values()
    export_sb3(agent, tmp_path / "agent.zip")
    values = PPO.load(tmp_path / "agent.zip", device="cpu").policy.state_dict()["value_net.weight"]
    assert torch.isfinite(values).all()


@pytest.mark.parametrize(("actions", "camera", "steps"), [("discrete", True, 0), ("box", False, 3)])
def test_pictures_masks_and_memory_go_with_our_network(tmp_path, actions, camera, steps):
    agent = agent_of(actions, camera, steps)
    plain, _ = export_sb3(agent, tmp_path / "agent.zip")
    assert not plain
    model = PPO.load(tmp_path / "agent.zip", device="cpu")
    seen = probe_observations(agent.policy, 100, np.random.default_rng(0))
    if steps:
        seen = FrameStack(100, steps, ACTIONS[actions], seen.shape[1]).look(seen)
    theirs = model.predict(seen, deterministic=True)[0]
    assert np.array_equal(theirs, agent.policy.predict(seen, deterministic=True)[0])


def test_a_run_is_exported_and_opened_where_there_is_no_gpo(tmp_path):
    world = make_world("gpo/Balance-v0")
    torch.manual_seed(0)
    policy = build_policy(world.observation_space, world.action_space, {})
    save_agent(tmp_path / "agent.safetensors", policy, world)
    assert gpo.main(["export", str(tmp_path), "--sb3", str(tmp_path / "agent.zip")]) == 0
    assert not (tmp_path / "agent.onnx").exists()
    seen = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    np.save(tmp_path / "seen.npy", seen)
    done = subprocess.run(
        [sys.executable, "-P", "-c", SOMEWHERE_ELSE],
        cwd=tmp_path,
        env={"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    theirs = np.load(tmp_path / "done.npy")
    assert np.array_equal(theirs, NetworkPlayer(policy).predict(seen, deterministic=True)[0])


class Lottery(gymnasium.Env[Any, Any]):
    """Any numbers, and a reward for the first choice."""

    observation_space, action_space = SIGHT, ACTIONS["discrete"]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.np_random.normal(size=5).astype(np.float32), {}

    def step(self, action):
        seen = self.np_random.normal(size=5).astype(np.float32)
        return seen, float(action == 0), False, bool(self.np_random.random() < 0.1), {}


def test_it_can_be_trained_on(tmp_path):
    export_sb3(plain_agent("discrete"), tmp_path / "agent.zip")
    model = PPO.load(tmp_path / "agent.zip", env=Lottery(), device="cpu")
    before = [parameter.clone() for parameter in model.policy.parameters()]
    model.learn(64)
    after = model.policy.parameters()
    assert not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
