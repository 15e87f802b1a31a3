"""The cost of running an ONNX file, worked out before it runs: the size of every array, the multiplications.

A few bytes can ask for any number of numbers (an Expand, a Tile, a sum of a row and a column), and a constant
can be multiplied with itself for hours. So the shapes that go in are followed through the operators one by
one, as ONNX itself infers them, and whatever is too large, or cannot be told, is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from agents.export.onnx_limits import AXES, ITEM
from agents.export.onnx_multiplications import Shape, multiplications
from agents.schema.space_schema import printable
from environments.files.readers import Unreadable

ALIVE, ALL = 2**30, 2**33  # bytes of arrays that are needed at one time; of all that are made
WORK, WORK_A_GAME = 2**32, 2**28  # multiplications of a run; more for each game
_SMALL = 1024  # numbers; what has more is no shape, and its values are not followed
_STEPS = 1000  # values that are reckoned, half a millisecond each
# Whose results are followed, not only their shapes: exporters reckon with shapes by these.
_FOLLOWED = frozenset([
    "Add", "And", "Cast", "Concat", "ConstantOfShape", "Div", "Equal", "Expand", "Gather", "Greater",
    "Identity", "Less", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Range", "ReduceProd", "Reshape",
    "ScatterND", "Slice", "Split", "Squeeze", "Sub", "Tile", "Transpose", "Unsqueeze", "Where",
])  # fmt: skip
# Which make what is as large as a whole number says; beyond this ONNX itself reckons past 64 bits.
_SIZED = ("ConstantOfShape", "Expand", "OneHot", "Pad", "Reshape", "Split", "Tile", "TopK")
_LARGEST = 2**31
_ALIKE = ("GroupNormalization", "MeanVarianceNormalization")  # of which ONNX infers nothing


def require_small(data: bytes, given: Mapping[str, Shape]) -> None:
    """Refuse a file that would take too long or too much room with such inputs.

    Args:
        data: of a file that `onnx_limits.require_plain` lets pass.
        given: the shape of each input, the number of games first.

    Raises:
        Unreadable: it says which operator.
    """
    import onnx

    model = onnx.load_model_from_string(data)
    followed = _Followed(model, given)
    games = max((shape[0] for shape in given.values() if shape), default=1)
    work, most = 0, WORK + games * WORK_A_GAME
    total, alive = 0, followed.bytes_of(given)
    left = _uses(model.graph)
    for number, node in enumerate(model.graph.node):
        made = followed.step(node)
        size = followed.bytes_of(made)
        total, alive, work = total + size, alive + size, work + followed.work(node)
        if total > ALL or alive > ALIVE or work > most:
            raise Unreadable(
                f"takes more time or room than any policy: see its {_called(number, node)}"
            )
        alive -= followed.bytes_of(left.get(number, ()))


def _uses(graph: Any) -> dict[int, list[str]]:
    """The arrays that are needed for the last time by each operator, but what is stored or given back."""
    last = {name: number for number, node in enumerate(graph.node) for name in node.output}
    last |= {name: number for number, node in enumerate(graph.node) for name in node.input}
    kept = {tensor.name for tensor in graph.initializer} | {value.name for value in graph.output}
    found: dict[int, list[str]] = {}
    for name, number in last.items():
        if name and name not in kept:
            found.setdefault(number, []).append(name)
    return found


def _called(number: int, node: Any) -> str:
    return f"{printable(node.op_type)} (operator {number + 1})"


class _Followed:
    """The shapes of all arrays so far, and the values of those that are small and known."""

    def __init__(self, model: Any, given: Mapping[str, Shape]) -> None:
        from onnx import helper

        self.number, self.left = 0, _STEPS
        self.opsets, self.version = list(model.opset_import), model.ir_version
        named = {use.domain: use.version for use in self.opsets}
        self.opset = named.get("", named.get("ai.onnx", 1))
        kinds = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
        self.types: dict[str, Any] = {
            name: helper.make_tensor_type_proto(kinds[name], shape) for name, shape in given.items()
        }
        self.values: dict[str, Any] = {}
        for tensor in model.graph.initializer:
            self.keep(tensor.name, tensor)

    def keep(self, name: str, tensor: Any) -> None:
        """Take in an array that is known."""
        from onnx import helper

        self.types[name] = helper.make_tensor_type_proto(tensor.data_type, tensor.dims)
        if math.prod(tensor.dims) <= _SMALL:
            self.values[name] = tensor

    def step(self, node: Any) -> list[str]:
        """Take in what an operator makes; the names of it.

        Raises:
            Unreadable: its shapes cannot be told.
        """
        where, self.number = _called(self.number, node), self.number + 1
        found = self._inferred(node, where)
        made = [name for name in node.output if name]
        for name in made:
            if name not in found or not _told(found[name]):
                raise Unreadable(f"makes arrays whose size cannot be told before: see its {where}")
            self.types[name] = found[name]
        if all(math.prod(self.shape(name)) <= _SMALL for name in made):
            self._follow(node)
        return made

    def _inferred(self, node: Any, where: str) -> dict[str, Any]:
        from onnx import checker, defs, shape_inference

        names = [name for name in node.input if name]
        if any(name not in self.types for name in names):
            raise Unreadable(f"uses an array before it is made: see its {where}")
        if node.op_type in _ALIKE:
            return {node.output[0]: self.types[node.input[0]]}
        values = {name: self.values[name] for name in names if name in self.values}
        if _giant(node, values):
            raise Unreadable(f"asks for more numbers than there is room for: see its {where}")
        try:
            found: dict[str, Any] = shape_inference.infer_node_outputs(
                defs.get_schema(node.op_type, self.opset, ""),
                node,
                {name: self.types[name] for name in names},
                values,
                opset_imports=self.opsets,
                ir_version=self.version,
            )
        except (
            checker.ValidationError,
            shape_inference.InferenceError,
            defs.SchemaError,
            ArithmeticError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            said = printable(error, 200)
            raise Unreadable(f"is no file that can be run ({said}): see its {where}") from None
        return found

    def _follow(self, node: Any) -> None:
        """Reckon what a small operator makes out of what is known."""
        from onnx import helper, numpy_helper
        from onnx.reference import ReferenceEvaluator

        if node.op_type == "Shape":
            sizes = np.array(self.shape(node.input[0]), np.int64)
            ends = {a.name: a.i for a in node.attribute}
            known = [sizes[ends.get("start", 0) : ends.get("end", len(sizes))]]
        elif node.op_type == "Size":
            known = [np.array(math.prod(self.shape(node.input[0])), np.int64)]
        else:
            names = [name for name in node.input if name]
            followed = node.op_type in _FOLLOWED and all(name in self.values for name in names)
            if self.left == 0 or (not followed and node.op_type != "Constant"):
                return
            self.left -= 1
            feeds = {name: numpy_helper.to_array(self.values[name]) for name in names}
            plain = helper.make_node(node.op_type, node.input, node.output)
            plain.attribute.extend(node.attribute)
            try:
                with np.errstate(all="ignore"):
                    known = ReferenceEvaluator(plain, opsets={"": self.opset}).run(None, feeds)
            except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
                return  # then it is not known
        for name, value in zip(node.output, known, strict=False):
            array = np.asarray(value)
            if name and array.dtype.kind in "biuf" and array.shape == self.shape(name):
                self.values[name] = numpy_helper.from_array(array, name)

    def shape(self, name: str) -> Shape:
        """Of an array that was taken in."""
        return tuple(size.dim_value for size in self.types[name].tensor_type.shape.dim)

    def bytes_of(self, names: Any) -> int:
        """What arrays take."""
        return sum(
            math.prod(self.shape(name)) * ITEM[self.types[name].tensor_type.elem_type]
            for name in names
            if name in self.types
        )

    def work(self, node: Any) -> int:
        """About how many multiplications an operator that was taken in takes."""
        given = [self.shape(name) if name else () for name in node.input]
        return multiplications(node, given, [self.shape(name) for name in node.output if name])


def _giant(node: Any, values: Mapping[str, Any]) -> bool:
    """Whether an operator is told a size that no array has."""
    from onnx import numpy_helper

    told = [number for a in node.attribute for number in (a.i, *a.ints)]
    if node.op_type in ("Shape", "Slice"):  # the largest number is how they say "to the end"
        told = []
    if node.op_type in _SIZED:
        arrays = [numpy_helper.to_array(values[name]) for name in node.input if name in values]
        told += [number for a in arrays if a.dtype.kind in "iu" for number in a.ravel().tolist()]
    return any(abs(number) > _LARGEST for number in told)


def _told(kind: Any) -> bool:
    """Whether a type is an array of numbers whose size is known."""
    array = kind.tensor_type
    if array.elem_type not in ITEM or not array.HasField("shape") or len(array.shape.dim) > AXES:
        return False
    return all(size.HasField("dim_value") and size.dim_value >= 0 for size in array.shape.dim)
