"""ONNX files that are damaged, hostile or somebody else's: one sentence, and nothing of them is run."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from agents.export.onnx_file import FACTS, FORMAT, pack, read_onnx
from agents.export.onnx_player import onnx_player
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.agents.support.exports import exported

BALANCE, COURIER = "gpo/Balance-v0", "gpo/Courier-v0"


def refusal(path, world=None):
    """The one sentence with which a file is refused."""
    with pytest.raises(UserError) as caught:
        read_onnx(path) if world is None else onnx_player(path, make_world(world))
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert path.name in sentence
    assert sentence.endswith(".")
    return sentence


def linear(inputs, outputs, batch="batch", domain="", operator="Gemm"):
    """A model of another program: one layer."""
    random = np.random.default_rng(0)
    weights = random.normal(size=(inputs, outputs)).astype(np.float32)
    node = helper.make_node(operator, ["x", "w"], ["y"], domain=domain)
    graph = helper.make_graph(
        [node],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, outputs])],
        [numpy_helper.from_array(weights, "w")],
    )
    opsets = [helper.make_opsetid("", 18)]
    opsets += [helper.make_opsetid(domain, 1)] if domain else []
    return helper.make_model(graph, opset_imports=opsets, ir_version=10), weights


@pytest.fixture
def written(tmp_path):
    """Writes a model and gives its path."""

    def write(model):
        path = tmp_path / "other.onnx"
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return path

    return write


# ------------------------------------------------------------------ damage


def test_no_flipped_byte_goes_unnoticed(written):
    whole = exported("multi-binary").data
    for place in sorted(
        {*range(12), *range(12, len(whole), 173), *range(len(whole) - 90, len(whole))}
    ):
        for mask in (0x01, 0x10):
            damaged = bytearray(whole)
            damaged[place] ^= mask
            refusal(written(bytes(damaged)))


def test_no_shorter_file_goes_unnoticed(written):
    whole = exported("multi-binary").data
    for kept in {0, 1, 2, *range(3, len(whole), 211), *range(len(whole) - 90, len(whole))}:
        refusal(written(whole[:kept]))


@pytest.mark.parametrize(
    "content", [b"hello", b"PK\x03\x04 a zip", b"\x80\x04K\x01.", b"\x00" * 99]
)
def test_a_file_that_is_something_else_is_refused(written, content):
    refusal(written(content))


def test_a_missing_file_is_refused(tmp_path):
    assert "There is no ONNX file" in refusal(tmp_path / "nobody.onnx")


def test_facts_that_are_not_ours_are_refused(written):
    model, _ = linear(4, 2)
    for facts in ('"words"', "not JSON", "[1]", '{"format": "gpo-onnx-0"}'):
        data = pack(model, {}).replace(b"gpo_sha256", b"xxx_sha256")
        assert "SHA-256" in refusal(written(data))
        path = written(sealed(model, facts))
        assert FORMAT in refusal(path)


def sealed(model, facts):
    """A whole file with other facts."""
    import hashlib

    from agents.export.onnx_file import SEAL, _entry

    body = _entry(FACTS, facts) + model.SerializeToString()
    return body + _entry(SEAL, hashlib.sha256(body).hexdigest())


def test_a_whole_file_that_holds_no_agent_is_refused(written):
    model, _ = linear(4, 2)
    about = {"format": FORMAT, "world": make_world(BALANCE).describe()}
    assert "holds no agent" in refusal(written(sealed(model, json.dumps(about))), BALANCE)


# ------------------------------------------------------------------ nothing but ONNX's own operators


def test_operators_of_somebodys_library_are_refused(written):
    model, _ = linear(4, 2, domain="com.somebody", operator="Anything")
    assert "operators of 'com.somebody'" in refusal(written(model))


def test_operators_hidden_in_a_branch_are_refused(written):
    model, _ = linear(4, 2)
    hidden, _ = linear(4, 2, domain="com.somebody", operator="Anything")
    branch = helper.make_graph(hidden.graph.node, "branch", [], hidden.graph.output)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    model.graph.initializer.append(yes)
    model.graph.node.append(
        helper.make_node("If", ["yes"], ["z"], then_branch=branch, else_branch=branch)
    )
    assert "operators of 'com.somebody'" in refusal(written(model))


def test_functions_are_refused(written):
    model, _ = linear(4, 2)
    made = helper.make_function("", "f", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [])
    model.functions.append(made)
    assert "functions of its own" in refusal(written(model))


def test_weights_in_other_files_are_refused_and_not_opened(written, tmp_path):
    model, weights = linear(4, 2)
    (tmp_path / "secret").write_bytes(weights.tobytes())
    tensor = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, "secret")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    assert "keeps 'w' in another file" in refusal(written(model))


def test_weights_in_other_files_are_found_in_constants_too(written):
    model, _ = linear(4, 2)
    tensor = TensorProto(name="far", data_type=TensorProto.FLOAT, dims=[1])
    tensor.external_data.add(key="location", value="../../secret")
    tensor.data_location = TensorProto.EXTERNAL
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))
    assert "keeps 'far' in another file" in refusal(written(model))


# ------------------------------------------------------------------ files of other programs


def test_scores_of_another_program_are_played_with_one_sentence(written, capsys):
    model, weights = linear(4, 2)
    path, world = written(model), make_world(BALANCE)
    player = onnx_player(path, world)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "does not say which world it was made for" in said
    seen = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    action, _ = player.predict(seen)
    assert np.array_equal(action, (seen @ weights).argmax(1))
    assert action.dtype == world.action_space.dtype
    onnx_player(path, world)
    assert capsys.readouterr().err == ""


def test_moves_of_another_program_are_played_within_their_bounds(written):
    world = make_world(COURIER)
    model, weights = linear(world.observation_space.shape[0], world.action_space.shape[0])
    player = onnx_player(written(model), world)
    seen = np.random.default_rng(1).normal(size=(50, len(weights))).astype(np.float32)
    action, _ = player.predict(seen)
    low, high = world.action_space.low, world.action_space.high
    assert np.allclose(action, (seen @ weights).clip(low, high), atol=1e-4)
    assert ((action == low) | (action == high)).any()


@pytest.mark.parametrize(
    ("world", "shape", "said"),
    [
        (BALANCE, (5, 2), "its input 'x' is [batch, 5], an observation [batch, 4]"),
        (BALANCE, (4, 3), "its output 'y' is [batch, 3], an action [batch, 2]"),
        (BALANCE, (4, 2, 1), "its input 'x' is [1, 4], an observation [batch, 4]"),
        ("gpo/Duel-v0", (4, 2), "it can play Discrete and Box actions, not MultiDiscrete"),
    ],
)
def test_what_does_not_fit_is_said(written, world, shape, said):
    model, _ = linear(*shape)
    assert said in refusal(written(model), world)
