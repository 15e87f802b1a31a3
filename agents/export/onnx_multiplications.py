"""How many multiplications an operator of ONNX takes, by the shapes that go in and come out."""

from __future__ import annotations

import math
from typing import Any

Shape = tuple[int, ...]

_CUBIC = 64  # of an interpolation in three axes, a number


def multiplications(node: Any, given: list[Shape], made: list[Shape]) -> int:
    """About how many, and never much less; of an input that is left out, the shape is ()."""
    sizes, size = [math.prod(shape) for shape in given], sum(map(math.prod, made))
    attributes, kind = {a.name: a for a in node.attribute}, node.op_type
    if kind in ("LSTM", "GRU", "RNN"):  # each step of each game meets all weights
        return math.prod(given[0][:2]) * (sizes[1] + sizes[2]) + size
    if kind == "ConvTranspose":
        return sizes[0] * math.prod(given[1][1:]) + size
    if kind == "Einsum":
        return _contracted(attributes["equation"].s, given) + size
    for_each = 1  # number that comes out
    if kind in ("MatMul", "MatMulInteger"):
        for_each = given[0][-1]
    elif kind == "Gemm":
        turned = "transA" in attributes and attributes["transA"].i
        for_each = given[0][0] if turned else given[0][1]
    elif kind in ("Conv", "ConvInteger"):
        for_each = math.prod(given[1][1:])
    elif kind == "Resize":
        for_each = _CUBIC
    elif "kernel_shape" in attributes:  # of whatever pools
        for_each = math.prod(attributes["kernel_shape"].ints)
    return sum(sizes) + size * max(for_each, 1)


def _contracted(equation: bytes, shapes: list[Shape]) -> int:
    """How many products an Einsum adds up."""
    terms = equation.decode(errors="replace").replace(" ", "").partition("->")[0].split(",")
    if any("." in term for term in terms) or len(terms) != len(shapes):
        return math.prod(math.prod(shape) for shape in shapes)
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, size in zip(term, shape, strict=False):
            sizes[letter] = max(size, sizes.get(letter, 1))
    return math.prod(sizes.values())
