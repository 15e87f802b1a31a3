"""The command line in processes of its own, that are told to stop, and what is left of them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def begin(words: list[Any], cwd: Path = ROOT) -> Any:
    """The command line in a process group of its own, as a terminal would begin it."""
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(program: Any, number: int, group: bool = True) -> tuple[int, str]:
    """What it exits with and says at a signal: Ctrl-C at a terminal goes to the whole group."""
    (os.killpg if group else os.kill)(program.pid, number)
    try:
        _, said = program.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
    return program.returncode, said


def leaves_nothing(program: Any) -> bool:
    """Whether all processes of its group end, and no memory of it is left."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.killpg(program.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        return False
    place = Path("/dev/shm")
    return not (place.is_dir() and list(place.glob(f"pym-{program.pid}-*")))
