"""Atomic and synced writes: after any interruption a file is the old one or the new one, whole."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from environments.files.readers import BINARY as BINARY
from environments.files.readers import KEYS, read_json
from environments.system.errors import UserError

SEAL = "sha256"
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class DiskFull(UserError):
    """No room on the disk, or in one's quota of it: nothing half-written counts, nothing older is touched."""


@contextmanager
def raising_disk_full(on: str) -> Iterator[None]:
    """Turn a full disk, met anywhere in the block, into DiskFull; `on` says what the disk holds."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(
            f"The disk that holds {on} is full: free some space and try again, "
            "nothing recorded so far is lost."
        ) from error


@contextmanager
def naming_path(path: Path) -> Iterator[None]:
    """Let an error of the system, met in the block, name `path` where it names no file, or one beside it.

    One that is met in writing names none.
    """
    try:
        yield
    except OSError as error:
        named = Path(os.fsdecode(error.filename)).parts if error.filename else ()
        if not named or any(part.startswith(f".{path.name}.") for part in named):
            error.filename, error.filename2 = str(path), None
        raise


def write_all(file: int, data: bytes, offset: int = 0) -> None:
    """Write all of `data` at `offset` of an open file: the one place where recorded bytes leave us.

    After an error the same call may be made again; it begins anew at the same offset.
    """
    left = memoryview(data)
    while left:
        written = _write_at(file, left, offset)
        left, offset = left[written:], offset + written


def _write_at(file: int, data: memoryview, offset: int) -> int:
    if hasattr(os, "pwrite"):
        return os.pwrite(file, data, offset)
    os.lseek(file, offset, os.SEEK_SET)  # Windows; nobody else moves in a file that is written here
    return os.write(file, data)


def sync(path: Path) -> None:
    """Wait until `path` (a file's bytes or a folder's names) is on the disk itself."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folder, and writes names through by itself
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """Wait until everything written below `folder` is on the disk itself.

    One syncfs(2) for the whole file system: for a thousand files that is a hundred times quicker than
    an fsync for each. Where there is none, or it fails, every file and folder gets its own.
    """
    done = False
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
            done = syncfs is not None and syncfs(handle) == 0
        finally:
            os.close(handle)
    if not done:
        for path in (*folder.rglob("*"), folder):
            sync(path)


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file through to the disk; its name is safe only after `sync` of its folder."""
    write_new(path, data, through=True)


def write_new(path: Path, data: bytes, through: bool = False) -> None:
    """Write a new file; what is not written `through` is safe only after `sync_all`."""
    with path.open("xb", buffering=0) as file:
        write_all(file.fileno(), data)
        if through:
            os.fsync(file.fileno())


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step; a reader sees all of the old file or all of the new."""
    with replace_after(path) as beside:
        write_new(beside, data)


@contextmanager
def replace_after(path: Path) -> Iterator[Path]:
    """A hidden name beside `path` for the block to write a file at, put in its place in one step after it.

    If the block fails nothing of it stays, and what was at `path` does. An error of the system names `path`.
    """
    with naming_path(path):
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.unlink(missing_ok=True)  # left by an earlier process with the same number
        try:
            yield beside
            sync(beside)
            beside.replace(path)
        finally:
            with suppress(OSError):  # a name that cannot be does not hide why
                beside.unlink(missing_ok=True)
        sync(path.parent)


def to_json(value: Any) -> bytes:
    """JSON with keys in one order, so that equal values have equal bytes and hashes."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False)
    return (text + "\n").encode()


def to_checked_json(facts: dict[str, Any]) -> bytes:
    """JSON that carries the hash of its own content."""
    return to_json({**facts, SEAL: hashlib.sha256(to_json(facts)).hexdigest()})


def read_checked_json(path: Path, most_keys: int = KEYS) -> dict[str, Any]:
    """Read what `to_checked_json` wrote; ValueError if a single character of its content changed.

    A checksum is no signature: who changes the content can make a new one. What the content says is still
    to be checked by its reader.
    """
    facts = read_json(path, most_keys=most_keys)
    if not isinstance(facts, dict):
        raise ValueError("is no JSON object")
    if facts.pop(SEAL, None) != hashlib.sha256(to_json(facts)).hexdigest():
        raise ValueError("its content does not match its own checksum")
    return facts


@contextmanager
def locked(path: Path, refusal: str, patience: float = 0.5) -> Iterator[None]:
    """Hold `path` alone; after `patience` seconds of trying, raise Problem(`refusal`).

    The lock belongs to the open file, not to its name: it ends with the process that holds it,
    however that process ends, so a lock file left behind by a crash never stands in the way.
    """
    with raising_disk_full(str(path.parent)):
        file = path.open("ab")
    with file:
        deadline = time.monotonic() + patience  # seconds
        while not try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                raise UserError(refusal)
            time.sleep(0.02)
        yield


def try_lock(file: int) -> bool:
    """Lock an open file; False if another process holds the lock. It ends when the file is closed."""
    from filelock import lock_descriptor  # here: it brings more than what does without locks needs

    return lock_descriptor(file, blocking=False)


@contextmanager
def defer_signals() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait until the block is done; for what takes well under a second.

    Only the main thread hears signals: in any other the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = {
        number: signal.signal(number, lambda which, _frame: heard.append(which))
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not None  # None: set outside of Python, not ours to replace
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in dict.fromkeys(heard):
            signal.raise_signal(late)
