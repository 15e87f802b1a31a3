"""An agent's ONNX file: its facts stand first, its SHA-256 last, and reading it runs no code.

A protobuf message is its fields in any order, so other programs read such a file as they read any other; but
whatever is cut off or changed, either the facts or the seal tell.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments.problem import Problem

FORMAT = "gpo-onnx-1"
FACTS, SEAL = "gpo", "gpo_sha256"  # keys in the file's metadata_props
_OURS = ("", "ai.onnx")  # the operators that ONNX itself describes


@dataclass(frozen=True)
class OnnxFile:
    """A file that was read and checked."""

    path: Path
    data: bytes
    about: dict[
        str, Any
    ]  # what was written beside the graph; empty if another program wrote the file
    inputs: dict[str, tuple[int | str, ...]]  # shapes; a word is a size that may differ
    outputs: dict[str, tuple[int | str, ...]]

    @property
    def ours(self) -> bool:
        """Whether it was made by `gpo export`."""
        return bool(self.about)

    @property
    def sha256(self) -> str:
        """Of all its bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def world(self) -> dict[str, Any]:
        """`World.describe()` of the world that its agent was made for.

        Raises:
            Problem: it does not say.
        """
        if not self.ours:
            raise Problem(
                f"{self.path} does not say which world it was made for: name the world, and this file "
                "with --partner."
            )
        described: dict[str, Any] = self.about["world"]
        return described


def pack(model: Any, about: dict[str, Any]) -> bytes:
    """The bytes of a file from a graph (an `onnx.ModelProto`) and its facts."""
    facts = _entry(FACTS, json.dumps({"format": FORMAT, **about}, sort_keys=True))
    body: bytes = facts + model.SerializeToString(deterministic=True)
    return body + _entry(SEAL, hashlib.sha256(body).hexdigest())


def read_onnx(path: Path) -> OnnxFile:
    """Read a file, made by us or not.

    Raises:
        Problem: it is not there, damaged, or would need more than the operators of ONNX and itself.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if not path.is_file():
        raise Problem(
            f"There is no ONNX file {path}: give the path of one, or make it by gpo export."
        )
    data = path.read_bytes()
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError:
        raise Problem(f"{path} is not a whole ONNX file: export it again.") from None
    about = _facts(path, data, model)
    _refuse_strangers(path, model)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        why = in_short(error)
        raise Problem(f"{path} is no ONNX file that can be run ({why}): export it again.") from None
    kept = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in kept]
    return OnnxFile(path, data, about, _shapes(inputs), _shapes(model.graph.output))


def open_session(file: OnnxFile) -> Any:
    """An `onnxruntime.InferenceSession` of one thread.

    Raises:
        Problem: onnxruntime cannot run it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong is raised; it need not be logged too
    try:
        return onnxruntime.InferenceSession(file.data, options, ["CPUExecutionProvider"])
    except failures() as error:
        raise Problem(f"{file.path} cannot be run by onnxruntime: {in_short(error)}.") from None


def failures() -> tuple[type[Exception], ...]:
    """What running a file raises that is not as it should be; the runtime's own have no one parent."""
    from onnxruntime.capi import onnxruntime_pybind11_state as known

    raised = (v for v in vars(known).values() if isinstance(v, type) and issubclass(v, Exception))
    return (*raised, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def in_short(error: Exception) -> str:
    """The first line of what an error says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def _entry(key: str, value: str) -> bytes:
    """A piece of a file that holds nothing but one of its metadata."""
    import onnx

    props = [onnx.StringStringEntryProto(key=key, value=value)]
    entry: bytes = onnx.ModelProto(metadata_props=props).SerializeToString()
    return entry


def _facts(path: Path, data: bytes, model: Any) -> dict[str, Any]:
    """What stands beside the graph, if we wrote it and nobody changed it; else nothing."""
    props = {prop.key: prop.value for prop in model.metadata_props}
    if not {FACTS, SEAL} & set(props):
        return {}
    size = len(_entry(SEAL, "0" * 64))
    if data[-size:] != _entry(SEAL, hashlib.sha256(data[:-size]).hexdigest()):
        raise Problem(f"{path} was changed or damaged: its SHA-256 is wrong; export it again.")
    try:
        about = json.loads(props[FACTS])
        if about["format"] == FORMAT:
            return dict(about)
    except (KeyError, TypeError, ValueError):
        pass
    raise Problem(f"{path} has no facts of the format {FORMAT} in it: export it again.")


def _refuse_strangers(path: Path, model: Any) -> None:
    """Refuse operators that only a library of somebody's can run, and weights that lie in other files."""
    from onnx import TensorProto

    used = sorted({use.domain for use in model.opset_import if use.domain not in _OURS})
    for graph in (model.graph, *model.functions):
        used += [node.domain for node in _nodes(graph) if node.domain not in _OURS]
    if used or model.functions:
        what = f"operators of '{used[0]}'" if used else "functions of its own"
        raise Problem(f"{path} needs {what}; only files of ONNX's own operators are run.")
    for tensor in _tensors(model.graph):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise Problem(
                f"{path} keeps '{tensor.name}' in another file: save it as one file, with its weights inside."
            )


def _graphs(graph: Any) -> Any:
    """A graph and all that stand inside its operators."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            inner = [attribute.g] if attribute.HasField("g") else []
            for below in (*inner, *attribute.graphs):
                yield from _graphs(below)


def _nodes(graph: Any) -> Any:
    for one in _graphs(graph):
        yield from one.node


def _tensors(graph: Any) -> Any:
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


def _shapes(values: Any) -> dict[str, tuple[int | str, ...]]:
    return {
        value.name: tuple(
            size.dim_value if size.HasField("dim_value") else size.dim_param or "?"
            for size in value.type.tensor_type.shape.dim
        )
        for value in values
    }
