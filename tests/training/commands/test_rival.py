"""The demo's second training: it holds nothing up, says why it is missing, and ends with the demo."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import training.commands.demo
from environments.files.atomic import to_checked_json
from environments.system import processes as process
from tests.training.support.ended import ROOT, begin, ended, leaves_nothing
from training.run.recipe import read_recipe
from training.run.reporter import SilentReporter


def stand_still(pipe: Any, folder: Path, content: Any, done: Any, pulse: Any) -> None:
    """Begin, and never do anything again."""
    process.end_with_parent(pulse)
    pipe.send("up")
    os.kill(os.getpid(), signal.SIGSTOP)


def complain(pipe: Any, folder: Path, content: Any, done: Any, pulse: Any) -> None:
    """Meet something that cannot work."""
    process.end_with_parent(pulse)
    pipe.send("The disk is full.")


def die(pipe: Any, folder: Path, content: Any, done: Any, pulse: Any) -> None:
    """End without a word."""
    os._exit(7)


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """The rival once it was waited for, if its process does such work."""
    monkeypatch.setattr(training.commands.demo, "free_cores", lambda: 2)

    def train(work):
        monkeypatch.setattr(process, "PATIENCE", 2 if work is stand_still else 60)
        monkeypatch.setattr(training.commands.demo, "_train_rival", work)
        recipe = read_recipe("cramped_room")
        with training.commands.demo._from_nothing(tmp_path / "from_nothing", recipe) as rival:
            rival.wait(SilentReporter())
        return rival

    return train


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (stand_still, "its process stood still and was ended."),
        (complain, "The disk is full."),
        (die, "its process ended (exit code 7)."),
    ],
)
def test_why_it_is_missing_is_said(trained, work, told):
    rival = trained(work)
    assert not rival.ready
    assert rival.trouble == f"PPO from nothing was left out: {told}"


def test_what_is_there_is_taken_and_what_is_half_there_is_gone_on_with(
    trained, tmp_path, monkeypatch
):
    folder, begun = tmp_path / "from_nothing", []

    def start(owner, name, work, *arguments):
        """As if the process had done its work already."""
        begun.append(name)
        for missing in ("agent.safetensors", "scores.json"):
            (folder / missing).write_bytes(whole)
        ours, theirs = multiprocessing.Pipe()
        theirs.close()
        return SimpleNamespace(sentinel=ours), ours, ours.close

    whole = to_checked_json({"rows": {}, "world": "", "protocol": ""})
    monkeypatch.setattr(process, "start", start)
    assert trained(die).ready
    assert trained(die).ready
    assert len(begun) == 1, "all is there already"
    (folder / "scores.json").write_text("{")
    assert trained(die).ready, "damaged scores are made again"
    assert (folder / "scores.json.damaged-1").read_text() == "{"
    (folder / "scores.json").unlink()
    assert trained(die).ready, "an agent without scores is not enough"
    assert len(begun) == 3


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_demo_ends_with_its_rival_in_a_sentence(tmp_path, number, code):
    program = begin([ROOT / "gpo.py", "demo", "--run", "run"], tmp_path)
    until = time.monotonic() + 200
    while not (tmp_path / "run/from_nothing/clone.safetensors").exists():
        assert program.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    found, said = ended(program, number)
    assert (found, said.count("\n")) == (code, 1)
    assert said.startswith("gpo: stopped; repeat the command")
    assert leaves_nothing(program)
