"""A finished run can be given more steps: it goes on from its last checkpoint, and says so."""

import json

import pytest

from environments.catalog import make_world
from environments.system.errors import UserError
from tests.training.support.toys import Leaning, record
from training.api import train
from training.run.metrics import read_metrics
from training.run.reporter import SilentReporter

ROLLOUT = 8 * 50


class Listener(SilentReporter):
    """Keeps what is said."""

    def __init__(self):
        self.said = []

    def say(self, sentence):
        self.said.append(sentence)


@pytest.fixture
def recipe(tmp_path):
    record(tmp_path / "datasets", "hand", make_world("gpo/Balance-v0"), Leaning(0.5), 8, 100)
    return {
        "world": {"id": "gpo/Balance-v0", "horizon": 100},
        "data": {"train": "hand", "root": str(tmp_path / "datasets")},
        "clone": {"hidden": [8], "epochs": 2},
        "refine": {
            "games": 8,
            "rollout": {"steps": 50},
            "judge": {"every": 2, "games": 4},
            "precision": "float32",
            "steps": 4 * ROLLOUT,
        },
        "evaluate": {"games": 4},
    }


def test_more_steps_go_on_from_the_last_checkpoint(recipe, tmp_path):
    run, listener = tmp_path / "run", Listener()
    train(recipe, run)
    before = read_metrics(run)
    clone = (run / "clone.safetensors").read_bytes()
    plan = json.loads((run / "plan.json").read_text())["refine"]
    found = train(recipe, run, overrides=[f"refine.steps={8 * ROLLOUT}"], reporter=listener)
    rows = read_metrics(run)
    assert [row.update for row in rows] == [0, 2, 4, 6, 8]
    assert rows[: len(before) - 1] == before[:-1], "nothing is learned again"
    assert (run / "clone.safetensors").read_bytes() == clone
    assert any("was to have 1,600 steps and goes on to 3,200" in told for told in listener.said)
    assert found.agent is not None
    assert found.agent.exists()
    after = json.loads((run / "plan.json").read_text())["refine"]
    assert after == {**plan, "steps": 8 * ROLLOUT}, "all else of the plan stays"
    again = train(recipe, run, overrides=[f"refine.steps={8 * ROLLOUT}"])
    assert again.scores == found.scores, "and now it is a run of that length"


def test_fewer_steps_are_another_recipe(recipe, tmp_path):
    train(recipe, tmp_path / "run")
    agent = (tmp_path / "run" / "agent.safetensors").read_bytes()
    with pytest.raises(UserError, match=r"another recipe \(refine.steps: here 400, there 1600\)"):
        train(recipe, tmp_path / "run", overrides=[f"refine.steps={ROLLOUT}"])
    assert (tmp_path / "run" / "agent.safetensors").read_bytes() == agent


def test_more_steps_with_another_change_are_another_recipe(recipe, tmp_path):
    train(recipe, tmp_path / "run")
    changes = [f"refine.steps={8 * ROLLOUT}", "refine.epochs=2"]
    with pytest.raises(UserError, match="another recipe"):
        train(recipe, tmp_path / "run", overrides=changes)
