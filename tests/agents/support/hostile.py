"""Files as somebody who means harm writes them: anything at all, sealed with our own functions."""

import copy
import hashlib
import json
import struct
from typing import Any

import numpy as np
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from agents.export.onnx_file import FACTS, SEAL, _entry
from agents.files.agent_file import save_agent, seal_tensors, sealed_facts
from agents.networks.policy import build_policy
from environments.catalog import make_world

BALANCE = "gpo/Balance-v0"  # sees 4 numbers, has 2 choices
NOTHING = object()  # instead of a value: the key is left out


def small_agent(path, **settings):
    """Write an agent of few weights; its facts and tensors."""
    world = make_world(BALANCE)
    torch.manual_seed(0)
    settings = {"net_arch": {"pi": [4], "vf": [4]}, "n_costs": len(world.costs), **settings}
    policy = build_policy(world.observation_space, world.action_space, settings)
    save_agent(path, policy, world, {"stuck_steps": 0, "role": "clone", "shield": False, "seed": 1})
    with safe_open(path, framework="pt") as file:
        facts = sealed_facts(file.metadata())
    del facts["sha256"]
    return facts, load_file(path)


def write_agent(path, facts, tensors):
    """Write an agent that is whole, whatever it says."""
    save_file(tensors, path, seal_tensors(tensors, facts)[0])
    return path


def write_header(path, header, body=b"", length=None):
    """Write a safetensors file with a header of any kind."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)
    return path


def changed(values, way: str, value: Any):
    """A copy of nested tables with another value at `a.b.c`."""
    values = copy.deepcopy(values)
    *tables, last = way.split(".")
    at = values
    for name in tables:
        at = at[name]
    if value is NOTHING:
        del at[last]
    else:
        at[last] = value
    return values


def nested(depth):
    """Lists within lists."""
    values: list[Any] = []
    for _ in range(depth):
        values = [values]
    return values


def stored(name, values, kind=np.float32):
    """An array that an ONNX file holds."""
    return numpy_helper.from_array(np.asarray(values, kind), name)


def model(nodes, arrays=(), sees=4, gives=2, opset=18) -> ModelProto:
    """A graph from `x` [batch, sees] to `y` [batch, gives]."""
    graph = helper.make_graph(
        nodes,
        "any",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", sees])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", gives])],
        list(arrays),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def sealed(graph: ModelProto | bytes, about) -> bytes:
    """An ONNX file that is whole, whatever stands beside its graph."""
    text = about if isinstance(about, str) else json.dumps(about, sort_keys=True)
    body = _entry(FACTS, text)
    body += graph if isinstance(graph, bytes) else graph.SerializeToString()
    return body + _entry(SEAL, hashlib.sha256(body).hexdigest())
