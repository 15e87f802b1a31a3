"""Sizes that no machine holds are refused before any work, saying what is needed and what there is."""

import re

import pytest

from environments.catalog import make_world
from environments.system import memory as machine
from environments.system.errors import UserError
from environments.system.memory import SHARE, memory, require_memory
from training.run import memory_needs as sizes
from training.run.memory_needs import check_games, check_sizes, game_bytes, seen_bytes
from training.run.recipe import check_recipe

LEAST = {"world": {"id": "gpo/Balance-v0"}, "data": {"train": "somebody"}}
GIB = 2**30


@pytest.fixture(scope="module")
def world():
    return make_world("gpo/Balance-v0")


@pytest.fixture
def a_gibibyte(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: GIB)


def recipe(**changes):
    return check_recipe({**LEAST, **changes}, "r.toml")


def refusal(world, **changes):
    with pytest.raises(UserError) as caught:
        check_sizes(recipe(**changes), world)
    sentence = str(caught.value)
    assert "and this machine has 1.1 GB" in sentence
    assert re.search(r"at least [\d.,]+ GB of memory", sentence)
    return sentence


# ------------------------------------------------------------------ how much there is


def test_the_memory_of_this_machine_is_a_number_of_bytes():
    assert 2**26 < memory() <= machine.UNKNOWN


def test_a_container_may_have_less(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_LIMITS", (limit,))
    whole = memory()
    limit.write_text("123456\n")
    assert memory() == 123456
    for text in ("max\n", "", "0", str(2**63)):
        limit.write_text(text)
        assert memory() == whole


def test_what_just_fits_is_taken(monkeypatch):
    monkeypatch.setattr(machine, "memory", lambda: 1000)
    require_memory(int(1000 * SHARE), "It takes", "take less")
    with pytest.raises(UserError, match="It takes at least"):
        require_memory(int(1000 * SHARE) + 1, "It takes", "take less")


# ------------------------------------------------------------------ what a recipe takes


def test_an_ordinary_recipe_fits(a_gibibyte, world):
    check_sizes(recipe(), world)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"refine": {"games": 10**9}}, "refine.games = 1,000,000,000 takes"),
        ({"refine": {"games": 10**5, "rollout": 10**5}}, "A rollout of refine.games = 100,000 x"),
        ({"refine": {"batch_size": 10**9}}, "refine.batch_size = 1,000,000,000 takes"),
        ({"refine": {"judge_games": 10**6}}, "refine.judge.games = 1,000,000 takes"),
        ({"evaluate": {"games": 10**6}}, "evaluate.games = 1,000,000 takes"),
        ({"clone": {"hidden": [10**5, 10**5]}}, "[clone] asks for 20,000"),
        ({"network": {"hidden": [10**5, 10**5]}}, "[network] asks for 20,000"),
        ({"network": {"kind": "memory", "width": 10**5}}, "[network] asks for"),
        ({"network": {"kind": "memory", "steps": 10**5}}, "[network] asks for"),
        ({"network": {"kind": "memory", "layers": 1000, "width": 4096}}, "[network] asks for"),
    ],
)
def test_what_cannot_fit_is_named(a_gibibyte, world, changes, said):
    assert said in refusal(world, **changes)


def test_corrections_are_judged_too(a_gibibyte, world):
    content = {"data": {"train": "a", "corrections": "b"}, "corrections": {"games": 10**6}}
    assert "corrections.games = 1,000,000" in refusal(world, **content)
    check_sizes(recipe(corrections={"games": 10**6}), world)  # nobody learns from any


def test_games_are_refused_from_the_first_that_does_not_fit(monkeypatch, world):
    each = game_bytes(world) + sizes.RESAMPLED
    monkeypatch.setattr(machine, "memory", lambda: 100 * each)
    check_games(world, "--episodes", 90)
    with pytest.raises(UserError, match="--episodes = 91 takes at least"):
        check_games(world, "--episodes", 91)


def test_a_window_is_seen_as_often_as_it_is_long(world):
    plain = seen_bytes(world, recipe().network)
    long = seen_bytes(world, recipe(network={"kind": "memory", "steps": 8}).network)
    assert plain == 4 * 4
    assert long == 4 * 8 * (4 + 2 + 1)


def test_an_absurd_number_is_refused_whatever_the_machine_has():
    for changes in (
        {"evaluate": {"games": 10**12}},
        {"refine": {"steps": 10**30}},
        {"refine": {"epochs": 10**30}},
        {"clone": {"epochs": 10**30}},
        {"clone": {"hidden": [0]}},
        {"clone": {"hidden": [8] * 101}},
        {"network": {"layers": 10**9}},
        {"partner": {"clones": 10**9}},
        {"world": {"id": "x", "horizon": 2**31}},
        {"world": {"id": "x", "patience": 1e300}},
        {"seed": 2**32},
        {"refine": {"steps": True}},
    ):
        with pytest.raises(UserError, match=r"^r\.toml: "):
            recipe(**changes)
    assert recipe(seed=2**32 - 1, world={"id": "x", "horizon": 2**31 - 1}).seed == 2**32 - 1
