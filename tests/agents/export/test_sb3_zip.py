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
from agents.loaded_agent import LoadedAgent
from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer
from environments.catalog import make_batch, make_world
from environments.external.games.own_observations import own_observations
from environments.external.trial.trial import try_here
from environments.simulation.frame_stack import FrameStack
from environments.system.errors import UserError
from tests.agents.support.exports import agent_of, agent_of_world
from tests.agents.support.policies import ACTIONS, SIGHT
from tests.environments.support.sense_toys import CAMERA, LENGTH, Senses

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


def done_elsewhere(folder, script):
    """What a script that knows nothing of GPO leaves in `done.npy`."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=folder,
        env={"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return np.load(folder / "done.npy")


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
    made = export_sb3(agent, tmp_path / "agent.zip")
    assert made.plain
    assert made.difference < 1e-5
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
    plain = export_sb3(agent, tmp_path / "agent.zip").plain
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
    theirs = done_elsewhere(tmp_path, SOMEWHERE_ELSE)
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


TOY = "tests.environments.support.sense_toys:Senses"


@pytest.fixture
def _tried_here(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)


def zipped(tmp_path, steps=0, **params):
    """A model out of the zip of an agent of the toy, the agent, and whether it needs nothing of GPO."""
    agent = agent_of_world(make_world(TOY, **params), steps, tmp_path / "a.safetensors")
    plain = export_sb3(agent, tmp_path / "agent.zip").plain
    return PPO.load(tmp_path / "agent.zip", device="cpu"), LoadedAgent(agent), plain


@pytest.mark.usefixtures("_tried_here")
@pytest.mark.parametrize(
    ("kind", "mask", "start", "is_plain"),
    [
        ("numbers", "", 0, True),
        ("numbers", "", 2, False),
        ("numbers", "part", 0, False),
        ("dict", "", 0, False),
        ("dict", "part", 1, False),
        ("choice", "", 0, False),
        ("wide", "", 0, True),
    ],
)
def test_it_is_shown_what_the_environment_shows(tmp_path, kind, mask, start, is_plain):
    model, agent, plain = zipped(tmp_path, kind=kind, mask=mask, start=start)
    assert plain == is_plain
    env = Senses(kind, start, mask)
    trained = PPO("MultiInputPolicy" if kind in ("dict", "numbers") else "MlpPolicy", env)
    assert model.observation_space == trained.observation_space  # the channels of pictures first
    assert model.action_space == env.action_space
    seen, done = env.reset(seed=3)[0], []
    for _ in range(LENGTH):
        action = model.predict(seen, deterministic=True)[0]
        assert env.action_space.contains(action)
        assert action == agent.predict(seen)[0]
        seen = env.step(action)[0]
    batch = make_batch(agent.world, 40, seed=0)
    own: Any = own_observations(agent.world)
    shown = own.shown(batch.observation[:, 0])
    done = model.predict(shown, deterministic=True)[0]
    assert done.tolist() == agent.predict(shown)[0].tolist()
    assert len(set(done.tolist())) > 1


@pytest.mark.usefixtures("_tried_here")
@pytest.mark.parametrize(("kind", "mask"), [("numbers", ""), ("dict", "part"), ("wide", "")])
def test_it_is_trained_on_in_the_environment_itself(tmp_path, kind, mask):
    zipped(tmp_path, kind=kind, mask=mask)
    env = Lenient(kind, 0, mask)
    model = PPO.load(tmp_path / "agent.zip", env=env, device="cpu")
    before = [parameter.clone() for parameter in model.policy.parameters()]
    model.learn(64)
    after = model.policy.parameters()
    assert not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


class Lenient(Senses):
    """Shuts nothing, whatever it shows."""

    def step(self, action):
        return super().step(int(action))


class Picture(gymnasium.Env[Any, Any]):
    """Shows a picture alone."""

    observation_space, action_space = CAMERA, ACTIONS["discrete"]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), 1.0, False, bool(self.np_random.random() < 0.1), {}


def test_a_picture_alone_has_its_channels_where_sb3_has_them(tmp_path):
    torch.manual_seed(0)
    policy = build_policy(CAMERA, ACTIONS["discrete"], {"net_arch": {"pi": [8], "vf": [8]}})
    agent = Agent(policy, make_world("gpo/Balance-v0").describe(), {}, "0" * 64)
    plain = export_sb3(agent, tmp_path / "agent.zip").plain
    assert not plain
    model = PPO.load(tmp_path / "agent.zip", env=Picture(), device="cpu")
    seen = np.stack([CAMERA.sample() for _ in range(20)])
    ours = NetworkPlayer(policy).predict(seen, deterministic=True)[0]
    assert model.predict(seen, deterministic=True)[0].tolist() == ours.tolist()
    model.learn(64)


@pytest.mark.usefixtures("_tried_here")
@pytest.mark.parametrize(
    ("kind", "mask", "steps", "said"),
    [
        ("nested", "", 0, r"has no dicts in dicts and no tuples, where 'arm.camera' is"),
        ("tuple", "", 0, "has no dicts in dicts and no tuples, where '0' is"),
        ("numbers", "info", 0, "is shown no mask that stands beside a dict"),
        ("numbers", "", 3, "has no window of dicts"),
        ("text", "", 0, "is shown 'said', a Text"),
    ],
)
def test_what_sb3_cannot_be_shown_is_refused_in_a_sentence(tmp_path, kind, mask, steps, said):
    with pytest.raises(UserError, match=said) as caught:
        zipped(tmp_path, steps, kind=kind, mask=mask)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "agent.zip").exists()


@pytest.mark.usefixtures("_tried_here")
def test_a_dict_of_numbers_is_opened_where_there_is_no_gpo(tmp_path):
    _, agent, _ = zipped(tmp_path, kind="numbers")
    batch = make_batch(agent.world, 40, seed=0)
    own: Any = own_observations(agent.world)
    shown = own.shown(batch.observation[:, 0])
    np.savez(tmp_path / "seen.npz", **shown)
    elsewhere = SOMEWHERE_ELSE.replace('np.load("seen.npy")', 'dict(np.load("seen.npz"))')
    assert done_elsewhere(tmp_path, elsewhere).tolist() == agent.predict(shown)[0].tolist()
