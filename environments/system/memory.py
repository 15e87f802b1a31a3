"""How much memory the machine has, so that what cannot fit is refused before it is begun."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from environments.system.errors import UserError

SHARE = 0.9  # of it that one thing may take: Python and its libraries need some too
UNKNOWN = 2**40  # bytes, where nobody says how much there is
# What a container may have, as the second and the first version of Linux's control groups tell it.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory() -> int:
    """Bytes of this machine, or of the container that this runs in if it may have less."""
    found = [UNKNOWN]
    with suppress(AttributeError, ValueError, OSError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _LIMITS:
        with suppress(OSError, ValueError):
            found.append(int(path.read_text()))
    return min(size for size in found if size > 0)


def require_memory(need: int, what: str, cure: str) -> None:
    """Refuse what cannot fit.

    Args:
        need: bytes that it takes at the least.
        what: takes them, as a sentence begins with it: "refine.games = 80 takes".
        cure: what to do instead.

    Raises:
        UserError: there is not as much.
    """
    there = memory()
    if need > SHARE * there:
        raise UserError(
            f"{what} at least {_size(need)} of memory, and this machine has {_size(there)}: {cure}."
        )


def _size(count: int) -> str:
    return f"{count / 1e9:,.0f} GB" if count >= 1e10 else f"{count / 1e9:.1f} GB"
