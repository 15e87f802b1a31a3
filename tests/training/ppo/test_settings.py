"""`[refine]` in tables: former keys are read, said once, and kept in runs; a mistake names the new key."""

import json
from pathlib import Path

import pytest

from environments.system.errors import UserError
from training.ppo.losses import scheduled_parts
from training.ppo.settings import (
    FORMER,
    JudgeSettings,
    LossSettings,
    RefineSettings,
    RolloutSettings,
    regrouped,
)
from training.run.folder import RunFolder
from training.run.recipe import RECIPES, check_recipe, overridden_recipe, read_recipe

LEAST = {"world": {"id": "gpo/Balance-v0"}, "data": {"train": "people"}}
FLAT = {
    "rollout": 100,
    "half_life": 4.0,
    "gae_lambda": 0.9,
    "reward_scale": 2.0,
    "clip": 0.1,
    "entropy": [0.1, 0.0],
    "kl_clone": [0.2, 0.0],
    "kl_clone_reverse": [0.3, 0.0],
    "imitation": [0.4, 0.0],
    "value_weight": 0.7,
    "judge_every": 3,
    "judge_games": 6,
}
GROUPED = RefineSettings(
    rollout=RolloutSettings(steps=100, half_life=4.0, gae_lambda=0.9, reward_scale=2.0),
    loss=LossSettings(
        clip=0.1,
        entropy=(0.1, 0.0),
        kl_clone=(0.2, 0.0),
        kl_clone_reverse=(0.3, 0.0),
        imitation=(0.4, 0.0),
        value_weight=0.7,
    ),
    judge=JudgeSettings(every=3, games=6),
)


def toml(folder: Path, refine: str) -> str:
    path = folder / "mine.toml"
    path.write_text(
        f'[world]\nid = "gpo/Balance-v0"\n[data]\ntrain = "people"\n[refine]\n{refine}\n'
    )
    return str(path)


def test_every_former_key_is_read():
    assert FLAT.keys() == FORMER.keys()
    assert RefineSettings.model_validate(FLAT) == GROUPED
    assert RefineSettings() != GROUPED


def test_a_setting_of_later_leaves_the_hash_of_older_recipes_alone_and_is_kept(monkeypatch):
    monkeypatch.delitem(FORMER, "clip")
    monkeypatch.delitem(FORMER, "imitation")  # its value is a pair, in JSON a list
    unsaid = RefineSettings().model_dump(mode="json")
    assert not [key for key in unsaid if "clip" in key or "imitation" in key]
    kept = GROUPED.model_dump(mode="json")
    assert (kept["loss.clip"], kept["loss.imitation"]) == (0.1, [0.4, 0.0])
    assert RefineSettings.model_validate(kept) == GROUPED


@pytest.mark.parametrize("refine", ['judge_by = "reward"', 'judge.by = "reward"'])
def test_what_it_is_judged_by_stands_in_the_table_or_beside_it(tmp_path, refine):
    said: list[str] = []
    path = toml(tmp_path, refine)
    found = read_recipe(path, [], said.append)
    assert (found.refine.judge.by, said) == ("reward", [])
    assert read_recipe(path, ["refine.judge_by=near"], said.append).refine.judge.by == "near"
    kept = found.model_dump(mode="json")
    assert kept["refine"]["judge.by"] == "reward"
    assert check_recipe(kept, "kept").refine == found.refine
    assert overridden_recipe(kept, "kept").refine == found.refine, "as it stands in a run folder"
    assert said == []


def test_a_recipe_that_is_judged_by_the_north_star_is_kept_as_ever():
    told = RefineSettings(judge=JudgeSettings(by="north_star")).model_dump(mode="json")
    assert not [key for key in told if key.endswith("by")]


def test_every_part_of_the_loss_with_a_schedule_has_a_weight_among_the_settings():
    pairs = {
        name
        for name, field in LossSettings.model_fields.items()
        if isinstance(field.default, tuple)
    }
    assert pairs == set(scheduled_parts())


def test_runs_are_kept_under_the_former_keys():
    kept = GROUPED.model_dump(mode="json")
    assert {key: kept[key] for key in FLAT} == FLAT
    assert not {"loss", "judge"} & kept.keys()
    assert RefineSettings.model_validate(kept) == GROUPED


def test_a_run_of_before_goes_on_with_the_recipe_in_tables(tmp_path):
    before = check_recipe({**LEAST, "refine": FLAT}, "old.toml")
    first = RunFolder(tmp_path / "run", before)
    told = json.loads((tmp_path / "run" / "recipe.json").read_text())["refine"]
    assert told["rollout"] == 100
    tables = {"rollout": {"steps": 100, "half_life": 4.0, "gae_lambda": 0.9, "reward_scale": 2.0}}
    tables["judge"] = {"every": 3, "games": 6}
    tables["loss"] = {key: FLAT[key] for key, place in FORMER.items() if place[0] == "loss"}  # type: ignore[misc]
    now = check_recipe({**LEAST, "refine": tables}, "new.toml")
    assert RunFolder(tmp_path / "run", now).recipe_hash == first.recipe_hash


def test_former_keys_are_said_once_in_one_sentence(tmp_path):
    said: list[str] = []
    path = toml(tmp_path, "rollout = 50\nclip = 0.1")
    recipe = read_recipe(path, ["refine.judge_every=7", "refine.clip=0.3"], said.append)
    assert (recipe.refine.rollout.steps, recipe.refine.judge.every) == (50, 7)
    assert recipe.refine.loss.clip == 0.3, "the command line has the last word"
    assert said == [
        f"{path}: refine.rollout is now refine.rollout.steps, refine.clip is now refine.loss.clip, "
        "refine.judge_every is now refine.judge.every; what was written before is still read."
    ]


def test_a_former_override_of_a_table_leaves_the_rest_of_the_table(tmp_path):
    path = toml(tmp_path, "rollout.steps = 50\nrollout.half_life = 2.0")
    rollout = read_recipe(path, ["refine.rollout=60"], print).refine.rollout
    assert (rollout.steps, rollout.half_life) == (60, 2.0)
    rollout = read_recipe(path, ["refine.rollout.steps=70"], print).refine.rollout
    assert (rollout.steps, rollout.half_life) == (70, 2.0)


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_of_our_recipes_nothing_is_said(name):
    said: list[str] = []
    read_recipe(name, ["refine.steps=5", "seed=1", "refine.games=2"], said.append)
    assert said == []


@pytest.mark.parametrize(
    ("refine", "said"),
    [
        ("clip = 0.1\nloss.clip = 0.2", "'clip' is 'loss.clip' by its former key: give one"),
        ("clip = -1", "refine.loss.clip = -1: give more than 0"),
        ("entorpy = [0.0, 0.0]", "did you mean 'loss.entropy'?"),
        ("loss.entorpy = [0.0, 0.0]", "'refine.loss.entorpy': did you mean 'entropy'?"),
        ("stesp = 3", "did you mean 'steps'?"),
        ("jugde_by = 'reward'", "did you mean 'judge.by'?"),
        ("judge_by = 'a'\njudge.by = 'b'", "'judge_by' is 'judge.by': give one of them"),
        ("loss = 3\nclip = 0.1", "refine.loss = 3"),
    ],
)
def test_a_mistake_is_one_sentence_with_the_key_of_now(tmp_path, refine, said):
    with pytest.raises(UserError) as caught:
        read_recipe(toml(tmp_path, refine))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_setting_under_both_keys_is_refused_from_plain_values_too():
    with pytest.raises(UserError, match="give one of them"):
        check_recipe({**LEAST, "refine": {"clip": 0.1, "loss": {"clip": 0.1}}}, "r.toml")


def test_regrouping_leaves_what_it_is_given_as_it_was():
    given = {"rollout": {"steps": 3}, "half_life": 2.0}
    assert regrouped(given) == {"rollout": {"steps": 3, "half_life": 2.0}}
    assert given == {"rollout": {"steps": 3}, "half_life": 2.0}
