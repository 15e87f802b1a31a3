"""Supported platforms, and what GPO uses of them that another may not have.

A test holds the second list: whatever is not in Python on every system stands here, and is asked for before
it is used.
"""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterator
from typing import NamedTuple

TRIED = {
    "Linux": "every test runs on it",
    "Darwin": "no test runs on it; nothing is known that does not work",
    "Windows": "no test runs on it, and folders are renamed in which files are open, which it refuses: "
    "recording and importing may not work; use WSL, which is Linux",
}


class PlatformFeature(NamedTuple):
    """Something of the system, and what is done where there is none."""

    name: str  # module and attribute
    without: str


PARTS = (
    PlatformFeature(
        "os.getuid", "compiled code has no temporary folder that one start leaves to the next"
    ),
    PlatformFeature(
        "os.killpg", "what an external environment started by itself is not ended with it"
    ),
    PlatformFeature(
        "os.posix_fallocate", "a full disk is met while recordings are cached, not before"
    ),
    PlatformFeature("os.pwrite", "a journal is written by seeking first"),
    PlatformFeature("os.sched_getaffinity", "all processors count as ours to use"),
    PlatformFeature("os.sysconf", "how much memory there is, is not known before it runs out"),
    PlatformFeature(
        "signal.ITIMER_REAL", "a window that does not react to Ctrl-C is not interrupted"
    ),
    PlatformFeature("signal.SIGALRM", "a window that does not react to Ctrl-C is not interrupted"),
    PlatformFeature(
        "signal.SIGKILL", "what an external environment started by itself is not ended with it"
    ),
    PlatformFeature(
        "signal.pthread_kill", "a second Ctrl-C may be heard only when what waits goes on"
    ),
    PlatformFeature("signal.pthread_sigmask", "Ctrl-C may end a helper while it loads"),
    PlatformFeature(
        "signal.setitimer", "a window that does not react to Ctrl-C is not interrupted"
    ),
)


def absent() -> Iterator[PlatformFeature]:
    """What this system does not have."""
    for part in PARTS:
        module, _, name = part.name.partition(".")
        try:
            found = importlib.import_module(module)
        except ImportError:
            yield part
            continue
        if not hasattr(found, name):
            yield part


def described() -> str:
    """This system in a sentence: whether GPO is tried on it, and what it does without."""
    system = platform.system()
    told = TRIED.get(system, "no test runs on it, and whether it works is not known")
    lacking = list(dict.fromkeys(part.without for part in absent()))
    return "; ".join([f"{system}: {told}", *lacking])
