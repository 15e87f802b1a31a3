"""Values of recipes at their bounds: numbers that are none, sizes that no memory holds, no limit."""

import json
import time
from datetime import date

import numpy as np
import pytest
from safetensors.numpy import load_file

import gpo
from environments.catalog import make_world
from environments.files.readers import DEPTH
from environments.system import memory
from environments.system.errors import UserError
from environments.terminal.arguments import MOST
from tests.training.support.toys import Leaning, record
from training.run.memory_needs import RESAMPLED, check_games, check_sizes, game_bytes
from training.run.recipe import check_recipe, read_recipe
from training.settings import COUNT, STEPS

LEAST = {"world": {"id": "gpo/Balance-v0"}, "data": {"train": "somebody"}}


def refusal(**changes):
    """The sentence with which a recipe is refused."""
    with pytest.raises(UserError) as caught:
        check_recipe({**LEAST, **changes}, "r.toml")
    sentence = str(caught.value)
    assert sentence.startswith("r.toml: ")
    assert "\n" not in sentence
    return sentence


# ------------------------------------------------------------------ numbers that are none


@pytest.mark.parametrize("number", [float("inf"), float("nan"), -float("inf")])
@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("refine", "learning_rate"),
        ("refine", "gae_lambda"),
        ("clone", "learning_rate"),
        ("clone", "dropout"),
        ("world", "patience"),
        ("reward", "fade_until"),
    ],
)
def test_a_number_of_a_recipe_is_finite(section, name, number):
    given = {**LEAST.get(section, {}), name: number}
    assert f"{section}.{name} = {number}: give a finite number." in refusal(**{section: given})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reward": {"weights": {"balanced": float("nan")}}}, "reward.weights.balanced = nan"),
        ({"reward": {"weights": {"balanced": float("inf")}}}, "reward.weights.balanced = inf"),
        ({"refine": {"entropy": [float("nan"), 0]}}, "refine.entropy.0 = nan"),
        ({"refine": {"entropy": [0, float("inf")]}}, "refine.entropy.1 = inf"),
        ({"clone": {"action_weights": {"left": float("nan")}}}, "clone.action_weights.left = nan"),
        ({"costs": {"off_centre": {"limit": float("nan")}}}, "costs.off_centre.limit = nan"),
        ({"costs": {"off_centre": {"limit": -float("inf")}}}, "costs.off_centre.limit = -inf"),
        ({"costs": {"off_centre": {"limit": 1.0, "most": float("inf")}}}, "costs.off_centre.most"),
    ],
)
def test_a_number_inside_a_table_or_a_list_is_finite(changes, said):
    assert said in refusal(**changes)
    assert "give a finite number." in refusal(**changes)


@pytest.mark.parametrize("override", ["refine.learning_rate=inf", "refine.learning_rate=-inf"])
def test_an_override_is_finite(override):
    with pytest.raises(UserError, match=r"refine\.learning_rate = -?inf: give a finite number\."):
        read_recipe("cramped_room", [override])
    with pytest.raises(UserError, match=r"--refine\.learning_rate holds nan, which is no number\."):
        read_recipe("cramped_room", ["refine.learning_rate=nan"])


# ------------------------------------------------------------------ dates, and what is huge or deep


@pytest.mark.parametrize("value", ["1979-05-27", "07:32:00", "[1979-05-27]"])
def test_a_date_is_refused(tmp_path, value):
    path = tmp_path / "r.toml"
    path.write_text(f"[world]\nid = 'gpo/Balance-v0'\n[data]\ntrain = {value}\n")
    with pytest.raises(UserError, match=r"r\.toml holds .*a date or time: put it into quotes\."):
        read_recipe(str(path))
    with pytest.raises(UserError, match=r"--data\.train holds .*: put it into quotes\."):
        read_recipe("cramped_room", [f"data.train={value}"])


def test_a_date_in_plain_values_is_refused_too():
    assert "put dates and times into quotes" in refusal(seed=date(1979, 5, 27))


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 10**40 - 1},
        {"seed": "x" * 100_000},
        {"refine": {"steps": ["x"] * 100_000}},
        {"x" * 100_000: 1},
        {"clone": {"x" * 100_000: 1}},
        {"data": {"train": "x" * 100_000}},
        {"refine": {"start": "x" * 100_000}},
        {"reward": {"weights": {"x" * 100_000: "y" * 100_000}}},
    ],
)
def test_what_is_huge_is_told_by_its_beginning(changes):
    assert len(refusal(**changes)) < 500


def test_values_are_nested_only_so_deep():
    def nested(depth):
        found: object = 1
        for _ in range(depth):
            found = {"a": found}
        return {"world": {"id": "gpo/Balance-v0", "params": found}}

    check_recipe({**LEAST, **nested(DEPTH - 2)}, "r.toml")
    assert "world is nested more than 64 deep" in refusal(**nested(DEPTH - 1))
    assert "nested more than 64 deep" in refusal(**nested(20_000))


def test_an_override_of_very_many_parts_is_refused_in_no_time():
    begun = time.perf_counter()
    for key in (".".join(["a"] * 20_000), "x" * 20_000 + ".y" * 20_000):
        with pytest.raises(UserError, match=r"no setting has more than 64\.$") as caught:
            read_recipe("cramped_room", [f"{key}=1"])
        assert len(str(caught.value)) < 200
    assert time.perf_counter() - begun < 1
    with pytest.raises(UserError, match="there is no setting"):
        read_recipe("cramped_room", [".".join(["a"] * DEPTH) + "=1"])
    with pytest.raises(UserError, match="has 65 parts"):
        read_recipe("cramped_room", [".".join(["a"] * (DEPTH + 1)) + "=1"])


# ------------------------------------------------------------------ sizes


@pytest.mark.parametrize("more", [0, 1])
@pytest.mark.parametrize(
    ("section", "name", "most"),
    [
        ("evaluate", "games", COUNT),
        ("world", "horizon", MOST),
        ("refine", "steps", STEPS),
        ("world", "workers", 1024),
        ("", "seed", 2**32 - 1),
    ],
)
def test_whole_numbers_have_a_most(section, name, most, more):
    value = {name: most + more}
    changes = {section: {**LEAST.get(section, {}), **value}} if section else value
    if not more:
        check_recipe({**LEAST, **changes}, "r.toml")
    else:
        place = f"{section}.{name}" if section else name
        assert f"{place} = {most + 1}: give " in refusal(**changes)


@pytest.mark.parametrize("value", [True, False])
def test_a_switch_is_no_number(value):
    assert "evaluate.games" in refusal(evaluate={"games": value})
    assert check_recipe({**LEAST, "evaluate": {"greedy": value}}, "r.toml").evaluate.greedy == value


TOO_LARGE = {
    "evaluate.games=1_000_000_000": "evaluate.games = 1,000,000,000 takes at least",
    "evaluate.games=1_000_000_000_000": "evaluate.games = 1000000000000: give at most",
    "refine.judge_games=1_000_000_000": "refine.judge.games = 1,000,000,000 takes at least",
    "refine.games=1_000_000_000": "refine.games = 1,000,000,000 takes at least",
    "refine.rollout=1_000_000_000": "x refine.rollout.steps = 1,000,000,000 takes at least",
    "clone.hidden=[1_000_000, 1_000_000]": "weights, which take at least",
}


@pytest.mark.parametrize(("override", "said"), TOO_LARGE.items())
def test_what_fits_into_no_memory_is_refused_before_the_run_folder_is_made(
    tmp_path, capsys, override, said
):
    name, _, value = override.partition("=")
    run = tmp_path / "run"
    code = gpo.main(["train", "cramped_room", "--run", str(run), f"--{name}", value])
    told = capsys.readouterr().err
    assert code == 2
    assert said in told.splitlines()[0]
    assert told.count("\n") - told.count("There is no dataset") == 1, "the recordings are not here"
    assert not run.exists()


def test_what_just_fits_is_not_refused(monkeypatch):
    world, there = make_world("gpo/Balance-v0"), 10**9
    monkeypatch.setattr(memory, "memory", lambda: there)
    each = game_bytes(world) + RESAMPLED
    fits = int(memory.SHARE * there / each)
    check_games(world, "games", fits)
    with pytest.raises(
        UserError, match=r"games = .* takes at least 0\.9 GB .* has 1\.0 GB: play fewer"
    ):
        check_games(world, "games", fits + 1)


def test_a_rollout_is_games_times_steps(monkeypatch):
    monkeypatch.setattr(memory, "memory", lambda: 10**8)
    world = make_world("gpo/Balance-v0")

    def sized(games, rollout):
        asked = {"games": games, "rollout": rollout}
        return check_recipe({**LEAST, "refine": asked}, "r.toml")

    check_sizes(sized(1_000, 1_000), world)
    for games, rollout in ((10_000, 1_000), (1_000, 10_000)):
        with pytest.raises(
            UserError, match=f"refine.games = {games:,} x refine.rollout.steps = {rollout:,}"
        ):
            check_sizes(sized(games, rollout), world)


# ------------------------------------------------------------------ no limit


def test_a_limit_of_infinity_is_told_as_no_limit():
    costs = {"off_centre": {"limit": float("inf")}}
    without, endless = (
        check_recipe({**LEAST, **more}, "r.toml") for more in ({}, {"costs": costs})
    )
    assert endless.limits == {}
    assert endless.model_dump() == without.model_dump()
    limited = check_recipe({**LEAST, "costs": {"off_centre": {"limit": 3.0}}}, "r.toml")
    assert limited.limits == {"off_centre": 3.0}
    assert limited.model_dump() != without.model_dump()


RECIPE = """
world = {{id = "gpo/Balance-v0", horizon = 40, params = {{aside = 0.01}}}}
data = {{root = "{root}", train = "leaning"}}
clone = {{hidden = [8], dropout = 0.0, epochs = 2}}
refine = {{steps = 400, games = 4, rollout = 50, batch_size = 100, epochs = 2, warm_up = 0, judge_games = 4}}
evaluate = {{games = 4}}
"""


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """Run folders of one recipe: without limits, with one of infinity, and with one that binds."""
    folder = tmp_path_factory.mktemp("endless")
    record(
        folder, "leaning", make_world("gpo/Balance-v0", aside=0.01), Leaning(careless=0.3), 4, 40
    )
    path = folder / "pole.toml"
    path.write_text(RECIPE.format(root=folder))
    limits = {"none": [], "inf": ["inf"], "bound": ["0.001"]}
    for name, limit in limits.items():
        more = [f"--costs.off_centre.limit={value}" for value in limit]
        more += ["--costs.off_centre.stop_when_spent=true"] * len(limit)
        more += ["--accept-unsafe"] * (name == "bound")
        assert gpo.main(["train", str(path), "--run", str(folder / name), *more]) == 0
    return folder


@pytest.mark.parametrize("agent", ["clone", "agent"])
def test_a_limit_of_infinity_is_the_same_run_as_none(endless, agent):
    none, inf = (load_file(endless / name / f"{agent}.safetensors") for name in ("none", "inf"))
    assert none.keys() == inf.keys()
    assert all(np.array_equal(none[key], inf[key]) for key in none)


def test_a_limit_of_infinity_has_no_row_and_no_column(endless):
    def rows(name):
        return [json.loads(line) for line in (endless / name / "metrics.jsonl").open()]

    def told(name):
        return [{k: v for k, v in row.items() if not k.startswith("time/")} for row in rows(name)]

    assert told("none") == told("inf") != told("bound")
    assert {*rows("inf")[-1]} == {*rows("none")[-1]} < {*rows("bound")[-1]}


def test_a_run_goes_on_with_a_limit_of_infinity(endless, capsys):
    path, run = endless / "pole.toml", endless / "none"
    assert gpo.main(["train", str(path), "--run", str(run), "--costs.off_centre.limit=inf"]) == 0
    told = capsys.readouterr().out
    assert "limit" not in told
