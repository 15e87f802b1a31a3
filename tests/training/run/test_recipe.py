"""Recipes: ours parse, and a mistake in one is a sentence that names it."""

from pathlib import Path

import pytest

import gpo
from environments.catalog import make_world
from environments.system.errors import UserError, UserErrors
from training.pipeline.prepare import prepare
from training.ppo.plan import plan_of
from training.run.folder import RunFolder
from training.run.recipe import RECIPES, check_recipe, read_recipe

LEAST = {"world": {"id": "gpo/Balance-v0"}, "data": {"train": "somebody"}}


def refusal(**changes):
    """The sentence with which a recipe is refused."""
    with pytest.raises(UserError) as caught:
        check_recipe({**LEAST, **changes}, "r.toml")
    sentence = str(caught.value)
    assert sentence.startswith("r.toml: ")
    assert "\n" not in sentence
    assert sentence[-1] in ".?"
    return sentence


# ------------------------------------------------------------------ ours


@pytest.mark.parametrize("name", sorted(path.stem for path in RECIPES.glob("*.toml")))
def test_our_recipes_name_worlds_terms_and_actions_that_exist(name):
    recipe = read_recipe(name)
    world = make_world(recipe.world.id, **recipe.world.params)
    assert set(recipe.reward.weights or {}) <= set(world.terms)
    assert set(recipe.reward.faded) <= set(recipe.reward.weights or {})
    assert set(recipe.clone.action_weights) <= set(world.action_names)
    plan = plan_of(recipe.refine)
    assert recipe.refine.steps % (plan.games * plan.rollout) == 0


def test_a_recipe_is_found_by_path_and_by_name(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text((RECIPES / "cramped_room.toml").read_text())
    assert read_recipe(str(path)) == read_recipe("cramped_room") == read_recipe("cramped_room.toml")


def test_what_is_left_out_has_a_default():
    recipe = check_recipe(LEAST, "r.toml")
    assert recipe.refine.start == "clone"
    assert recipe.reward.weights is None


# ------------------------------------------------------------------ overrides


def test_overrides_replace_and_add():
    recipe = read_recipe(
        "cramped_room",
        ["refine.steps=2_000_000", "seed=3", "reward.weights.soup=1.5", "data.held_out=others"],
    )
    assert recipe.refine.steps == 2_000_000
    assert recipe.seed == 3
    assert recipe.reward.weights is not None
    assert recipe.reward.weights["soup"] == 1.5
    assert recipe.data.held_out == "others"


def test_an_override_is_read_as_toml_reads_it():
    recipe = read_recipe(
        "cramped_room", ["clone.hidden=[64, 64]", "evaluate.greedy=true", "clone.action_weights={}"]
    )
    assert recipe.clone.hidden == [64, 64]
    assert recipe.evaluate.greedy
    assert recipe.clone.action_weights == {}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("refine.stesp=3", "did you mean 'steps'"),
        ("refin.steps=3", "did you mean 'refine'"),
        ("refine.steps=-3", "refine.steps = -3"),
        ("seed.x=3", "'seed' is a single value"),
    ],
)
def test_a_wrong_override_is_refused(override, said):
    with pytest.raises(UserError) as caught:
        read_recipe("cramped_room", [override])
    assert said in str(caught.value)


# ------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sed": 1}, "no setting 'sed': did you mean 'seed'?"),
        ({"world": {"id": "x", "horizn": 5}}, "'world.horizn': did you mean 'horizon'?"),
        ({"reward": {"wieghts": {}}}, "'reward.wieghts': did you mean 'weights'?"),
        ({"data": {"train": "x", "heldout": "y"}}, "'data.heldout': did you mean 'held_out'?"),
        ({"clone": {"epoch": 3}}, "'clone.epoch': did you mean 'epochs'?"),
        ({"partner": {"stuck": 3}}, "did you mean 'stuck_steps'?"),
        ({"refine": {"learningrate": 3}}, "did you mean 'learning_rate'?"),
        ({"evaluate": {"game": 3}}, "did you mean 'games'?"),
        ({"evaluate": {"qqq": 3}}, "known here: games, greedy."),
    ],
)
def test_an_unknown_setting_is_answered_with_the_nearest(changes, said):
    assert said in refusal(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"refine": {"steps": -1}}, "refine.steps = -1: give at least 0."),
        ({"refine": {"steps": 1.5}}, "refine.steps = 1.5: give a whole number."),
        ({"refine": {"steps": "many"}}, "refine.steps = 'many': give a whole number."),
        ({"refine": {"start": "scratch"}}, "refine.start = 'scratch': give 'clone' or 'nothing'."),
        ({"refine": {"threads": "x"}}, "refine.threads = 'x': give 'auto' or a whole number."),
        (
            {"refine": {"loss": {"entropy": 5}}},
            "entropy = 5: give 2 numbers, such as [",
        ),
        ({"refine": {"loss": {"entropy": [0.1]}}}, "entropy = [0.1]: give 2 numbers, such as"),
        (
            {"refine": {"loss": {"entropy": [1, 2, 3]}}},
            "entropy = [1, 2, 3]: give 2 numbers, such as",
        ),
        ({"network": {"hidden": 3}}, "network.hidden = 3: give a list."),
        ({"evaluate": {"greedy": 3}}, "evaluate.greedy = 3: give true or false."),
        ({"refine": {"entropy": [1.0]}}, "refine.loss.entropy"),
        ({"refine": {"gae_lambda": 1.1}}, "refine.rollout.gae_lambda"),
        ({"clone": {"hidden": "big"}}, "clone.hidden"),
        ({"clone": {"dropout": 1}}, "clone.dropout"),
        ({"clone": {"action_weights": {"stay": "little"}}}, "clone.action_weights.stay"),
        ({"world": {"id": "x", "horizon": 0}}, "world.horizon = 0"),
        ({"evaluate": {"games": 0}}, "evaluate.games = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"world": 3}, "world = 3"),
        ({"world": {}}, "the setting 'world.id' is missing"),
    ],
)
def test_a_value_out_of_bounds_is_named(changes, said):
    assert said in refusal(**changes)


def test_a_missing_section_is_named():
    with pytest.raises(UserError, match="'world' is missing"):
        check_recipe({"data": {"train": "x"}}, "r.toml")


@pytest.mark.parametrize("content", [b"seed = ", b"seed 3", b"\xff\xfe", b"[world\n"])
def test_what_is_no_toml_is_refused(tmp_path, content):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is not TOML"):
        read_recipe(str(path))


@pytest.mark.parametrize(
    ("name", "said"),
    [("cramped_rom", "did you mean 'cramped_room'"), ("xyz", "ours are"), ("a/b.toml", "ours are")],
)
def test_an_unknown_recipe_is_answered_with_ours(name, said):
    with pytest.raises(UserError, match=said):
        read_recipe(name)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reward": {"weights": {"balancd": 1.0}}}, "did you mean 'balanced'"),
        ({"reward": {"faded": ["centerd"]}}, "did you mean 'centred'"),
        ({"world": {"id": "gpo/Balanc-v0"}}, "did you mean 'gpo/Balance-v0'"),
        ({"world": {"id": "gpo/Balance-v0", "params": {"gravty": 1}}}, "did you mean 'gravity'"),
        ({"partner": {"player": "clon"}}, "'clon' is no player"),
        ({}, "no dataset somebody"),
    ],
)
def test_what_a_recipe_names_must_exist(tmp_path, changes, said):
    content = {**LEAST, "data": {"train": "somebody", "root": str(tmp_path)}, **changes}
    with pytest.raises(UserError) as caught:
        prepare(check_recipe(content, "r.toml"))
    assert said in str(caught.value)


# ------------------------------------------------------------------ the run folder


def test_a_run_folder_does_not_take_another_recipe(tmp_path):
    def recipe(steps):
        return check_recipe({**LEAST, "refine": {"steps": steps}}, "r.toml")

    first = RunFolder(tmp_path / "run", recipe(10))
    assert RunFolder(tmp_path / "run", recipe(10)).recipe_hash == first.recipe_hash
    with pytest.raises(UserError, match=r"another recipe \(refine\.steps: here 5, there 10\)"):
        RunFolder(tmp_path / "run", recipe(5))


def test_a_run_folder_is_held_by_one(tmp_path):
    run = RunFolder(tmp_path / "run", check_recipe(LEAST, "r.toml"))
    with run.alone(), pytest.raises(UserError, match="in use by another process"), run.alone():
        pass
    with run.alone():
        pass


# ------------------------------------------------------------------ several mistakes at once


def test_all_mistakes_of_a_recipe_are_told_at_once():
    changes = {
        "sed": 1,
        "refine": {"steps": -1, "clip": float("nan"), "stesp": 3},
        "clone": {"hidden": "big"},
        "partner": {"mixture": [{"player": "self"}, {"player": "a\x07", "temperature": 0}]},
    }
    with pytest.raises(UserErrors) as caught:
        check_recipe({**LEAST, **changes}, "r.toml")
    told = caught.value.sentences
    assert str(caught.value) == "\n".join(told)
    assert all(sentence.startswith("r.toml: ") for sentence in told)
    for part in (
        "'sed': did you mean 'seed'?",
        "refine.steps = -1: ",
        "refine.clip = nan: give a finite number.",
        "'refine.stesp': did you mean 'steps'?",
        "clone.hidden = 'big': ",
        "partner.mixture.1.player = ",
        "partner.mixture.1.temperature = 0: ",
    ):
        assert sum(part in sentence for sentence in told) == 1, part
    assert len(told) == 7


def test_a_required_setting_that_is_unfit_is_told_once():
    assert "data.train = 'a\\x07'" in refusal(data={"train": "a\x07"})


def test_mistakes_of_overrides_are_told_beside_those_of_the_file(capsys):
    words = ["--seed.x", "3", "--refine.steps", "-3", "--refine.stesp", "1"]
    assert gpo.main(["train", "cramped_room", *words]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("gpo: ") for line in lines)


@pytest.mark.parametrize(("count", "told"), [(20, 20), (21, 21), (50, 21)])
def test_of_very_many_mistakes_the_rest_is_counted(count, told):
    wrong = {f"x{number}": 1 for number in range(count)}
    with pytest.raises(UserErrors) as caught:
        check_recipe({**LEAST, **wrong}, "r.toml")
    assert len(caught.value.sentences) == told
    assert (f"{count - 20} more settings are wrong." in str(caught.value)) == (count > 20)


def test_all_that_a_recipe_names_and_that_does_not_exist_is_told_at_once(tmp_path):
    content = {
        **LEAST,
        "data": {"train": "somebody", "root": str(tmp_path)},
        "reward": {"weights": {"balancd": 1.0}},
        "costs": {"crash": {"limit": 1.0}},
        "partner": {"player": "clon"},
    }
    with pytest.raises(UserErrors) as caught:
        prepare(check_recipe(content, "r.toml"))
    for part in ("'balanced'", "limits the cost 'crash'", "'clon' is no player", "no dataset"):
        assert sum(part in sentence for sentence in caught.value.sentences) == 1, part


def test_a_recipe_named_without_its_ending_is_suggested(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text("")
    with pytest.raises(UserError, match=r"There is no recipe 'mine': did you mean 'mine\.toml'\?"):
        read_recipe("mine", [])
    with pytest.raises(UserError, match="ours are asymmetric_advantages"):
        read_recipe("m" * 5_000, [])
