"""A training opens no socket, and leaves no process, no shared memory and no open file behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.battery("training: sockets, leaks"), pytest.mark.slow]
ROOT = Path(__file__).parents[2]
SHARED = Path("/dev/shm")
WATCHED = """
import gc, os, sys
heard = []
def hook(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        if not (event in ("socket.bind", "socket.connect") and isinstance(arguments[1], (str, bytes))):
            heard.append((event, str(arguments)[:200]))  # a path is a pipe between our own processes
sys.addaudithook(hook)
def main():
    import gpo
    for name in ("first", "second", "third"):
        assert gpo.main(["train", "recipe.toml", "--run", name]) == 0
        gc.collect()  # a policy and its games know each other
        print("open files", len(os.listdir("/proc/self/fd")))
    print("sockets", heard)
if __name__ == "__main__":
    main()
"""
RECIPE = """
[world]
id = "gpo/Kitchen-v0"
horizon = 40
[data]
train = "games"
[clone]
hidden = [16]
epochs = 2
[refine]
games = 8
rollout = 40
batch_size = 160
judge_games = 8
steps = 3200
cores = 2
[evaluate]
games = 4
"""


def test_a_training_leaves_nothing_behind(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    (tmp_path / "watched.py").write_text(WATCHED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    collect = (
        "import gpo, sys; sys.exit(gpo.main('demos collect games gpo/Kitchen-v0 --player random"
    )
    collect += " --episodes 4 --horizon 40'.split()))"
    subprocess.run([sys.executable, "-c", collect], cwd=tmp_path, env=environment, check=True)
    before = set(SHARED.iterdir())
    done = subprocess.run(
        [sys.executable, "watched.py"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "resource_tracker" not in done.stderr
    lines = done.stdout.splitlines()
    assert "sockets []" in lines
    files = [int(line.split()[-1]) for line in lines if line.startswith("open files")]
    assert files[2] <= files[1], "the third run opens no more than the second left"
    left = set(SHARED.iterdir()) - before
    deadline = time.monotonic() + 60  # s, for those of other tests beside this one
    while left & set(SHARED.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not left & set(SHARED.iterdir())
