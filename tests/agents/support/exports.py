"""Agents of every kind as ONNX files, each exported once, for the tests of what they hold."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch

from agents.export.onnx_export import export_onnx
from agents.export.onnx_file import OnnxFile
from agents.files.agent_file import Agent, load_agent, save_agent
from agents.networks.policy import build_policy
from environments.catalog import make_world
from environments.simulation.frame_stack import stacked_space
from environments.simulation.observation_parts import Part
from tests.agents.networks.test_encoders import CAMERA, GAUGES, mask_part, policy_for
from tests.agents.support.policies import ACTIONS


def agent_of(actions="discrete", camera=False, steps=0, **facts):
    """An agent that sees numbers, perhaps a picture, and a mask where its actions can have one."""
    mask = () if actions == "box" else (mask_part(actions),)
    policy = policy_for(actions, (*((CAMERA,) if camera else ()), GAUGES, *mask), steps=steps)
    if actions == "box":  # moves within their bounds
        with torch.no_grad():
            for parameter in policy.action_net.parameters():
                parameter.mul_(0.1)
    seen = np.random.default_rng(1).normal(2.0, 3.0, (200, 4)).astype(np.float32)
    extractor = policy.features_extractor
    extractor.parts.scales.fit(seen, 0.25)
    return Agent(policy, make_world("gpo/Balance-v0").describe(), facts, "0" * 64)


@cache
def exported(actions="discrete", camera=False, steps=0, greedy=False) -> OnnxFile:
    """The file of such an agent."""
    path = Path(mkdtemp()) / "agent.onnx"
    return export_onnx(agent_of(actions, camera, steps), path, greedy).file


def parameter_names(kind):
    """What a test of that kind is called."""
    return "-".join(str(part) for part in kind)


KINDS = [
    ("discrete", True, 0),  # a picture, numbers and a mask
    ("multi-discrete", False, 3),
    ("multi-binary", False, 0),
    ("box", False, 3),
]
EVERY_KIND = [(a, camera, steps) for a in ACTIONS for camera in (False, True) for steps in (0, 3)]


def agent_of_world(world, steps=0, path=None) -> Agent:
    """An agent of any world, which does not always do the same; read from a file at `path`."""
    torch.manual_seed(3)
    acted: Any = world.action_space
    settings: dict[str, Any] = {"net_arch": {"pi": [16], "vf": [16]}}
    seen = (
        stacked_space(world.observation_space, acted, steps) if steps else world.observation_space
    )
    if world.parts or steps:
        parts = world.parts or (Part("", "vector", world.observation_space.shape),)
        told = [part.as_json() for part in parts]
        settings["sight"] = {"parts": told, "steps": steps, "width": 8, "heads": 2}
    policy: Any = build_policy(seen, acted, settings)
    world.observation_space.seed(0)
    rows = np.stack([world.observation_space.sample() for _ in range(200)]).astype(np.float32)
    policy.fit_scales(rows, None)
    with torch.no_grad():
        for parameter in policy.action_net.parameters():
            parameter.mul_(300)
    policy.set_training_mode(False)
    if path is None:
        return Agent(policy, world.describe(), {}, "0" * 64, world.own_action_space)
    save_agent(path, policy, world)
    return load_agent(path)
