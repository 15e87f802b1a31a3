"""A personality, paid for what the north star does not want, is judged by its own reward from end to end."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpo
from agents.files.agent_file import load_agent
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.training.support.toys import Leaning, record
from training.api import evaluate, train
from training.evaluation.protocol import recorded_scores
from training.gate.judged_by import JudgedBy
from training.pipeline.corrections.data import CorrectionData
from training.pipeline.corrections.effects import _play, loss_of
from training.run.folder import RunFolder
from training.run.recipe import check_recipe
from training.run.reporter import SilentReporter

TOLD = {"name": "reward", "weights": {"balanced": -1.0}}


class Rows(SilentReporter):
    """Keeps every row."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    def row(self, row: Any) -> None:
        self.rows.append(row)


@pytest.fixture(scope="module")
def clumsy(tmp_path_factory):
    """A recipe that pays for letting the pole fall, the recordings, and the run by its own reward."""
    root = tmp_path_factory.mktemp("clumsy")
    data = record(root, "leaning", make_world("gpo/Balance-v0"), Leaning(careless=0.5), 6, 40)
    recipe = {
        "world": {"id": "gpo/Balance-v0", "horizon": 60},
        "reward": {"weights": {"balanced": -1.0}},
        "data": {"root": str(root), "train": "leaning"},
        "clone": {"hidden": [16], "epochs": 3, "batch_size": 64, "dropout": 0.0},
        "refine": {
            "steps": 4000,
            "games": 8,
            "batch_size": 100,
            "epochs": 4,
            "warm_up": 1,
            "precision": "float32",
            "cores": 1,
            "rollout": {"steps": 50, "half_life": 1.0},
            "judge": {"every": 5, "games": 10, "by": "reward"},
        },
        "evaluate": {"games": 10},
    }
    reporter = Rows()
    return recipe, data, train(recipe, root / "run", reporter=reporter), reporter.rows


def test_it_is_handed_on_and_everything_says_by_what(clumsy):
    recipe, _, found, rows = clumsy
    assert found.verdict.is_refined
    assert found.verdict.judged_by == "reward"
    assert "reward -" in str(found.verdict)
    assert found.verdict.clone_mean < found.verdict.mean < 0
    assert {row.judged_by for row in rows} == {"reward"}
    assert all(row.north_star == row.proxy == -row.play["balanced"] for row in rows)
    assert found.scores.judged_by == "reward"
    assert "; judged by the reward of the recipe; likeliest" in found.scores.protocol
    (seat,) = found.scores.rows["refined"].seats
    assert seat["reward"]["mean"] == -seat["return"]["mean"], "which is the world's own"
    for name in ("clone", "agent", "milestones/update-00001"):
        assert load_agent(found.folder / f"{name}.safetensors").facts["judged_by"] == TOLD
    again = train(recipe, found.folder)
    assert (again.verdict, again.scores) == (found.verdict, found.scores)


def test_it_is_evaluated_by_it(clumsy, capsys):
    _, _, found, _ = clumsy
    run = str(found.folder)
    assert gpo.main(["evaluate", run, "--episodes", "5"]) == 0
    said = capsys.readouterr().out
    assert "; judged by the reward of the recipe; mean" in said
    assert "reward by game: best -" in said
    assert gpo.main(["evaluate", "still", run, "--world", "gpo/Balance-v0", "--episodes", "5"]) == 0
    assert "\nreward: run " in capsys.readouterr().out
    assert gpo.main(["evaluate", "still", "--world", "gpo/Balance-v0", "--episodes", "5"]) == 0
    assert "reward" not in capsys.readouterr().out
    told = evaluate(found.agent, episodes=5)
    assert told["reward"].mean == -told["return"].mean


def test_a_round_of_corrections_plays_for_it_too(clumsy):
    content, data, found, _ = clumsy
    recipe = check_recipe(json.loads(json.dumps(content)), "r.toml")
    recipe = recipe.model_copy(
        update={"corrections": recipe.corrections.model_copy(update={"games": 20})}
    )
    run, world = RunFolder(found.folder.parent / "round", recipe), make_world("gpo/Balance-v0")
    data = CorrectionData(run, world, {}, None)  # type: ignore[arg-type]
    clone, agent = (load_agent(found.folder / f"{n}.safetensors") for n in ("clone", "agent"))
    rows = _play(data, clone, agent, SilentReporter())["rows"]
    assert set(rows) == {"reward", *world.costs}
    assert loss_of(rows, "reward", {}) == ""
    rows = _play(data, agent, clone, SilentReporter())["rows"]
    assert loss_of(rows, "reward", {}).startswith("reward -")


def test_recordings_are_shown_by_it_where_they_hold_its_terms(clumsy):
    _, data, _, _ = clumsy
    world = make_world("gpo/Balance-v0")
    figure = JudgedBy("reward", {"balanced": -2.0, "centred": 0.5})
    (seat,) = recorded_scores(data, world, 10, figure)["seats"]
    terms, starts = data.arrays().terms, data.arrays().starts
    per_step = -2.0 * terms["balanced"] + 0.5 * terms["centred"]
    assert np.isclose(
        seat["reward"]["mean"], np.mean([per_step[s : s + 10].sum() for s in starts[:-1]])
    )
    (plain,) = recorded_scores(data, world, 10, dataclasses.replace(figure, weights={"no": 1.0}))[
        "seats"
    ]
    assert set(plain) == {"return"}


def test_a_wrong_name_is_told_before_anything_is_made(clumsy, tmp_path):
    recipe, _, _, _ = clumsy
    wrong = {**recipe, "refine": {**recipe["refine"], "judge": {"by": "balance"}}}
    with pytest.raises(UserError, match="its terms, 'balanced', 'centred'"):
        train(wrong, tmp_path / "run")
    assert not Path(tmp_path / "run").exists()
