"""A recipe whose world varies: recordings that play again, training, and a curve in the judgement."""

import json

import pytest

import gpo
from agents.files.agent_file import load_agent
from demos.data.dataset.store import Store
from environments.catalog import make_world
from environments.external.world import Declared, declare
from tests.environments.support.short_training import SHORT, trusted_in
from training.advice.recorded_games import changed_physics, options_sentence, recorded_options

CART = "tests.environments.support.arms:Cart"
RECIPE = """
[world]
id = "{world}"
vary = {vary}
[data]
root = "{root}"
train = "{data}"
"""
VARY = '{ mass = [0.5, 2.0], "gear.ratio" = { choices = [1.0, 3.0] } }'


@pytest.fixture(scope="module", autouse=True)
def known(tmp_path_factory):
    with trusted_in(tmp_path_factory.mktemp("home")) as path:
        yield path


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    words = ["demos", "collect", "plain", CART, "--player", "random", "--episodes", "4"]
    assert gpo.main([*words, "--root", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def drawn(root):
    words = ["demos", "collect", "drawn", CART, "--player", "random", "--episodes", "5"]
    assert gpo.main([*words, "--root", str(root), "--vary", "mass=[0.5, 2.0]"]) == 0
    return Store(root).open("drawn")


def recipe(root, vary=VARY, world=CART, data="plain"):
    path = root / "varied.toml"
    path.write_text((RECIPE + SHORT).format(world=world, root=root, vary=vary, data=data))
    return str(path)


@pytest.fixture(scope="module")
def run(root):
    assert gpo.main(["train", recipe(root), "--run", str(root / "run")]) == 0
    return root / "run"


def test_the_judgement_has_a_curve_and_a_picture(run, capsys):
    scores = json.loads((run / "scores.json").read_text())
    curve = scores["robustness"]["mass"]
    assert curve["values"][0] == 0.5
    assert curve["values"][-1] == 2.0
    assert len(curve["values"]) == 7
    assert scores["robustness"]["gear.ratio"]["values"] == [1.0, 3.0]
    for points in curve["return"].values():
        assert all(one["low"] <= one["mean"] <= one["high"] for one in points)
    learned = list(curve["return"].values())[-1]
    light, heavy = (abs(learned[k]["mean"]) for k in (0, -1))
    assert light > 2 * heavy, "what it does has four times the effect on a quarter of the mass"
    assert (run / "robustness.png").read_bytes()[:4] == b"\x89PNG"
    assert gpo.main(["train", str(run.parent / "varied.toml"), "--run", str(run)]) == 0
    assert "By what varies (robustness.png): " in capsys.readouterr().out


def test_an_agent_carries_what_varies_and_may_be_asked_at_one_value(run, capsys):
    assert load_agent(run / "agent.safetensors").world["vary"]["mass"]["uniform"] == [0.5, 2.0]
    assert gpo.main(["evaluate", str(run), "--episodes", "2", "--option", "mass=1.5"]) == 0
    assert "mass = 1.5" in capsys.readouterr().out


def test_what_was_drawn_is_recorded_and_played_again(root, drawn):
    dataset = drawn
    found = [episode.options["mass"] for episode in dataset.load_all()]
    assert len(set(found)) == 5
    assert all(0.5 <= mass <= 2 for mass in found)
    assert gpo.main(["demos", "verify", "drawn", "--root", str(root)]) == 0
    assert recorded_options(dataset) == ({}, {}), "what is drawn is no option of all episodes"
    assert options_sentence(dataset, {}) == ""
    world = make_world(CART)
    assert changed_physics(world, dataset) == ""
    assert changed_physics(declare(world, Declared(vary={"mass": [3.0, 4.0]})), dataset) == ""


def test_what_varies_otherwise_is_not_put_beside_it(root, drawn, capsys):
    words = ["demos", "merge", "plain", "drawn", "--into", "both", "--root", str(root)]
    assert gpo.main(words) == 2
    assert "what varies: here nothing, there mass" in capsys.readouterr().err
    drive = ["run", "still", "--world", CART, "--headless", "--seconds", "0.2", "--root", str(root)]
    assert gpo.main([*drive, "--dataset", "drawn"]) == 2
    assert "other parameters vary" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("world", "vary", "said"),
    [
        (CART, "{ mas = [1, 2] }", "has nothing 'mas' to vary"),
        ("gpo/Balance-v0", "{ mass = [1, 2] }", "has nothing 'mass' to vary"),
    ],
)
def test_what_cannot_vary_is_refused_before_a_run_begins(root, world, vary, said, capsys):
    path = recipe(root, vary, world)
    assert gpo.main(["train", path, "--run", str(root / "wrong")]) == 2
    assert said in capsys.readouterr().err
    assert not (root / "wrong").exists()
