"""`train` from Python: prints nothing, gives typed results, stops when asked, keeps its process as it was."""

import json
import random

import numpy as np
import pytest
import torch

from agents.files.agent_file import load_agent
from environments.catalog import make_world
from tests.training.support.toys import Leaning, record
from training.evaluation.results import Scores, TrainResult, pairings
from training.pipeline.train import train
from training.run.folder import RunFolder
from training.run.metrics import read_metrics
from training.run.recipe import check_recipe
from training.run.reporter import SilentReporter, TrainingStopped

UPDATES = 6


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    root = tmp_path_factory.mktemp("recordings")
    record(root, "leaning", make_world("gpo/Balance-v0"), Leaning(careless=0.5), 6, 40)
    return check_recipe(
        {
            "world": {"id": "gpo/Balance-v0", "horizon": 60},
            "data": {"root": str(root), "train": "leaning"},
            "clone": {"hidden": [16], "epochs": 3, "batch_size": 64, "dropout": 0.0},
            "refine": {
                "steps": 4 * 25 * UPDATES,
                "games": 4,
                "batch_size": 50,
                "epochs": 1,
                "warm_up": 1,
                "precision": "float32",
                "cores": 1,
                "rollout": {"steps": 25, "half_life": 1.0},
                "judge": {"every": 2, "games": 4},
            },
            "evaluate": {"games": 4},
        },
        "r.toml",
    )


def trained(recipe, folder, reporter=None):
    run = RunFolder(folder, recipe)
    with run.alone():
        return train(run, reporter)


@pytest.fixture(scope="module")
def whole(recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, trained(recipe, folder)


def test_the_result_is_typed_and_what_the_folder_holds(whole):
    folder, found = whole
    assert isinstance(found, TrainResult)
    assert found.folder == folder
    assert found.agent is not None
    agent = load_agent(found.agent)
    assert agent.facts["verdict"] == found.verdict.sentence == str(found.verdict)
    assert found.verdict.is_refined == (agent.facts["role"] == "refined")
    assert found.verdict.judged_by == "balanced"
    told = json.loads((folder / "scores.json").read_text())
    assert {key: told[key] for key in found.scores.to_json()} == found.scores.to_json()
    assert Scores.from_json(told) == found.scores
    rows = ["recorded play", "clone", *(["refined"] if found.verdict.is_refined else [])]
    greedy = [f"{name}, likeliest actions" for name in rows[1:]]
    assert set(rows) <= set(found.scores.rows)
    assert set(found.scores.rows) - set(rows) <= set(greedy)
    assert found.scores.handed_on == found.scores.rows[rows[-1]]


def test_the_result_of_a_finished_run_is_read_back(recipe, whole):
    folder, found = whole
    again = trained(recipe, folder)
    assert again.scores == found.scores
    assert again.verdict == found.verdict


def test_nothing_is_printed_and_the_process_is_as_before(recipe, tmp_path, capfd):
    def state():
        legacy = str(np.random.get_state())  # noqa: NPY002
        return torch.get_num_threads(), torch.get_rng_state().tolist(), random.getstate(), legacy

    torch.set_num_threads(2)
    try:
        before = state()
        trained(recipe, tmp_path)
        assert state() == before
    finally:
        torch.set_num_threads(1)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


class Counts(SilentReporter):
    """Keeps rows and stages, and asks for a stop at the given question."""

    def __init__(self, stop=-1):
        self.stop, self.asked, self.rows, self.stages = stop, 0, [], []

    def row(self, row):
        self.rows.append(row)

    def bar(self, text, total, unit):
        self.stages.append((text, total, unit))
        return super().bar(text, total, unit)

    def stop_requested(self):
        self.asked += 1
        return self.asked - 1 == self.stop


def test_the_reporter_gets_every_row_and_stage(recipe, tmp_path):
    reporter = Counts()
    trained(recipe, tmp_path, reporter)
    assert reporter.rows == read_metrics(tmp_path)
    assert [row.update for row in reporter.rows] == [0, 2, 4, 6]
    assert reporter.asked == UPDATES
    assert reporter.stages == [
        ("cloning the players", 3, "epochs"),
        ("refining", 4 * 25 * UPDATES, "steps"),
        ("judging", 2, "pairings"),
    ]


@pytest.mark.parametrize("stop", [0, 3, 4])
def test_a_stop_loses_nothing(recipe, whole, tmp_path, stop):
    with pytest.raises(TrainingStopped):
        trained(recipe, tmp_path, Counts(stop))
    assert not (tmp_path / "agent.safetensors").exists()
    found = trained(recipe, tmp_path)
    assert found.scores == whole[1].scores
    assert found.verdict == whole[1].verdict
    for name in ("metrics.jsonl", "agent.safetensors"):
        assert (tmp_path / name).read_bytes() == (whole[0] / name).read_bytes()


@pytest.mark.parametrize(
    ("seats", "roles", "people", "names"),
    [
        (1, ["clone", "refined"], False, ["clone", "refined"]),
        (1, ["before", "corrected"], False, ["before", "corrected"]),
        (2, ["clone", "refined"], False, ["clone with clone", "refined with clone"]),
        (2, ["clone", "refined"], True, ["clone with clone", "refined with clone",
                                         "human model with human model", "clone with human model",
                                         "refined with human model"]),
        (2, ["before", "corrected"], False, ["before with before", "corrected with before"]),
    ],
)  # fmt: skip
def test_who_is_judged_beside_whom(seats, roles, people, names):
    assert [one.name for one in pairings(seats, roles, people)] == names
