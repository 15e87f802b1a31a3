"""A limit of infinity is the same run as no limit, to the bit; any other number is a limit."""

import json
import math

import pytest

import gpo
from agents.files.agent_file import load_agent
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.training.support.toys import Leaning, record
from training.ppo.controllers.lagrange import CostSettings, finite
from training.run.recipe import check_recipe

RECIPE = """
[world]
id = "gpo/Balance-v0"
horizon = 40
[data]
root = "{root}"
train = "leaning"
[clone]
hidden = [8]
epochs = 2
[refine]
steps = 800
games = 4
rollout = 50
batch_size = 100
epochs = 2
warm_up = 1
judge_every = 2
judge_games = 8
[evaluate]
games = 4
"""
LEAST = {"world": {"id": "gpo/Balance-v0"}, "data": {"train": "somebody"}}
LIMITED = "[costs.off_centre]\nstop_when_spent = true\nlimit = "


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run folder without a limit, with one of infinity, and with one of a number; and what they printed."""
    place = tmp_path_factory.mktemp("runs")
    record(place / "shelf", "leaning", make_world("gpo/Balance-v0"), Leaning(careless=0.1), 4, 30)
    made = {}
    for name, limit in (("none", ""), ("infinite", f"{LIMITED}inf"), ("some", f"{LIMITED}0.5")):
        path = place / f"{name}.toml"
        path.write_text(RECIPE.format(root=place / "shelf") + limit)
        words = ["train", str(path), "--run", str(place / name), "--accept-unsafe"]
        assert gpo.main(words) == 0
        made[name] = place / name
    return made


def weights(run):
    return {
        name: part.numpy().tobytes()
        for name, part in load_agent(run / name_of(run)).policy.tensors().items()
    }


def name_of(run):
    """What was refined, handed on or not: the last thing kept of it."""
    return sorted(path.relative_to(run) for path in run.glob("milestones/*.safetensors"))[-1]


def rows(run):
    """The metrics, but for times."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [
        {key: value for key, value in json.loads(line).items() if "time" not in key}
        for line in lines
    ]


def test_the_weights_are_the_same_to_the_bit(runs):
    assert weights(runs["infinite"]) == weights(runs["none"])
    assert weights(runs["some"]) != weights(runs["none"])


def test_the_metrics_have_the_same_columns_and_numbers(runs):
    assert rows(runs["infinite"]) == rows(runs["none"])
    told = (runs["infinite"] / "metrics.jsonl").read_text()
    assert "NaN" not in told
    assert "Infinity" not in told
    assert not any(
        "multiplier" in key or key == "high/off_centre"
        for row in rows(runs["infinite"])
        for key in row
    )
    assert any("high/off_centre" in row for row in rows(runs["some"]))


def test_a_run_without_a_limit_goes_on_with_one_of_infinity(runs, capsys):
    path = runs["none"].with_suffix(".toml")
    path.write_text(path.read_text() + f"{LIMITED}inf")
    assert gpo.main(["train", str(path), "--run", str(runs["none"])]) == 0
    assert "limit" not in capsys.readouterr().out


def test_the_limits_are_those_that_there_are():
    costs = {"a": {"limit": math.inf}, "b": {"limit": 2.0}}
    recipe = check_recipe({**LEAST, "costs": costs}, "r.toml")
    assert recipe.limits == {"b": 2.0}
    assert list(recipe.model_dump(mode="json")["costs"]) == ["b"]
    assert list(finite(recipe.costs)) == ["b"]


@pytest.mark.parametrize("limit", [math.nan, -math.inf, -1e-300, -1.0, 1e-10])
def test_what_is_no_limit_is_refused(limit):
    with pytest.raises(UserError, match=r"r\.toml: costs\.a"):
        check_recipe({**LEAST, "costs": {"a": {"limit": limit}}}, "r.toml")


def test_the_least_that_training_may_aim_at():
    assert CostSettings(limit=2e-9, tighten=0.5).limit == 2e-9
    with pytest.raises(ValueError, match="aim at less than 1e-09"):
        CostSettings(limit=1.9e-9, tighten=0.5)
