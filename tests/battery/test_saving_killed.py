"""Killed while it saves, again and again: there is the old file or the new one, whole."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from agents.files.agent_file import load_agent

pytestmark = [pytest.mark.battery("saving: kill -9 in a loop of saves"), pytest.mark.slow]
ROOT = Path(__file__).parents[2]
KILLS = 100
LOOP = """
import itertools, sys
from pathlib import Path
from agents.files.agent_file import save_agent
from environments.catalog import make_world
from tests.demos.support.runs import network
world = make_world("CartPole-v1")
policy, path = network(world, 0), Path(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:  # a fork a line: the imports are done once
    import os
    if (child := os.fork()) == 0:
        for count in itertools.count():
            save_agent(path, policy, world, {"count": count})
    print(child, flush=True)
    os.waitpid(child, 0)
    print("reaped", flush=True)
"""


def test_an_agent_is_whole_after_every_kill(tmp_path, record_property):
    path, random = tmp_path / "agent.safetensors", np.random.default_rng(0)
    nursery = subprocess.Popen(
        [sys.executable, "-c", LOOP, str(path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    assert nursery.stdout.readline() == "ready\n"
    seen = set()
    for _ in range(KILLS):
        print("go", file=nursery.stdin, flush=True)
        child = int(nursery.stdout.readline())
        time.sleep(random.uniform(0.005, 0.1))
        subprocess.run(["kill", "-9", str(child)], check=True)
        assert nursery.stdout.readline() == "reaped\n"
        if path.exists():
            seen.add(load_agent(path).facts["count"])
    nursery.kill()
    nursery.communicate()
    assert len(seen) > 5, "it was killed at different saves"
    assert path.exists()
    record_property("tries", KILLS)
