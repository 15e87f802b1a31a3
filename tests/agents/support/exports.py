"""Agents of every kind as ONNX files, each exported once, for the tests of what they hold."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import torch

from agents.export.onnx_export import export_onnx
from agents.export.onnx_file import OnnxFile
from agents.files.agent_file import Agent
from environments.catalog import make_world
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
