"""The Python API: what docs/python.md shows runs as it stands there, and returns what it says."""

import re
from pathlib import Path

import numpy as np
import pytest

import gpo
from agents.evaluation.statistics import Interval
from environments.system.errors import UserError
from training.api import LoadedAgent, clone, evaluate, load_agent, load_dataset, record, train

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
SMALL = {"epochs=20": "epochs=2", "evaluate(copy)": "evaluate(copy, episodes=8)",
         "evaluate(result.agent)": "evaluate(result.agent, episodes=8)",
         '"refine": {"steps": 200_000}':
         '"refine": {"steps": 800, "games": 4, "batch_size": 200, "rollout": {"steps": 100}, '
         '"judge": {"games": 4}}, "clone": {"epochs": 2}, "evaluate": {"games": 4}'}  # fmt: skip
KEYS = """
[[event]]
at = 1.0
press = "return"
[[event]]
at = 6.0
quit = true
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("api")
    collect = ["demos", "collect", "cart", "CartPole-v1", "--player", "random", "--episodes", "8"]
    assert gpo.main([*collect, "--root", str(here / "datasets")]) == 0
    return here


def run(block: str, found: dict) -> dict:
    for whole, small in SMALL.items():
        block = block.replace(whole, small)
    exec(compile(block, "docs/python.md", "exec"), found)
    return found


def test_the_journey_takes_ten_lines():
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= 10


def test_what_the_page_shows_runs_and_prints_what_the_page_prints(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    found = run(BLOCKS[0], {})
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert printed.err == ""
    assert str(found["result"].verdict) in printed.out
    assert found["result"].agent.is_file()
    assert isinstance(evaluate(found["copy"], episodes=4)["return"], Interval)
    run(BLOCKS[1], {})


def test_a_clone_is_saved_and_loaded_and_decides_alike(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    made = clone(load_dataset("cart"), epochs=1, seed=3)
    assert isinstance(made, LoadedAgent)
    made.save(tmp_path / "clone.safetensors")
    again = load_agent(tmp_path / "clone.safetensors")
    seen = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
    assert made.predict(seen)[0].tolist() == again.predict(seen)[0].tolist()
    assert made.predict(seen[0])[0] == made.predict(seen)[0][0]
    assert np.shape(made.predict(seen[0])[0]) == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: load_dataset("nothing"), "nothing"),
        (lambda: load_agent("nothing"), "'nothing' is no agent or run"),
        (lambda: clone("cart", epoch=3), "epoch"),
        (lambda: clone("cart", "Acrobot-v1"), "Acrobot-v1"),
        (lambda: train({"world": {"id": "CartPole-v1"}}, "runs/x"), "data"),
        (lambda: train("nothing.toml", "runs/x"), "nothing.toml"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(folder, monkeypatch, wrong, said):
    monkeypatch.chdir(folder)
    with pytest.raises(UserError) as caught:
        wrong()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Path("runs/x").exists()


def test_recording_returns_what_was_kept(folder, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(folder)
    (tmp_path / "keys.toml").write_text(KEYS)
    options = {"headless": True, "script": tmp_path / "keys.toml", "seed": 1}
    result = record("CartPole-v1", dataset="mine", episodes=1, **options)
    assert result.code == 0
    assert result.dataset == "mine"
    assert result.kept == (0,)
    assert len(load_dataset("mine")) == 1
    assert capsys.readouterr().out == ""
    with pytest.raises(TypeError, match="episode"):
        record("CartPole-v1", episode=1)


def test_what_an_agent_cannot_see_is_a_sentence(folder, monkeypatch):
    monkeypatch.chdir(folder)
    made = clone(load_dataset("cart"), epochs=1)
    with pytest.raises(UserError, match=r"not a dict of where, goal: .*FlattenObservation"):
        made.predict({"where": np.zeros(3), "goal": 1})
    for seen in (np.zeros(3), np.zeros((2, 5)), 0.0):
        with pytest.raises(UserError, match=r"sees numbers of shape \[4\], not \["):
            made.predict(seen)
