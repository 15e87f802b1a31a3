"""Sentences for what the operating system refused, or a lack of memory, and what to do."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from environments.system.streams import is_output

FOLDERS = ("environments", "agents", "demos", "training", "gpo")
LONGEST = 120  # letters of a path that a sentence shows
MEMORY = (
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "out of memory",
    "bad_alloc",
    "failed to map segment",
)  # as torch and others say it, who raise no MemoryError

# What is wrong with a path, or with what has none, and what to do about it.
_DISK = ("The disk that holds {path}", "The disk")
_FILE = ("{path}", "A file")
_NAME = ("The name {path}", "A name")
_NOTHING = ("", "")
_SENTENCES: dict[int, tuple[tuple[str, str], str]] = {
    errno.ENOSPC: (_DISK, " is full: free some space and repeat the command, what was finished before "
                   "is still there."),
    errno.EROFS: (_FILE, " cannot be written, for its disk is read-only: choose another place."),
    errno.EACCES: (_FILE, " may not be read or written by you (permission denied): have its rights "
                   "changed, or choose another place."),
    errno.EPERM: (_FILE, " may not be changed by you (not permitted): have its rights changed, or choose "
                  "another place."),
    errno.ENAMETOOLONG: (_NAME, " is too long for a file or folder: choose a shorter one."),
    errno.EMFILE: (_NOTHING, "Too many files are open at once: allow more (`ulimit -n 4096`), or ask for "
                   "less at once, and repeat the command."),
    errno.ENFILE: (_NOTHING, "This machine has too many files open at once: end other programs and "
                   "repeat the command."),
    errno.ELOOP: (_FILE, " is a link that leads back to itself: mend it, or choose another place."),
    errno.EIO: (_DISK, " reports an error of its own: see to it (`dmesg` says more), and repeat the "
                "command with another disk."),
    errno.EFBIG: (_FILE, " becomes larger than its disk allows for a file: choose another place."),
    errno.EISDIR: (_FILE, " is a folder where a file is needed: choose another name."),
    errno.ENODEV: (_DISK, " is not there any more: plug it in again and repeat the command."),
}  # fmt: skip
if hasattr(errno, "EDQUOT"):  # not on every system
    _QUOTA = ("Your quota of the disk that holds {path}", "Your quota of the disk")
    _FULL = " is used up: free some space and repeat the command, what was finished before is still there."
    _SENTENCES[errno.EDQUOT] = (_QUOTA, _FULL)


def system_sentence(error: BaseException) -> str | None:
    """What went wrong outside of our code, and what to do; None if it may be a mistake of ours."""
    if isinstance(error, OSError):
        return os_sentence(error)
    if isinstance(error, RecursionError):
        return "What was given is nested too deeply: make it flatter."
    if is_memory(error):
        return memory_sentence(error)
    if isinstance(error, RuntimeError | ImportError):
        for (
            number
        ) in _SENTENCES:  # of torch and pygame, which report the system in errors of their own
            if os.strerror(number) in str(error):
                path = re.search(r"<([^<>]+)>", str(error))
                return os_sentence(OSError(number, os.strerror(number), path and path[1]))
    return _import_sentence(error) if isinstance(error, ImportError) else None


def os_sentence(error: OSError) -> str:
    """What the system refused, where, and what to do."""
    if is_output(error):
        return f"What is printed cannot be written: {_reason(error)}."
    if error.errno is None:  # of a library that raises OSErrors of its own
        return f"{_first_line(error)}."
    if not _has_folder():
        return NO_FOLDER
    if error.errno == errno.ENOMEM:
        return memory_sentence(error)
    if isinstance(error, ConnectionError):
        return f"A process that helped this one has ended ({_reason(error)}): repeat the command."
    path = _path(error)
    if path is not None and (where := _astray(error.errno, path)):
        return where
    if error.errno in _SENTENCES:
        (named, nameless), what = _SENTENCES[error.errno]
        return (nameless if path is None else named.format(path=shown(path))) + what
    if path is None:
        return f"The system refused something: {_reason(error)}. Repeat the command."
    return f"{shown(path)}: {_reason(error)}. Choose another place, or mend this one."


NO_FOLDER = (
    "The folder that this was started in is not there any more: go to another one (`cd`) and repeat "
    "the command."
)


def memory_sentence(error: BaseException) -> str:
    """What to make smaller."""
    words = re.sub(r"^\[[^]]*\]\s*", "", _first_line(error)).partition(" and data type")[0]
    detail = f" ({words.rstrip('.')})" if words and words != type(error).__name__ else ""
    return (
        f"This machine has not enough memory for that{detail}: end other programs, or ask for less: fewer "
        "games at once, a smaller batch, a smaller network, fewer recordings."
    )


def is_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, whatever its type."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in MEMORY)


def _import_sentence(error: ImportError) -> str | None:
    """A library that is there and cannot be loaded: another one below it is missing, or files ran out."""
    if (error.name or "").partition(".")[0] in FOLDERS:
        return None
    return f"A library cannot be loaded ({_first_line(error)}): `gpo doctor` says what is missing."


def require_folder() -> None:
    """Refuse to begin in a folder that was deleted: nearly every library fails there in its own words.

    Raises:
        FileNotFoundError: the folder is gone.
    """
    os.getcwd()  # noqa: PTH109  raises what is to be said


def shown(path: str) -> str:
    """A path as a sentence of one line shows it."""
    text = path if path.isprintable() else ascii(path)
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]}...{text[-LONGEST // 4 :]} ({len(text)} letters)"


def _astray(number: int, path: str) -> str:
    """Where the name itself leads astray; empty where it does not."""
    place = Path(path)
    if number in (errno.ENOTDIR, errno.EEXIST):
        for part in (place, *place.parents):
            if os.path.lexists(part) and not part.is_dir():
                inside = "" if part == place else f", and {shown(path)} would be in it"
                return f"{shown(str(part))} is no folder{inside}: choose another place."
        return f"{shown(path)} is there already: choose another name, or move it away."
    if number == errno.ENOENT:
        if not place.parent.is_dir():
            parent = shown(str(place.parent))
            return f"There is no folder {parent}: make it, or choose another place."
        return f"There is no {shown(path)}, and none can be made: check the name and repeat the command."
    return ""


def _path(error: OSError) -> str | None:
    """The path that an error speaks of; the second where two were named and the first is not there."""
    name = error.filename
    return os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) and name else None


def _has_folder() -> bool:
    try:
        require_folder()
    except OSError:
        return False
    return True


def _reason(error: OSError) -> str:
    return error.strerror or (os.strerror(error.errno) if error.errno else "") or _first_line(error)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    words = lines[0].rstrip(".") if lines else type(error).__name__
    return words if words.isprintable() else ascii(words)
