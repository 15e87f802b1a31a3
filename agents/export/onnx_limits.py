"""Limits of an ONNX file: few pieces, operators that policies are made of, weights that are numbers.

Operators that hold graphs of their own (Loop, Scan, If) can run for ever; others read text, or return what
is no array. What is left takes a time and a memory that can be told beforehand: `agents.export.onnx_cost`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from agents.schema.space_schema import printable
from environments.files.readers import Unreadable

FILE = 2**28  # bytes
PIECES, PACKED = 200_000, 2**24  # fields of all messages; bytes of whole numbers that are packed
NODES, AXES = 5_000, 16  # operators; axes of an array
_OURS = ("", "ai.onnx")  # the operators that ONNX itself describes
OPERATORS = frozenset([
    "Abs", "Acos", "Acosh", "Add", "And", "ArgMax", "ArgMin", "Asin", "Asinh", "Atan", "Atanh",
    "AveragePool", "BatchNormalization", "Bernoulli", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr",
    "BitwiseXor", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Concat", "Constant", "ConstantOfShape",
    "Conv", "ConvInteger", "ConvTranspose", "Cos", "Cosh", "CumSum", "DepthToSpace", "DequantizeLinear",
    "Div", "Dropout", "DynamicQuantizeLinear", "Einsum", "Elu", "Equal", "Erf", "Exp", "Expand",
    "EyeLike", "Flatten", "Floor", "GRU", "Gather", "GatherElements", "GatherND", "Gelu", "Gemm",
    "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "Greater", "GreaterOrEqual",
    "GroupNormalization", "HardSigmoid", "HardSwish", "Hardmax", "Identity", "InstanceNormalization",
    "IsInf", "IsNaN", "LSTM", "LayerNormalization", "LeakyRelu", "Less", "LessOrEqual", "Log",
    "LogSoftmax", "LpNormalization", "LpPool", "MatMul", "MatMulInteger", "Max", "MaxPool", "Mean",
    "MeanVarianceNormalization", "Min", "Mish", "Mod", "Mul", "Multinomial", "Neg", "Not", "OneHot", "Or",
    "PRelu", "Pad", "Pow", "QuantizeLinear", "RMSNormalization", "RNN", "RandomNormal",
    "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Range", "Reciprocal", "ReduceL1",
    "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
    "ReduceSum", "ReduceSumSquare", "Relu", "Reshape", "Resize", "ReverseSequence", "Round",
    "ScatterElements", "ScatterND", "Selu", "Shape", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Size",
    "Slice", "Softmax", "Softplus", "Softsign", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum",
    "Swish", "Tan", "Tanh", "ThresholdedRelu", "Tile", "TopK", "Transpose", "Trilu", "Unsqueeze", "Where",
    "Xor",
])  # fmt: skip
# Which multiply what they are given: a weight of theirs that is infinite is no weight, while elsewhere (a
# bound, a score of what is forbidden) infinity is a number like others.
_WEIGH = frozenset([
    "BatchNormalization", "Conv", "ConvTranspose", "Div", "Einsum", "GRU", "Gemm", "GroupNormalization",
    "InstanceNormalization", "LSTM", "LayerNormalization", "MatMul", "Mul", "PRelu", "RMSNormalization",
    "RNN",
])  # fmt: skip
ITEM = {
    1: 4,
    2: 1,
    3: 1,
    4: 2,
    5: 2,
    6: 4,
    7: 8,
    9: 1,
    10: 2,
    11: 8,
    12: 4,
    13: 8,
    16: 2,
}  # bytes, by type
_REAL = (1, 10, 11, 16)  # float, float16, double, bfloat16
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # how protobuf writes a field


def require_few(data: bytes) -> None:
    """Refuse a file of very many small pieces, before it is read.

    An empty piece takes two bytes of a file, and a hundred of memory.

    Raises:
        Unreadable: it has, or is no protobuf.
    """
    from onnx import ModelProto

    left, packed = PIECES, PACKED
    inside = [(0, len(data), ModelProto.DESCRIPTOR)]
    while inside:
        at, end, kind = inside.pop()
        while at < end:
            left -= 1
            tag, at = _number(data, at, end)
            field, how = kind.fields_by_number.get(tag >> 3), tag & 7
            if how == _BYTES:
                size, at = _number(data, at, end)
                if size > end - at:
                    raise Unreadable("is not a whole ONNX file")
                if field is not None and field.message_type is not None:
                    inside.append((at, at + size, field.message_type))
                elif field is not None and field.cpp_type not in _apart(field):
                    packed -= size
                at += size
            elif how == _VARINT:
                _, at = _number(data, at, end)
            elif how in (_EIGHT, _FOUR):
                at += 8 if how == _EIGHT else 4
            else:
                raise Unreadable("is not a whole ONNX file")
            if left < 0 or packed < 0:
                raise Unreadable("has more pieces than any policy's file")


def _apart(field: Any) -> tuple[int, ...]:
    """The types that take as much memory as they take of a file."""
    return (field.CPPTYPE_STRING, field.CPPTYPE_FLOAT, field.CPPTYPE_DOUBLE)


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A whole number as protobuf writes it, and where it ends."""
    found = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        found |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return found, at
    raise Unreadable("is not a whole ONNX file")


def require_plain(model: Any) -> None:
    """Refuse what no policy needs, and what only another library or file can give.

    Raises:
        Unreadable: it says what.
    """
    graph = model.graph
    _refuse_outside_parts(model)
    if len(graph.node) > NODES:
        raise Unreadable(f"has more than {NODES:,} operators")
    if len(model.training_info) or len(graph.sparse_initializer):
        raise Unreadable("holds what trains it, or sparse weights: save it as it is to be played")
    for node in graph.node:
        if node.op_type not in OPERATORS:
            raise Unreadable(
                f"needs the operator '{printable(node.op_type)}', which is none of those that policies are "
                "made of: loops and branches are not run (torch.onnx.export(..., dynamo=True) writes none)"
            )
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type not in ITEM:
            raise Unreadable(
                f"takes or gives '{printable(value.name)}', which is no array of numbers"
            )
    _check_numbers(graph)


def _refuse_outside_parts(model: Any) -> None:
    from onnx import TensorProto

    used = [use.domain for use in model.opset_import if use.domain not in _OURS]
    used = sorted(used) + [n.domain for n in _nodes(model.graph) if n.domain not in _OURS]
    if used or model.functions:
        what = f"operators of '{printable(used[0])}'" if used else "functions of its own"
        raise Unreadable(f"needs {what}; only files of ONNX's own operators are run")
    for tensor in _tensors(model.graph):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise Unreadable(
                f"keeps '{printable(tensor.name)}' in another file: save it as one file, with its weights "
                "inside"
            )


def _check_numbers(graph: Any) -> None:
    """Refuse stored arrays that are not of the size they say, or hold what cannot be reckoned with."""
    weighed = {name for node in graph.node if node.op_type in _WEIGH for name in node.input}
    stored = [(tensor.name, tensor) for tensor in graph.initializer]
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
                numbers = np.array([attribute.f, *attribute.floats])
                _check_real(node.output[0], numbers, bool({*node.output} & weighed))
            arrays = [attribute.t] if attribute.HasField("t") else []
            name = node.output[0] if node.output else node.name
            stored += [(name, tensor) for tensor in (*arrays, *attribute.tensors)]
    for name, tensor in stored:
        _check_array(name, tensor, name in weighed)


def _check_array(name: str, tensor: Any, weighed: bool) -> None:
    from onnx import numpy_helper

    kind, count = tensor.data_type, math.prod(tensor.dims)
    if kind not in ITEM or len(tensor.dims) > AXES or any(n < 0 for n in tensor.dims):
        raise Unreadable(f"holds '{printable(name)}', which is no array of numbers")
    if tensor.HasField("segment"):
        raise Unreadable(f"holds '{printable(name)}' in segments: save it whole")
    given = len(tensor.raw_data) // ITEM[kind] if tensor.HasField("raw_data") else _listed(tensor)
    if given != count:
        raise Unreadable(
            f"holds '{printable(name)}' with {given:,} numbers, where it says {count:,}"
        )
    if kind in _REAL:
        _check_real(name, numpy_helper.to_array(tensor).astype(np.float64), weighed)


def _listed(tensor: Any) -> int:
    """How many numbers a tensor lists one by one, in the field of its type."""
    fields = {1: tensor.float_data, 11: tensor.double_data, 7: tensor.int64_data}
    unsigned = {12: tensor.uint64_data, 13: tensor.uint64_data}
    return len({**fields, **unsigned}.get(tensor.data_type, tensor.int32_data))


def _check_real(name: str, numbers: np.ndarray, weighed: bool) -> None:
    if np.isnan(numbers).any() or (weighed and not np.isfinite(numbers).all()):
        raise Unreadable(f"has numbers in '{printable(name)}' that are not finite")


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph and all that stand inside its operators."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            inner = [attribute.g] if attribute.HasField("g") else []
            for below in (*inner, *attribute.graphs):
                yield from _graphs(below)


def _nodes(graph: Any) -> Iterator[Any]:
    for one in _graphs(graph):
        yield from one.node


def _tensors(graph: Any) -> Iterator[Any]:
    """Every tensor that is stored anywhere in a graph."""
    for one in _graphs(graph):
        yield from one.initializer
        for sparse in one.sparse_initializer:
            yield from (sparse.values, sparse.indices)
        for node in one.node:
            for attribute in node.attribute:
                yield from ([attribute.t] if attribute.HasField("t") else [])
                yield from attribute.tensors
                sparse_ones = (
                    [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
                )
                for sparse in (*sparse_ones, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)
