"""How long an exported agent takes to decide."""

import time

import numpy as np
import pytest
import torch

from agents.export.onnx_export import export_onnx
from agents.export.onnx_player import onnx_player
from agents.files.agent_file import load_agent, save_agent
from agents.networks.policy import build_policy
from environments.catalog import make_world

DECISIONS, HIDDEN = 2000, 64


@pytest.mark.bench
@pytest.mark.parametrize("name", ["gpo/Kitchen-v0", "gpo/Courier-v0", "gpo/Duel-v0"])
def test_a_decision_takes_less_than_a_millisecond(tmp_path, name):
    world = make_world(name)
    torch.manual_seed(0)
    settings = {"net_arch": {"pi": [HIDDEN, HIDDEN], "vf": [HIDDEN, HIDDEN]}}
    policy = build_policy(world.observation_space, world.action_space, settings)
    save_agent(tmp_path / "agent.safetensors", policy, world)
    path = tmp_path / "agent.onnx"
    export_onnx(load_agent(tmp_path / "agent.safetensors"), path)
    player, took = onnx_player(path, world), []
    random = np.random.default_rng(0)
    seen = random.normal(size=(DECISIONS, 1, *world.observation_space.shape)).astype(np.float32)
    for one in seen:
        began = time.perf_counter()
        player.predict(one)
        took.append((time.perf_counter() - began) * 1000)
    p50, p99 = np.percentile(took[100:], [50, 99])
    print(
        f"\n{name}: a decision of a {HIDDEN}x{HIDDEN} network by onnxruntime takes {p50:.3f} ms at the "
        f"median, {p99:.3f} ms at p99 ({path.stat().st_size / 1000:.0f} kB)"
    )
    assert p50 < 1.0
