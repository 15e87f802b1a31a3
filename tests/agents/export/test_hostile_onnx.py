"""ONNX files that are whole and ask for anything: one sentence, in no time, and nothing large is made."""

import json
import math
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from agents.export import onnx_cost, onnx_limits
from agents.export.onnx_file import FORMAT, read_onnx
from agents.export.onnx_player import onnx_player
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.agents.support.exports import exported
from tests.agents.support.hostile import BALANCE, NOTHING, changed, model, nested, sealed, stored

pytestmark = pytest.mark.battery("files: ONNX graphs that ask for anything")

PATIENCE = 2.0  # s of the processor, for a refusal; nearly all take milliseconds
WEIGHTS = stored("w", np.random.default_rng(0).normal(size=(4, 2)))
LAYER = helper.make_node("Gemm", ["x", "w"], ["y"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "other.onnx"


def written(path, graph):
    path.write_bytes(graph if isinstance(graph, bytes) else graph.SerializeToString())
    return path


def played(path, graph, games=(1, 3, 50)):
    """What a file does in some games at once, each number of games for itself."""
    player = onnx_player(written(path, graph), make_world(BALANCE))
    return [player.predict(np.ones((count, 4), np.float32))[0] for count in games]


def refusal(path, graph, games=(1, 3, 50)):
    """The one sentence with which a file is refused at once."""
    began = time.process_time()
    with pytest.raises(UserError) as caught:
        played(path, graph, games)
    assert time.process_time() - began < PATIENCE
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert path.name in sentence
    assert sentence.endswith(".")
    return sentence


def node(operator, given, made="z", **attributes):
    return helper.make_node(operator, given.split(), made.split(), **attributes)


def after(*nodes, made="z"):
    """A policy whose scores need all that some operators make."""
    scores = [node("Gemm", "x w", "s"), node("Cast", made, "real", to=TensorProto.FLOAT)]
    scores += [node("ReduceMax", "real", "most", keepdims=0), node("Add", "s most", "y")]
    return [*nodes, *scores]


def whole(name, *numbers):
    return stored(name, numbers, np.int64)


def one(name, number, kind=np.int64):
    return stored(name, number, kind)


# ------------------------------------------------------------------ for ever

INSIDE = helper.make_graph(
    [node("Identity", "x", "o")], "inside", [], [onnx.ValueInfoProto(name="o")]
)


@pytest.mark.parametrize(
    "operator",
    [
        node("Loop", "n yes x", body=INSIDE),
        node("Scan", "x", body=INSIDE, num_scan_inputs=1),
        node("If", "yes", then_branch=INSIDE, else_branch=INSIDE),
        node("SequenceMap", "x", body=INSIDE),
        node("NonZero", "x"),
        node("Unique", "x"),
        node("StringNormalizer", "x"),
        node("Anything", "x"),
        node("Anything\x1b[2J", "x"),
    ],
)
def test_operators_that_no_policy_needs_are_refused(path, operator):
    arrays = [WEIGHTS, one("n", 2**62), one("yes", True, np.bool_)]
    assert "needs the operator" in refusal(path, model(after(operator), arrays))


def squared(times, start="q"):
    return [
        node("MatMul", f"{start}{n if n else ''} {start}", f"{start}{n + 1}") for n in range(times)
    ]


def test_a_product_of_constants_that_takes_hours_is_refused(path):
    large = stored("q", np.zeros((1024, 1024)))
    assert "more time or room" in refusal(
        path, model(after(*squared(500), made="q500"), [WEIGHTS, large])
    )


# ------------------------------------------------------------------ no end of room

BOMBS = {
    "a constant": ([node("ConstantOfShape", "n")], [whole("n", 2**40)]),
    "a constant under the limit of a size": ([node("ConstantOfShape", "n")], [whole("n", 2**31)]),
    "copies": ([node("Expand", "x n")], [whole("n", 2**20, 2**20, 1, 4)]),
    "tiles": ([node("Tile", "x n")], [whole("n", 1, 2**31)]),
    "tiles past 64 bits": ([node("Tile", "x n")], [whole("n", 1, 2**62)]),
    "a range": ([node("Range", "a n b")], [one("a", 0), one("n", 2**50), one("b", 1)]),
    "a range of what is seen": (
        [node("ReduceMax", "x", "m", keepdims=0), node("Range", "m n b")],
        [one("n", 1e30, np.float32), one("b", 1, np.float32)],
    ),
    "edges": ([node("Pad", "x n")], [whole("n", 0, 0, 0, 2**31)]),
    "edges past 64 bits": ([node("Pad", "x n")], [whole("n", 0, 0, -(2**62), 2**62 + 1)]),
    "a picture": ([helper.make_node("Resize", ["x", "", "n"], ["z"])], [stored("n", [1, 1e12])]),
    "one-hot": (
        [node("Cast", "x", "i", to=TensorProto.INT64), node("OneHot", "i n v")],
        [one("n", 2**40), stored("v", [0, 1])],
    ),
    "chance": ([node("RandomNormal", "", shape=[2**30])], []),
    "chance past 64 bits": ([node("RandomNormal", "", shape=[2**40])], []),
    "a row and a column": (
        [
            node("Expand", "x n", "r"),
            node("Flatten", "r", "r1", axis=0),
            node("Transpose", "r1", "r2", perm=[1, 0]),
            node("Add", "r1 r2"),
        ],
        [whole("n", 2**13, 1, 4)],
    ),
    "many at once": (
        [
            *(node("ConstantOfShape", "n", f"z{k}") for k in range(300)),
            node("Max", " ".join(f"z{k}" for k in range(300))),
        ],
        [whole("n", 2**20)],
    ),
    "as many as games, to the ninth": (
        [
            node("Shape", "x", "p0", end=1),
            *(node("Mul", f"p{k} p0", f"p{k + 1}") for k in range(9)),
            node("ConstantOfShape", "p9"),
        ],
        [],
    ),
    "a window": (
        [
            node("Unsqueeze", "x n", "u"),
            node("AveragePool", "u", kernel_shape=[2**31], pads=[2**31, 2**31]),
        ],
        [whole("n", 1)],
    ),
    "axes": ([node("Reshape", "x n")], [whole("n", -1, *[1] * 100_000)]),
    "what is seen": (
        [
            node("Cast", "x", "i", to=TensorProto.INT64),
            node("ReduceMax", "i", "m", keepdims=0),
            node("Unsqueeze", "m n", "e"),
            node("ConstantOfShape", "e"),
        ],
        [whole("n", 0)],
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_arrays_that_no_policy_needs_are_refused_before_they_are_made(path, kind, monkeypatch):
    monkeypatch.setattr(onnx_cost, "ALIVE", 2**26)  # bytes: they were made if it took more
    nodes, arrays = BOMBS[kind]
    said = refusal(path, model(after(*nodes), [WEIGHTS, *arrays]))
    assert any(words in said for words in ("see its", "more time or room", "room for")), said


@pytest.mark.parametrize(("limit", "what"), [("ALIVE", 16 * 4096 + 16), ("ALL", 4096 * 4 + 60)])
def test_what_is_just_within_the_room_is_played(path, limit, what, monkeypatch):
    graph = model(after(node("ConstantOfShape", "n")), [WEIGHTS, whole("n", 4096)])
    monkeypatch.setattr(onnx_cost, limit, 2**16)
    played(path, graph, games=())
    monkeypatch.setattr(onnx_cost, limit, 2**14)
    assert "more time or room" in refusal(path, graph, games=())


def test_work_is_counted_for_each_game(path, monkeypatch):
    monkeypatch.setattr(onnx_cost, "WORK", 0)
    monkeypatch.setattr(onnx_cost, "WORK_A_GAME", 20)  # a layer is 4 x 2, and what it is given
    graph = model([LAYER], [WEIGHTS])
    played(path, graph)
    monkeypatch.setattr(onnx_cost, "WORK_A_GAME", 15)
    assert "more time or room" in refusal(path, graph)


# ------------------------------------------------------------------ very many, very large


def chain(count):
    relus = [node("Relu", f"n{k}" if k else "x", f"n{k + 1}") for k in range(count)]
    return model([*relus, node("Gemm", f"n{count} w", "y")], [WEIGHTS])


def test_operators_are_counted(path):
    read_onnx(written(path, chain(onnx_limits.NODES - 1)))
    assert "more than 5,000 operators" in refusal(path, chain(onnx_limits.NODES))


def test_pieces_are_counted_before_they_are_read(path, monkeypatch):
    pieces = b"\x0a\x00" * 2**20  # empty nodes
    size = len(pieces)
    inside = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21])
    monkeypatch.setattr(onnx, "load_model_from_string", None)
    assert "more pieces" in refusal(path, b"\x3a" + inside + pieces)
    shape = TensorProto(name="w", data_type=TensorProto.INT64, int64_data=[1] * 2**20)
    monkeypatch.setattr(onnx_limits, "PACKED", 2**20 - 1)
    assert "more pieces" in refusal(path, model([LAYER], [shape]))


def test_a_file_of_any_length_is_refused(path, monkeypatch):
    with path.open("wb") as file:
        file.truncate(2**40)  # of which the disk holds nothing
    with pytest.raises(UserError, match="more than 268,435,456 bytes"):
        read_onnx(path)


def lying(**fields):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4, 2])
    tensor.raw_data = WEIGHTS.raw_data
    for name, value in fields.items():
        if name == "dims":
            del tensor.dims[:]
            tensor.dims.extend(value)
        else:
            setattr(tensor, name, value)
    return tensor


@pytest.mark.parametrize(
    "tensor",
    [
        lying(dims=[2**40, 2]),
        lying(dims=[2**62, 2**62]),
        lying(dims=[-4, -2]),
        lying(dims=[1] * 17),
        lying(raw_data=b""),
        lying(raw_data=WEIGHTS.raw_data + b"0000"),
        lying(data_type=TensorProto.STRING),
        lying(data_type=TensorProto.COMPLEX64),
        lying(data_type=999),
        lying(data_type=TensorProto.INT64),
    ],
)
def test_weights_that_are_not_what_they_say_are_refused(path, tensor):
    assert "holds 'w'" in refusal(path, model([LAYER], [tensor]))


def test_sparse_weights_and_what_trains_them_are_refused(path):
    graph = model([LAYER], [WEIGHTS])
    graph.training_info.add()
    assert "what trains it, or sparse weights" in refusal(path, graph)
    graph = model([LAYER], [])
    sparse = graph.graph.sparse_initializer.add(dims=[2**40, 2])
    sparse.values.CopyFrom(stored("w", [1.0]))
    sparse.indices.CopyFrom(whole("i", 1))
    assert "what trains it, or sparse weights" in refusal(path, graph)


# ------------------------------------------------------------------ what are no numbers


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", [np.float32, np.float16, np.float64])
def test_weights_that_are_no_numbers_are_refused(path, value, kind):
    wrong = stored("w", np.full((4, 2), value), kind)
    assert "numbers in 'w' that are not finite" in refusal(path, model([LAYER], [wrong]))


@pytest.mark.parametrize(
    "attributes",
    [{"value": stored("w", np.full((4, 2), math.nan))}, {"value_floats": [1.0, math.nan]}],
)
def test_constants_that_are_no_numbers_are_refused(path, attributes):
    graph = model([node("Constant", "", "w", **attributes), LAYER])
    assert "numbers in 'w' that are not finite" in refusal(path, graph)


def test_scores_of_what_is_forbidden_may_be_infinite(path):
    never = stored("never", [-math.inf, 0.0])
    graph = model([node("Gemm", "x w", "s"), node("Add", "s never", "y")], [WEIGHTS, never])
    assert all((action == 1).all() for action in played(path, graph))


def test_an_action_that_is_no_number_is_not_handed_on(path):
    graph = model(
        [node("Gemm", "x w", "s"), node("Sub", "s s", "d"), node("Div", "d d", "y")], [WEIGHTS]
    )
    assert "gave NaN as its y" in refusal(path, graph)


@pytest.mark.parametrize("kind", sorted({*onnx_limits.ITEM} - {TensorProto.BFLOAT16}))
@pytest.mark.parametrize("gives", [1, 2])
def test_scores_and_choices_of_any_type_of_number_are_played(path, kind, gives):
    far = stored("w", np.full((4, gives), 25.0))  # as a choice, beyond the last
    layer = [node("Gemm", "x w", "s"), node("Cast", "s", "y", to=kind)]
    graph = model(layer, [far], gives=gives)
    graph.graph.output[0].type.tensor_type.elem_type = kind
    for action in played(path, graph):
        assert action.dtype == np.int64
        assert (action == (1 if gives == 1 else 0)).all()


@pytest.mark.parametrize("games", [2, 3])
def test_what_comes_out_is_as_many_as_games(path, games):
    cut = [node("Slice", "x a b", "c"), node("Gemm", "c w", "y")]
    graph = model(cut, [WEIGHTS, whole("a", 0), whole("b", games)])
    assert f"for {games + 1} games" in refusal(path, graph, games=(games, games + 1))


@pytest.mark.parametrize(
    "kind",
    [
        helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, [2])),
        helper.make_optional_type_proto(helper.make_tensor_type_proto(1, [2])),
        helper.make_map_type_proto(7, helper.make_tensor_type_proto(1, [2])),
        helper.make_tensor_type_proto(TensorProto.STRING, ["batch", 2]),
        onnx.TypeProto(),
    ],
)
@pytest.mark.parametrize("side", ["input", "output"])
def test_what_goes_in_and_comes_out_is_arrays(path, kind, side):
    graph = model([LAYER], [WEIGHTS])
    getattr(graph.graph, side)[0].type.CopyFrom(kind)
    assert "which is no array of numbers" in refusal(path, graph)


# ------------------------------------------------------------------ a file that says it is ours

FILE = exported("discrete")


def told():
    return {"format": FORMAT, **FILE.about}


def of_ours():
    graph = onnx.load_model_from_string(FILE.data)
    del graph.metadata_props[:]
    return graph


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("world", NOTHING),
        ("world", []),
        ("world.world", "\x1b[2J"),
        ("world.params", None),
        ("facts", None),
        ("facts", NOTHING),
        ("facts.stuck_steps", "3"),
        ("facts.stuck_steps", 10**9),
        ("greedy", NOTHING),
        ("greedy", 0),
        ("shield", "no"),
        ("memory", -1),
        ("mask", 10**9),
        ("advice", "be kind"),
        ("advice", ["\x1b[2J"]),
        ("observation_space", {"type": "Box", "shape": [10**12]}),
        ("action_space", {"type": "Discrete", "n": 10**18, "start": 0}),
        ("note", nested(70)),
    ],
)
def test_whatever_a_whole_file_of_ours_says_is_one_sentence(path, way, value):
    written(path, sealed(of_ours(), changed(told(), way, value)))
    with pytest.raises(UserError) as caught:
        read_onnx(path)
    assert str(caught.value).isprintable()
    assert path.name in str(caught.value)


def test_the_same_file_sealed_again_is_read(path):
    assert read_onnx(written(path, sealed(of_ours(), told()))).about == told()


def balance(graph, **about):
    """A file that says it holds an agent of the pole."""
    world = make_world(BALANCE).describe()
    return sealed(graph, {"format": FORMAT, "world": world, "facts": {}, "greedy": True, **about})


SEEN = ("observation", ["batch", 4])
GIVEN = {"action": ["batch"], "scores": ["batch", 2], "next_memory": ["batch", 3, 7]}


def ours(nodes, inputs=(SEEN,), outputs=("action", "scores")):
    made = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, GIVEN.get(n, ["batch", "any"]))
        for n in outputs
    ]
    given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in inputs]
    graph = helper.make_graph(nodes, "ours", given, made, [WEIGHTS])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


SCORES = [
    node("Gemm", "observation w", "scores"),
    node("ReduceMax", "scores", "action", keepdims=0),
]
TWICE = [node("Concat", "observation observation", "scores", axis=1)]
OTHER = [node("Gemm", "observation w", "other")]
ROOM = "takes more time or room"


@pytest.mark.parametrize(
    ("graph", "about", "said"),
    [
        (ours(SCORES, [("observation", ["batch", 5])]), {}, "no file that can be run"),
        (
            ours(SCORES, [("observation", ["batch", "any"])]),
            {},
            "leaves open how large its inputs are",
        ),
        (ours(SCORES, [("observation", ["batch", 2**40])]), {}, "no file that can be run"),
        (ours(SCORES, [("observation", ["batch", -4])]), {}, "leaves open"),
        (ours(SCORES, [SEEN, ("memory", ["batch", -(2**50), 7])]), {}, "leaves open"),
        (ours(SCORES, [("observation", [])]), {}, "no file that can be run"),
        (ours(TWICE, [SEEN], ["scores"]), {}, "gave scores [2, 8] where [2, 2] was due"),
        (ours(SCORES), {"greedy": False}, "holds no agent that can be played"),
        (ours(SCORES, [SEEN, ("chance", ["batch"])]), {"greedy": False}, "holds no agent"),
        (ours(SCORES, [SEEN, ("chance", ["batch", 2**40])]), {"greedy": False}, ROOM),
        (ours(SCORES, [SEEN, ("chance", ["batch", 2])]), {}, "takes other inputs than observation"),
        (ours(SCORES, [SEEN, ("memory", ["batch", 2])]), {}, "holds no agent"),
        (ours(SCORES, [SEEN, ("memory", ["batch", 2**40, 7])]), {}, ROOM),
        (ours(SCORES, [SEEN, ("memory", ["batch", 3, 7])]), {}, "takes other inputs"),
        (ours(OTHER, [SEEN], ["other"]), {}, "failed when run"),
    ],
)
def test_a_file_that_only_says_it_is_ours_is_one_sentence(path, graph, about, said):
    assert said in refusal(path, balance(graph, **about))


def test_a_memory_that_grows_is_refused(path):
    nodes = [
        *SCORES,
        node("ReduceSum", "last_action", "spent"),
        node("Concat", "memory memory", "next_memory", axis=1),
    ]
    inputs = [SEEN, ("memory", ["batch", 3, 7]), ("last_action", ["batch"])]
    graph = ours(nodes, inputs, ["action", "scores", "next_memory"])
    graph.graph.input[2].type.tensor_type.elem_type = TensorProto.INT64
    assert "gave next_memory [2, 6, 7] where [2, 3, 7] was due" in refusal(path, balance(graph))


def test_a_file_that_is_as_ours_are_is_played(path):
    actions = played(path, balance(ours(SCORES)))
    assert [len(action) for action in actions] == [1, 3, 50]


def test_facts_that_are_no_json_are_refused(path):
    for text in ("", "[" * 100_000, json.dumps({"format": FORMAT}), '{"a": 1, "a": 2}'):
        assert refusal(path, sealed(model([LAYER], [WEIGHTS]), text))
