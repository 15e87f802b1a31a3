"""How soon the command line answers."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.bench
def test_help_answers_within_a_second():
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "gpo.py", "--help"], cwd=ROOT, check=True, capture_output=True
        )
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"\ngpo --help: {1000 * median:.0f} ms (median of 5)")
    assert median < 1
