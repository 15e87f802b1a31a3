"""Files that survive a crash: after any interruption there is the old one or the new one, whole."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environments.problem import Problem

SEAL = "sha256"


def sync(path: Path) -> None:
    """Wait until `path` (a file's bytes or a folder's names) is on the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file through to the disk; its name is safe only after `sync` of its folder."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step; a reader sees all of the old file or all of the new."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)  # left by an earlier process with the same number
    try:
        write_synced(beside, data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync(path.parent)


def to_json(value: Any) -> bytes:
    """JSON with keys in one order, so that equal values have equal bytes and hashes."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    return (text + "\n").encode()


def seal(facts: dict[str, Any]) -> bytes:
    """JSON that carries the hash of its own content."""
    return to_json({**facts, SEAL: hashlib.sha256(to_json(facts)).hexdigest()})


def unseal(path: Path) -> dict[str, Any]:
    """Read what `seal` wrote; ValueError if a single character of its content changed."""
    facts = json.loads(path.read_bytes())
    if not isinstance(facts, dict):
        raise ValueError("not a JSON object")
    if facts.pop(SEAL, None) != hashlib.sha256(to_json(facts)).hexdigest():
        raise ValueError("its content does not match its own checksum")
    return facts


@contextmanager
def locked(path: Path, refusal: str, patience: float = 0.5) -> Iterator[None]:
    """Hold `path` alone; after `patience` seconds of trying, raise Problem(`refusal`).

    The lock belongs to the open file, not to its name: it ends with the process that holds it,
    however that process ends, so a lock file left behind by a crash never stands in the way.
    """
    with path.open("ab") as file:
        deadline = time.monotonic() + patience  # seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Problem(refusal) from None
                time.sleep(0.02)
        yield
