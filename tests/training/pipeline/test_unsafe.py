"""Runs in which no agent keeps every limit: no agent file, exit code 3, and what is accepted all the same."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import training.commands.train as command
from agents.files.agent_file import HANDED_ON, load_agent
from environments.catalog import make_world
from gpo import main
from tests.training.support.toys import Leaning, record
from training.pipeline.train import train
from training.run.folder import RunFolder
from training.run.recipe import check_recipe

NARROW = {"aside": 1e-6}  # off the middle in every step


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("recordings")
    record(root, "leaning", make_world("gpo/Balance-v0", **NARROW), Leaning(careless=0.5), 6, 40)
    content: dict[str, Any] = {
        "world": {"id": "gpo/Balance-v0", "horizon": 60, "params": NARROW},
        "data": {"root": str(root), "train": "leaning"},
        "clone": {"hidden": [16], "epochs": 1, "batch_size": 64, "dropout": 0.0},
        "refine": {"steps": 200, "games": 4, "batch_size": 50, "epochs": 1, "warm_up": 0,
                   "precision": "float32", "cores": 1, "rollout": {"steps": 25, "half_life": 1.0},
                   "judge": {"every": 2, "games": 4}},
        "costs": {"off_centre": {"limit": 0.0}},
        "evaluate": {"games": 4},
    }  # fmt: skip
    return RunFolder(tmp_path_factory.mktemp("run"), check_recipe(content, "r.toml"))


def test_nothing_is_handed_on_until_it_is_accepted_and_then_it_says_so(run):
    with run.alone():
        found = train(run)
    assert found.agent is None
    assert not run.has(HANDED_ON)
    assert (found.verdict.handed_on, found.verdict.unsafe) == ("nothing", True)
    assert "off_centre" in str(found.verdict)
    with run.alone():
        again = train(run)
    assert again.verdict == found.verdict, "repeating it changes nothing"
    with run.alone():
        accepted = train(run, accept_unsafe=True)
    assert accepted.agent == run.path(HANDED_ON)
    assert accepted.agent is not None
    facts = load_agent(accepted.agent).facts
    assert facts["unsafe"] is True
    assert facts["verdict"].endswith("because unsafe agents are accepted.")
    with run.alone():
        assert train(run).verdict == accepted.verdict, "as it is read back"


@pytest.mark.parametrize(("agent", "code"), [(None, 3), (Path("agent.safetensors"), 0)])
@pytest.mark.parametrize("accept", [False, True])
def test_the_exit_code_says_whether_there_is_an_agent(monkeypatch, agent, code, accept):
    recipe = SimpleNamespace(data=SimpleNamespace(corrections=None), limits={})
    told: list[bool] = []

    def trained(run: Any, reporter: Any, accept_unsafe: bool) -> Any:
        told.append(accept_unsafe)
        return SimpleNamespace(
            agent=agent, scores=SimpleNamespace(matches={}, handed_on=None), verdict="v", folder="f"
        )

    class Folder:
        def __init__(self, *given: Any) -> None: ...

        def alone(self) -> Any:
            return nullcontext()

    monkeypatch.setattr(command, "read_recipe", lambda *given: recipe)
    monkeypatch.setattr(command, "prepare", lambda recipe: None)
    monkeypatch.setattr(command, "RunFolder", Folder)
    monkeypatch.setattr(command, "train", trained)
    monkeypatch.setattr(command, "show_scores", lambda *given: None)
    words = ["train", "r.toml", *(["--accept-unsafe"] if accept else [])]
    assert main(words) == code
    assert told == [accept]
