"""Processes beside this one: deaf to Ctrl-C from the first moment, and ended even if they were stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from environments.system import processes as process

ROOT = Path(__file__).resolve().parents[3]


class Owner:
    """Whose process it is."""


def say_what_is_blocked(pipe: Any) -> None:
    """Tell, before anything else, if Ctrl-C would be heard."""
    pipe.send(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
    pipe.recv()


def beat_until_told(pipe: Any, pulse: Any) -> None:
    """Run, with a pulse."""
    process.end_with_parent(pulse)
    pipe.send("up")
    pipe.recv()


def test_it_is_deaf_to_ctrl_c_before_it_does_anything_and_we_are_not():
    owner, before = Owner(), signal.pthread_sigmask(signal.SIG_BLOCK, [])
    _, pipe, end = process.start(owner, "test", say_what_is_blocked)
    assert pipe.recv() is True
    end()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
    assert signal.SIGINT not in before


def test_a_pulse_tells_who_was_stopped_from_who_is_busy(monkeypatch):
    monkeypatch.setattr(process, "PATIENCE", 3)
    owner, pulse = Owner(), process.Pulse()
    started, pipe, end = process.start(owner, "test", beat_until_told, pulse.memory)
    assert pipe.recv() == "up"

    def glances(count: int) -> list[bool]:
        found = []
        for _ in range(count):
            pipe.poll(2 * process.BEAT)
            found.append(pulse.stopped())
        return found

    assert glances(6) == [False] * 6
    os.kill(started.pid, signal.SIGSTOP)
    found = glances(6)
    assert found[:2] == [False] * 2, "so much patience there is"
    assert found[-1]
    os.kill(started.pid, signal.SIGCONT)
    assert glances(2) == [False] * 2
    os.kill(started.pid, signal.SIGSTOP)
    end()  # also of one that stands still
    assert started.exitcode == -signal.SIGKILL


SCRIPT = """
import os, signal
from environments.system import processes as process
from tests.environments.system.test_processes import Owner, beat_until_told
if __name__ == "__main__":
    owner, pulse = Owner(), process.Pulse()
    started, pipe, end = process.start(owner, "test", beat_until_told, pulse.memory)
    pipe.recv()
    os.kill(started.pid, signal.SIGSTOP)
    print(started.pid, os.getpid(), flush=True)
    {then}
"""


@pytest.mark.parametrize("then", ["pass", "raise KeyboardInterrupt", "raise SystemExit(1)"])
def test_a_stopped_process_does_not_hold_up_the_end_of_the_program(tmp_path, then):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(then=then))
    done = subprocess.run(
        [sys.executable, script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout.split()[0]), 0)
    assert "leaked" not in done.stderr
    if (place := Path("/dev/shm")).is_dir():
        assert not list(place.glob(f"pym-{done.stdout.split()[1]}-*"))


@pytest.mark.parametrize("beats", [0, 1])
def test_who_still_loads_has_more_patience_than_who_ran_before(monkeypatch, beats):
    monkeypatch.setattr(process, "PATIENCE", 3)
    pulse = process.Pulse()
    pulse._beats[0] = beats
    found = [pulse.stopped() for _ in range(20)]
    assert found.index(True) == (3 if beats else 3 * process.LOADING)
