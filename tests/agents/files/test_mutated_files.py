"""Small files, changed at random and sealed again: each plays, or is refused in one sentence, at once."""

import copy
import math
import random
import time
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, defs, helper

from agents.export.onnx_file import FORMAT
from agents.lookup import resolve_player
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.agents.support.hostile import (
    BALANCE,
    model,
    nested,
    sealed,
    small_agent,
    stored,
    write_agent,
)

pytestmark = pytest.mark.battery("files: agents and graphs changed at random")

PATIENCE = 1.0  # s of the processor, for each file
FEW, MANY = 300, 6000
COUNTS = [
    pytest.param(FEW, 0, id="few"),
    pytest.param(MANY, 1, id="many", marks=pytest.mark.slow),
]
VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 3, 2**31, 2**63, 10**18, 10**30, 0.5, -2.5, 1e308, math.inf, math.nan, "",
    "x", "os:system", "\x1b[2J", "\ud800", "\x00", "Box", "ReLU", [], [0], [1, 2], [10**9] * 3, [[]], {},
    {"a": 1}, {"type": "Box"}, ["pi", "vf"], "a" * 10_000, list(range(1000)),
]  # fmt: skip


def ways(values, way=()):
    """The ways to every value in nested tables and lists."""
    found = [way] if way else []
    inside: Any = values.items() if isinstance(values, dict) else ()
    inside = enumerate(values) if isinstance(values, list) else inside
    for key, value in inside:
        found += ways(value, (*way, key))
    return found


def mutated(values, rng):
    """A copy with a value dropped, replaced, doubled, nested, or moved to another name."""
    values = copy.deepcopy(values)
    *tables, last = rng.choice(ways(values))
    at = values
    for key in tables:
        at = at[key]
    kind = rng.randrange(6)
    if kind == 0:
        del at[last]
    elif kind == 1 and isinstance(at[last], (int, float, str, list)):
        at[last] = at[last] * rng.choice([2, 100, -1, 1000])
    elif kind == 2:
        for _ in range(rng.choice([1, 2, 70])):
            at[last] = [at[last]]
    elif kind == 3 and isinstance(at, dict):
        at[rng.choice([f"{last} ", "type", "more"])] = at.pop(last)
    elif kind == 4:
        at[last] = nested(rng.choice([1, 30, 70]))
    else:
        at[last] = rng.choice(VALUES)
    return values


def wrong_tensors(tensors, rng):
    """The tensors of an agent with one of them changed."""
    tensors, name = dict(tensors), rng.choice(sorted(tensors))
    tensor = tensors.pop(name)
    changes = [
        dict,
        lambda: {name: tensor.double()},
        lambda: {name: tensor.int()},
        lambda: {name: tensor[:0]},
        lambda: {name: tensor.unsqueeze(0)},
        lambda: {f"{name} ": tensor},
        lambda: {name: tensor * math.inf},
        lambda: {name: tensor * 1e30},
        lambda: {name: tensor, "more": torch.zeros(rng.choice([0, 1, 5]))},
    ]
    return {**tensors, **rng.choice(changes)()}


def played(path, world):
    """Whether a file plays; it is refused in one sentence otherwise."""
    began, refused = time.process_time(), ""
    try:
        player = resolve_player(str(path), world)
        for games in (1, 3):
            action, _ = player.predict(np.ones((games, 4), np.float32))
            assert action.shape == (games,)
            assert ((action >= 0) & (action < 2)).all()
    except UserError as problem:
        refused = str(problem)
    assert time.process_time() - began < PATIENCE
    if refused:
        assert refused.endswith((".", "?"))
        assert path.name in refused
        assert refused.replace("\n", "").isprintable()
    return not refused


@pytest.mark.parametrize(("count", "seed"), COUNTS)
def test_agents_changed_at_random_play_or_are_refused(tmp_path, count, seed, record_property):
    record_property("tries", count)
    path, world, rng = tmp_path / "any.safetensors", make_world(BALANCE), random.Random(seed)
    facts, tensors = small_agent(path)
    done = []
    for _ in range(count):
        about, weights = facts, tensors
        if rng.random() < 0.2:
            weights = wrong_tensors(tensors, rng)
        else:
            for _ in range(rng.choice([1, 1, 1, 3])):
                about = mutated(about, rng)
        write_agent(path, about, weights)
        done.append(played(path, world))
    assert 0 < sum(done) < count  # some change nothing that counts


def small_graph():
    """A policy of a few kinds of operators, one of which is told a shape."""
    random = np.random.default_rng(0)
    arrays = [
        stored("w", random.normal(size=(4, 4))),
        stored("b", random.normal(size=4)),
        stored("v", random.normal(size=(4, 2))),
        stored("shape", [0, 4], np.int64),
        stored("k", [0, 0, 2, 0, 0, 1], np.int64),
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("Unsqueeze", ["t", "one"], ["u"]),
        helper.make_node("Pad", ["u", "k"], ["p"]),
        helper.make_node("AveragePool", ["p"], ["a"], kernel_shape=[4], strides=[1]),
        helper.make_node("Slice", ["a", "zero", "four", "last"], ["c"]),
        helper.make_node("ReduceSum", ["c", "one"], ["r"], keepdims=0),
        helper.make_node("Reshape", ["r", "shape"], ["f"]),
        helper.make_node("MatMul", ["f", "v"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["y"], axis=1),
    ]
    arrays += [
        stored(n, [k], np.int64) for n, k in (("one", 1), ("zero", 0), ("four", 4), ("last", 2))
    ]
    return model(nodes, arrays)


OPERATORS = sorted({schema.name for schema in defs.get_all_schemas() if not schema.domain})
NUMBERS = [-(2**62), -1, 0, 1, 2, 7, 1000, 2**20, 2**31, 2**40, 2**62]


def mutated_graph(graph, rng):
    """A copy with one thing changed in it."""
    graph = copy.deepcopy(graph)
    inside = graph.graph
    node, tensor = rng.choice(inside.node), rng.choice(inside.initializer)
    kind = rng.randrange(9)
    if kind == 0:
        node.op_type = rng.choice(OPERATORS)
    elif kind == 1:
        side = rng.choice([node.input, node.output])
        side[rng.randrange(len(side))] = rng.choice(["x", "w", "y", "h", "one", "nobody", ""])
    elif kind == 2:
        node.attribute.append(helper.make_attribute("axis", rng.choice(NUMBERS)))
    elif kind == 3:
        for attribute in node.attribute:
            attribute.i = rng.choice(NUMBERS)
            attribute.ints[:] = [rng.choice(NUMBERS) for _ in attribute.ints]
    elif kind == 4:
        tensor.dims[:] = [rng.choice([size, *NUMBERS]) for size in tensor.dims]
    elif kind == 5:
        count = rng.randrange(8)
        sizes = [rng.choice(NUMBERS) for _ in range(count)]
        tensor.CopyFrom(helper.make_tensor(tensor.name, TensorProto.INT64, [count], sizes))
    elif kind == 6:
        tensor.data_type = rng.randrange(24)
    elif kind == 7:
        value = rng.choice([*inside.input, *inside.output]).type.tensor_type
        value.elem_type = rng.randrange(24)
    else:
        inside.node.insert(rng.randrange(len(inside.node)), rng.choice(inside.node))
    return graph


@pytest.mark.parametrize(("count", "seed"), COUNTS)
def test_graphs_changed_at_random_play_or_are_refused(
    tmp_path, count, seed, capsys, record_property
):
    record_property("tries", count)
    path, world, rng = tmp_path / "any.onnx", make_world(BALANCE), random.Random(seed)
    graph, done = small_graph(), []
    path.write_bytes(graph.SerializeToString())
    assert played(path, world)
    for _ in range(count):
        changed = graph
        for _ in range(rng.choice([1, 1, 2])):
            changed = mutated_graph(changed, rng)
        path.write_bytes(changed.SerializeToString())
        done.append(played(path, world))
    assert 0 < sum(done) < count


@pytest.mark.parametrize(("count", "seed"), COUNTS)
def test_facts_of_onnx_files_changed_at_random_play_or_are_refused(
    tmp_path, count, seed, record_property
):
    record_property("tries", count)
    path, world, rng = tmp_path / "any.onnx", make_world(BALANCE), random.Random(seed)
    graph = small_graph()
    renames = {"x": "observation", "scores": "scores", "y": "action"}
    for node in graph.graph.node:
        node.input[:] = [renames.get(name, name) for name in node.input]
        node.output[:] = [renames.get(name, name) for name in node.output]
    for value in (*graph.graph.input, *graph.graph.output):
        value.name = renames[value.name]
    graph.graph.output.append(
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 2])
    )
    about = {
        "format": FORMAT, "world": world.describe(), "facts": {"stuck_steps": 0, "seed": 1}, "greedy": True,
        "memory": 0, "mask": 0, "sight": None, "shield": False, "advice": ["Be kind."], "agent": "0" * 64,
    }  # fmt: skip
    text, done = graph.SerializeToString(), []
    onnx.checker.check_model(graph)
    path.write_bytes(sealed(text, about))
    assert played(path, world)
    for _ in range(count):
        path.write_bytes(sealed(text, mutated(about, rng)))
        done.append(played(path, world))
    assert 0 < sum(done) < count
