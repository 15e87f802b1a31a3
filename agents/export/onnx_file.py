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

from agents.export.onnx_limits import FILE, require_few, require_plain
from agents.files.sealed_tensors import HEADER
from agents.schema.agent_schema import check_exported
from agents.schema.space_schema import printable
from environments.files.readers import Unreadable, parse_json, read_bytes
from environments.system.errors import UserError

FORMAT = "gpo-onnx-1"
CURE = "export it again, or get it again from where it came"  # how a message about a file of no use ends
FACTS, SEAL = "gpo", "gpo_sha256"  # keys in the file's metadata_props


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

    def shapes(self, games: int) -> dict[str, tuple[int, ...]]:
        """The shapes of its inputs for so many games.

        Raises:
            UserError: it leaves more open than how many games there are.
        """
        rest = {name: shape[1:] for name, shape in self.inputs.items()}
        if any(not isinstance(n, int) or n < 1 for shape in rest.values() for n in shape):
            raise UserError(f"{self.path} leaves open how large its inputs are; {CURE}.")
        return {name: (games, *map(int, shape)) for name, shape in rest.items()}

    @property
    def sha256(self) -> str:
        """Of all its bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def world(self) -> dict[str, Any]:
        """`World.describe()` of the world that its agent was made for.

        Raises:
            UserError: it does not say.
        """
        if not self.ours:
            raise UserError(
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
        UserError: it is not there, damaged, or would need more than `agents.export.onnx_limits` allows.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if not path.is_file():
        raise UserError(
            f"There is no ONNX file {path}: give the path of one, or make it by gpo export."
        )
    try:
        data = read_bytes(path, FILE)
        require_few(data)
        model = onnx.load_model_from_string(data)
        about = _facts(data, model)
        require_plain(model)
        onnx.checker.check_model(model)
    except Unreadable as error:
        raise UserError(f"{path} {error}; {CURE}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    except DecodeError:
        raise UserError(f"{path} is not a whole ONNX file: {CURE}.") from None
    except (onnx.checker.ValidationError, ValueError) as error:
        why = in_short(error)
        raise UserError(f"{path} is no ONNX file that can be run ({why}): {CURE}.") from None
    kept = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in kept]
    return OnnxFile(path, data, about, _shapes(inputs), _shapes(model.graph.output))


def in_short(error: Exception) -> str:
    """The first line of what an error says."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return printable(said, 200).rstrip(".")


def _entry(key: str, value: str) -> bytes:
    """A piece of a file that holds nothing but one of its metadata."""
    import onnx

    props = [onnx.StringStringEntryProto(key=key, value=value)]
    entry: bytes = onnx.ModelProto(metadata_props=props).SerializeToString()
    return entry


def _facts(data: bytes, model: Any) -> dict[str, Any]:
    """What stands beside the graph, if we wrote it and nobody changed it; else nothing.

    Raises:
        Unreadable: it was changed, or is not as we write it.
    """
    props = {prop.key: prop.value for prop in model.metadata_props}
    if not {FACTS, SEAL} & set(props):
        return {}
    size = len(_entry(SEAL, "0" * 64))
    if data[-size:] != _entry(SEAL, hashlib.sha256(data[:-size]).hexdigest()):
        raise Unreadable("was changed or damaged: its SHA-256 is wrong")
    try:
        about = parse_json(props.get(FACTS, ""), HEADER, infinite=True)
    except Unreadable:
        about = None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise Unreadable(f"has no facts of the format {FORMAT} in it")
    check_exported(about)
    return about


def _shapes(values: Any) -> dict[str, tuple[int | str, ...]]:
    return {
        value.name: tuple(
            size.dim_value if size.HasField("dim_value") else size.dim_param or "?"
            for size in value.type.tensor_type.shape.dim
        )
        for value in values
    }
