"""The page on writing worlds: its code runs as it stands, and what it says of its world holds."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import gpo
from agents.experts import registry
from environments.catalog import WORLDS, make_batch, make_world
from environments.simulation.picture import picture
from tests.environments.worlds import test_contracts
from training.run.recipe import read_recipe

PAGE = (Path(__file__).parents[1] / "docs" / "worlds.md").read_text(encoding="utf-8")
CODE = {
    name: text for text, name in re.findall(r"```(?:python|toml)\n(# (\S+)\n.*?)```", PAGE, re.S)
}
DOCK = "gpo/Dock-v0"
SMALL = ["--world.horizon", "80", "--refine.steps", "1600", "--refine.games", "4",
         "--refine.rollout.steps", "40",
         "--refine.batch_size", "80", "--refine.judge.games", "4", "--evaluate.games", "4"]  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page's files in a folder, its world and its script where the page says they belong."""
    folder = tmp_path_factory.mktemp("page")
    for name, text in CODE.items():
        (folder / Path(name).name.replace("dock.py", f"{Path(name).parts[0]}_dock.py")).write_text(
            text
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setitem(WORLDS, DOCK, "environments_dock")
        script = importlib.import_module("agents_dock")
        expert = {"skipper": lambda world, seed: script.Skipper(seed=seed)}
        patch.setitem(registry.EXPERTS, DOCK, expert)
        patch.chdir(folder)
        yield folder
    for name in ("environments_dock", "agents_dock"):
        sys.modules.pop(name, None)


def test_the_page_has_the_files_that_it_names():
    assert set(CODE) == {
        "environments/worlds/dock.py",
        "agents/experts/dock.py",
        "speed.py",
        "dock.toml",
        "terms.py",
    }
    world = CODE["environments/worlds/dock.py"].splitlines()
    assert len(world) < 150
    before_drawing = next(k for k, line in enumerate(world) if line.startswith("def draw"))
    assert before_drawing < 125


def test_its_lines_of_registration_are_those_of_the_house(page):
    assert f'"{DOCK}": "environments.worlds.dock",' in PAGE
    assert '"gpo/Dock-v0": {"skipper": lambda world, seed: Skipper(seed=seed)},' in PAGE


@pytest.mark.parametrize(
    "contract",
    [
        test_contracts.test_a_game_does_not_depend_on_the_batch_around_it,
        test_contracts.test_the_same_seed_begins_the_same_episodes_again,
        test_contracts.test_a_state_alone_replays,
        test_contracts.test_the_time_limit_truncates_and_does_not_terminate,
    ],
    ids=lambda contract: contract.__name__,
)
def test_its_world_keeps_the_contracts(page, contract):
    contract(DOCK)


def test_its_potential_pays_as_much_as_it_takes(page):
    batch = make_batch(DOCK, 32, seed=3, restart=False)
    begun = -np.abs(batch.state["mark"] - batch.state["x"])
    way, rng = np.zeros(32), np.random.default_rng(0)
    for _ in range(400):
        batch.step(rng.integers(3, size=(32, 1)))
        way += batch.terms[:, 0, list(batch.world.terms).index("way")]
    gained = -np.abs(batch.state["mark"] - batch.state["x"]) - begun
    assert np.allclose(way, gained, atol=1e-3)


def test_a_boat_that_waits_beside_the_mark_is_paid_for_near_alone(page):
    batch = make_batch(DOCK, 1)
    batch.state["x"], batch.state["mark"] = 9.0, 10.0
    terms = np.zeros(3)
    for _ in range(100):
        batch.step(np.array([[1]]))
        terms += batch.terms[0, 0]
    assert dict(zip(batch.world.terms, terms, strict=True)) == pytest.approx(
        {"docked": 0, "way": 0, "near": 90}, abs=1e-3
    )


def test_it_is_drawn(page):
    batch = make_batch(DOCK, 1)
    first = picture(batch.world, batch.state[0])
    batch.state["x"] += 3.0
    assert (picture(batch.world, batch.state[0]) != first).any()


def test_its_script_is_better_than_chance_as_the_page_says(page, capsys):
    scores = {}
    for who in ("skipper", "random"):
        words = ["evaluate", who, "--world", DOCK, "--episodes", "50"]
        assert gpo.main(words) == 0
        scores[who] = float(re.findall(r"docked\s+([\d.]+)", capsys.readouterr().out)[0])
    assert scores["skipper"] == pytest.approx(6.0, abs=0.1)  # "It docks 6.0 times"
    assert scores["random"] < 1


@pytest.mark.slow
def test_its_commands_run_in_a_small_way(page, capsys):
    collect = ["demos", "collect", "dock-scripted", DOCK, "--player", "skipper", "--episodes", "40"]
    assert " ".join(["gpo", *collect]) in PAGE
    assert gpo.main(collect) == 0
    assert gpo.main(["demos", "verify", "dock-scripted"]) == 0
    assert "40 play again as recorded" in capsys.readouterr().out
    assert gpo.main(["train", "dock.toml", "--run", "runs/dock", *SMALL]) == 0
    for run, words in re.findall(r"gpo train dock.toml --run runs/(\w+) (.+)", PAGE):
        assert gpo.main(["train", "dock.toml", "--run", f"runs/{run}", *words.split(), *SMALL]) == 0
    capsys.readouterr()
    exec(compile(CODE["terms.py"], "terms.py", "exec"), {})
    told = capsys.readouterr().out
    for run in ("dock", "none", "near", "waves"):
        assert re.search(rf"^{run} +update +0 +paid .*'docked'.*'waves'", told, re.M)
    log = EventAccumulator("runs/dock/tensorboard")
    log.Reload()
    tags = {"play/docked", "play/way", "play/waves", "multiplier/waves"}
    assert tags <= set(log.Tags()["scalars"])
    exec(compile(CODE["speed.py"].replace("2000", "20"), "speed.py", "exec"), {})
    assert "steps a second" in capsys.readouterr().out


def test_its_recipe_says_what_the_page_says(page):
    recipe = read_recipe("dock.toml")
    assert make_world(recipe.world.id).potentials == ("way",)
    assert recipe.reward.weights == {"docked": 1.0, "way": 0.1}
    assert recipe.costs["waves"].limit == 20
