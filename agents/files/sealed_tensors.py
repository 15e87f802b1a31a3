"""The safetensors files that we write: read within limits, with facts and a SHA-256 beside the tensors.

A checksum is no signature: anybody who writes a file can seal it. So nothing that is read here is
trusted to be more than whole, and what it may be is checked where it is used
(`agents.schema.agent_schema`).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from environments.files.atomic import SEAL
from environments.files.readers import Unreadable, parse_json

TENSORS = 10_000  # in a file; an agent has some tens, a checkpoint some hundreds
HEADER = 2**25  # bytes of what stands before the tensors; the bounds of a picture's space are long
FILE = 2**33  # bytes
AXES = 16  # of a tensor
_ENTRY = "gpo"  # of a safetensors file's metadata
_BYTES = {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "F16": 2, "BF16": 2} | {
    "I32": 4, "F32": 4, "I64": 8, "F64": 8,
}  # fmt: skip


def read_tensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The metadata and the tensors of a safetensors file, whose header is read within limits first.

    Raises:
        Unreadable: it is no such file, is cut off, or has more than is allowed.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > FILE:
            raise Unreadable(f"has more than {FILE:,} bytes")
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise Unreadable("ends within its header")
        if length > HEADER:
            raise Unreadable(f"has a header of more than {HEADER:,} bytes")
        header = parse_json(file.read(length), HEADER)
    _check(header, size - 8 - length)
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise Unreadable(f"is no safetensors file: {error}") from None
    return metadata, tensors


def _check(header: Any, room: int) -> None:
    """Refuse a header whose tensors are not end to end in the `room` bytes after it."""
    if not isinstance(header, dict):
        raise Unreadable("has a header that is no table")
    if len(header) - ("__metadata__" in header) > TENSORS:
        raise Unreadable(f"has more than {TENSORS:,} tensors")
    notes = header.get("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(text, str) for text in notes.values()):
        raise Unreadable("has metadata that are not texts")
    places = sorted(_place(entry) for name, entry in header.items() if name != "__metadata__")
    at = 0
    for begin, end in places:
        if begin != at:
            raise Unreadable("has tensors that overlap, or gaps between them")
        at = end
    if at != room:
        raise Unreadable(f"has {room:,} bytes of tensors where its header says {at:,}")


def _place(entry: Any) -> tuple[int, int]:
    """Where a tensor begins and ends, if it takes that many bytes."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Unreadable("has a tensor that its header does not describe")
    shape, offsets, kind = entry["shape"], entry["data_offsets"], entry["dtype"]
    whole = isinstance(shape, list) and isinstance(offsets, list) and len(offsets) == 2
    if (
        not whole
        or len(shape) > AXES
        or not all(type(n) is int and n >= 0 for n in shape + offsets)
    ):
        raise Unreadable("has a tensor whose shape or place is none")
    if not isinstance(kind, str) or kind not in _BYTES:
        raise Unreadable("has a tensor of a type that no network of ours has")
    begin, end = offsets
    if math.prod(shape) * _BYTES[kind] != end - begin:
        raise Unreadable("has a tensor whose shape does not fit its bytes")
    return begin, end


def seal_tensors(
    tensors: Mapping[str, Tensor], facts: dict[str, Any]
) -> tuple[dict[str, str], str]:
    """Metadata for a safetensors file: `facts` with a SHA-256 over them and the tensors, and that alone.

    It has one entry: safetensors writes several in a random order, and equal content is to be equal bytes.
    """
    sha256 = digest(tensors, json.dumps(facts, sort_keys=True))
    return {_ENTRY: json.dumps({**facts, SEAL: sha256}, sort_keys=True)}, sha256


def sealed_facts(metadata: Mapping[str, str]) -> dict[str, Any]:
    """What `seal_tensors` wrote, its hash not yet verified; nothing if it was not written by that."""
    text = metadata.get(_ENTRY, "")
    try:
        facts = parse_json(text, HEADER, infinite=True)
    except Unreadable:
        return {}
    as_written = isinstance(facts, dict) and json.dumps(facts, sort_keys=True) == text
    return facts if as_written else {}


def is_whole(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> bool:
    """Whether the SHA-256 among the facts is that of the tensors and the other facts."""
    others = {name: value for name, value in facts.items() if name != SEAL}
    return bool(facts.get(SEAL) == digest(tensors, json.dumps(others, sort_keys=True)))


def digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """SHA-256 over names, types, shapes and bytes of the tensors in order of their names, then the text."""
    sha = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(tensor.flatten().view(torch.uint8).numpy().data)
    sha.update(text.encode())
    return sha.hexdigest()


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The first tensor that holds NaN or infinity; None if there is none."""
    for name in sorted(tensors):
        tensor = tensors[name]
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            return name
    return None
