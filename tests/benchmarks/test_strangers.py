"""How our defaults do in four environments of other people, beside Stable-Baselines3's kept results."""

import subprocess
import sys

import pytest

from tests.studies.strangers import results
from tests.studies.strangers.processes import child_environment
from tests.studies.strangers.table import compared

pytestmark = pytest.mark.bench

FOUR = ("cartpole-v1", "mountaincarcontinuous-v0", "pendulum-v1", "acrobot-v1")


def study(verb: str, cache, *names: str) -> None:
    command = [sys.executable, "-m", "tests.studies.strangers", verb, "--cache", str(cache)]
    subprocess.run([*command, "--env", *names], env=child_environment(), check=True)


def test_defaults_are_not_below_stable_baselines3(tmp_path):
    study("record", tmp_path, *FOUR)
    study("run", tmp_path, *FOUR)
    rows = list(results.read(tmp_path).values())
    short = []
    for name in FOUR:
        found = compared(rows, name)
        print(
            f"\n{name}: people {found['people']:.1f}, clone {found['clone']:.1f}, refined "
            f"{found['refined']:.1f}, SB3 {found['sb3']:.1f}; {found['cpu']:.0f} of {found['sb3 cpu']:.0f} s"
        )
        if found["refined"] < max(found["sb3"], found["clone"]) - found["noise"]:
            short.append(name)
    assert not short, f"refined is below Stable-Baselines3 or the clone in {short}"
