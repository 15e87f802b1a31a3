"""Half-written files of processes that were killed while they saved: `.NAME.PID`, see `atomic`."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

GONE = 3600.0  # s after which a file is nobody's work, even if its number is a process's again
# Only names that we write so: hidden, of a kind of ours, and with the number of a process.
_KINDS = "json|jsonl|safetensors|png|mp4|gif|onnx|zip|toml"
_HALF = re.compile(rf"\.(?:current|.+\.(?:{_KINDS}))\.(\d{{1,10}})")


def sweep_files(folder: Path, below: bool = False) -> list[Path]:
    """Remove files that killed processes left in a folder, which this process holds; which they were.

    What a living process may still be writing stays: another one's that is younger than `GONE`.

    Args:
        folder: where.
        below: also anywhere below it.
    """
    swept = []
    for path in folder.rglob(".*") if below else folder.glob(".*"):
        found = _HALF.fullmatch(path.name)
        if found and path.is_file() and not path.is_symlink() and not _in_use(path, int(found[1])):
            path.unlink(missing_ok=True)
            swept.append(path)
    return swept


def _in_use(path: Path, writer: int) -> bool:
    if writer == os.getpid():  # which has only just begun: it was another process of that number
        return False
    if os.name == "posix":  # on Windows this call would end the process
        try:
            os.kill(writer, 0)
        except PermissionError:  # another user's
            pass
        except (OSError, OverflowError):
            return False
    try:
        return time.time() - path.stat().st_mtime < GONE
    except FileNotFoundError:
        return False
