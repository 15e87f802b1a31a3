"""The games of the last judgement: by the budget if a recipe leaves them out, as it says if it does not."""

import pytest

from environments.catalog import make_world
from environments.files.atomic import to_checked_json
from training.pipeline.plan_recipe import follow_plan, plan_recipe
from training.run.folder import RunFolder
from training.run.recipe import check_recipe
from training.run.reporter import SilentReporter


def recipe(**evaluate):
    content = {
        "world": {"id": "gpo/Balance-v0"},
        "data": {"train": "d"},
        "refine": {"steps": 20_000},
    }
    return check_recipe({**content, **({"evaluate": evaluate} if evaluate else {})}, "r.toml")


@pytest.mark.parametrize(
    ("said", "games"), [({}, 30), ({"games": 100}, 100), ({"games": 7}, 7), ({"greedy": True}, 30)]
)
def test_what_a_recipe_says_stays(said, games):
    planned = plan_recipe(recipe(**said), make_world("gpo/Balance-v0"), {}).recipe.evaluate
    assert (planned.games, planned.greedy) == (games, bool(said.get("greedy")))


def test_a_run_keeps_its_number_and_one_from_before_has_what_it_had(tmp_path):
    world = make_world("gpo/Balance-v0")
    run = RunFolder(tmp_path / "new", recipe())
    assert follow_plan(run, world, {}, SilentReporter()).evaluate.games == 30
    again = RunFolder(tmp_path / "new", recipe())
    assert follow_plan(again, world, {}, SilentReporter()).evaluate.games == 30
    old = RunFolder(tmp_path / "old", recipe())
    told = plan_recipe(recipe(), world, {}).recipe.model_dump(mode="json")
    before = {name: told[name] for name in ("clone", "refine", "partner")}
    (tmp_path / "old" / "plan.json").write_bytes(to_checked_json(before))
    assert follow_plan(old, world, {}, SilentReporter()).evaluate.games == 100
