"""From recordings to a judged agent through the command line, in an environment of other people."""

import json

import numpy as np
import pytest

import gpo
from agents.evaluation.games import play_games
from agents.files.agent_file import load_agent
from agents.players.player import RandomPlayer
from environments.catalog import make_batch, make_world
from tests.training.support.toys import Leaning, record

FOREIGN = "CartPole-v1"
RECIPE = """
[world]
id = "{world}"
horizon = 60
{world_params}
[data]
root = "{root}"
train = "leaning"
[clone]
hidden = [16]
dropout = 0.0
epochs = 12
batch_size = 64
learning_rate = 0.01
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
games = 10
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Recordings of a fair hand at a foreign environment, and at our own of the same physics."""
    root = tmp_path_factory.mktemp("shelf")
    record(root, "leaning", make_world(FOREIGN), Leaning(careless=0.1), 10, 60)
    record(root, "ours", make_world("gpo/Balance-v0"), Leaning(careless=0.1), 3, 30)
    return root


@pytest.fixture
def recipe(tmp_path, shelf):
    """The path of a small recipe for them."""
    path = tmp_path / "pole.toml"
    path.write_text(RECIPE.format(world=FOREIGN, root=shelf, world_params=""))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory, shelf):
    """A run folder that `gpo train` has filled."""
    folder = tmp_path_factory.mktemp("trained")
    path = folder / "pole.toml"
    path.write_text(RECIPE.format(world=FOREIGN, root=shelf, world_params=""))
    assert gpo.main(["train", str(path), "--run", str(folder / "run")]) == 0
    return path, folder / "run"


def scores(run):
    return json.loads((run / "scores.json").read_text())["rows"]


# ------------------------------------------------------------------ all goes well


def test_the_clone_of_a_fair_hand_is_far_better_than_chance(trained):
    rows = scores(trained[1])
    world = make_world(FOREIGN)
    games = make_batch(world, 40, options={"horizon": 60})
    chance = play_games(games, [RandomPlayer(world.action_space)]).returns.mean()
    assert rows["clone"]["seats"][0]["return"]["mean"] > 2 * chance
    assert rows.get("refined", rows["clone"])["seats"][0]["return"]["mean"] > 2 * chance


def test_the_run_folder_holds_what_it_promises(trained):
    _, run = trained
    names = {path.name for path in run.iterdir()}
    promised = {
        "recipe.json",
        "plan.json",
        "machine.json",
        "clone.safetensors",
        "cloning.json",
        "beginning.json",
        "fresh.safetensors",
        "engine.json",
        "checkpoints",
        "metrics.jsonl",
        "milestones",
        "tensorboard",
        "agent.safetensors",
        "scores.json",
        "curve.png",
    }
    assert promised <= names
    assert names - promised <= {".lock"}


def test_the_agents_know_where_they_come_from(trained):
    _, run = trained
    clone, agent = (load_agent(run / f"{name}.safetensors") for name in ("clone", "agent"))
    clone.require_world(make_world(FOREIGN))
    agent.require_world(make_world(FOREIGN))
    assert clone.facts["role"] == "clone"
    assert clone.facts["dataset"] == "leaning"
    assert agent.facts["verdict"].endswith(".")
    assert clone.facts["recipe"] == agent.facts["recipe"]


@pytest.mark.parametrize("name", ["clone", "agent"])
def test_what_was_trained_can_be_evaluated(trained, capsys, name):
    _, run = trained
    agent = str(run / f"{name}.safetensors")
    assert gpo.main(["evaluate", agent, "--episodes", "5", "--horizon", "30"]) == 0
    said = capsys.readouterr().out
    assert "5 games a seat, 30 steps, sampled actions" in said
    assert "30.0" in said, "it should keep the pole up for all of 30 steps"


def test_repeating_the_command_repeats_nothing(trained, capsys):
    path, run = trained
    before = {p: p.stat().st_mtime_ns for p in run.rglob("*.safetensors")}
    assert gpo.main(["train", str(path), "--run", str(run)]) == 0
    assert {p: p.stat().st_mtime_ns for p in run.rglob("*.safetensors")} == before
    assert "Everything is in" in capsys.readouterr().out


def test_an_agent_of_an_environment_with_parameters_is_evaluated_with_them(tmp_path, capsys):
    world = make_world(FOREIGN, sutton_barto_reward=True)
    record(tmp_path, "leaning", world, Leaning(), 3, 30)
    path = tmp_path / "pole.toml"
    params = "params = { sutton_barto_reward = true }"
    path.write_text(RECIPE.format(world=FOREIGN, root=tmp_path, world_params=params))
    overrides = ["--refine.steps", "0", "--clone.epochs", "1", "--evaluate.games", "2"]
    assert gpo.main(["train", str(path), "--run", str(tmp_path / "run"), *overrides]) == 0
    agent = str(tmp_path / "run" / "agent.safetensors")
    assert gpo.main(["evaluate", agent, "--episodes", "3", "--horizon", "200"]) == 0
    assert "-1.00 [-1.00, -1.00]" in capsys.readouterr().out, (
        "a fallen pole is paid -1 by that rule"
    )


# ------------------------------------------------------------------ mistakes


def refusal(capsys, *arguments):
    """The one sentence with which a mistake ends."""
    assert gpo.main([str(word) for word in arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("gpo: ")
    assert said.err.count("\n") == 1, said.err
    return said.err


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--data.train", "leanin"], "did you mean leaning?"),
        (["--data.train", "ours"], "was made for gpo/Balance-v0, not for CartPole-v1"),
        (["--world.id", "CartPol-v1"], "CartPol-v1"),
        (["--world.id", "gpo/Balanc-v0"], "did you mean 'gpo/Balance-v0'"),
        (["--world.id", "gpo/Kitchen-v0", "--world.params.layout", "cramped_rom"], "cramped_room"),
        (["--world.params.gravty", "3"], "gravty"),
        (["--refine.steps", "-1"], "refine.steps = -1"),
        (["--refine.stesp", "1"], "did you mean 'steps'"),
        (["--reward.weights.retrun", "1"], "did you mean 'return'"),
        (["--clone.action_weights.left", "1"], "'left', which is no action"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(recipe, capsys, changes, said):
    run = recipe.parent / "run"
    assert said in refusal(capsys, "train", recipe, "--run", run, *changes)
    assert not run.exists(), "nothing may be left half-written"


def test_one_recording_is_too_few(tmp_path, recipe, capsys):
    record(tmp_path, "single", make_world(FOREIGN), Leaning(), 1, 30)
    changes = ["--data.root", tmp_path, "--data.train", "single"]
    run = tmp_path / "run"
    said = refusal(capsys, "train", recipe, "--run", run, *changes)
    assert "record at least two" in said
    assert not run.exists()


def test_an_agent_of_another_world_is_refused(trained, capsys):
    agent = trained[1] / "agent.safetensors"
    said = refusal(capsys, "evaluate", agent, "--world", "gpo/Balance-v0")
    assert "was made for CartPole-v1, not for gpo/Balance-v0" in said


def test_a_partner_made_for_another_world_is_refused(trained, recipe, capsys):
    partner = trained[1] / "agent.safetensors"
    run = recipe.parent / "run"
    changes = ["--world.id", "gpo/Balance-v0", "--data.train", "ours", "--partner.player", partner]
    assert "not for gpo/Balance-v0" in refusal(capsys, "train", recipe, "--run", run, *changes)
    assert not run.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody.safetensors"], "There is no agent at nobody.safetensors"),
        (["somebody"], "'somebody' is no player"),
        (["somebody", "--world", FOREIGN], "'somebody' is no player"),
        (["random"], "--world"),
        (["random", "--world", FOREIGN, "--seat", "1"], "no seat 1"),
        (["random", "--world", "gpo/Kitchn-v0"], "did you mean 'gpo/Kitchen-v0'"),
    ],
)
def test_a_mistake_in_evaluating_is_one_sentence(capsys, arguments, said):
    assert said in refusal(capsys, "evaluate", *arguments)


def test_a_damaged_agent_is_refused(tmp_path, trained, capsys):
    content = bytearray((trained[1] / "agent.safetensors").read_bytes())
    content[-1] ^= 1
    path = tmp_path / "agent.safetensors"
    path.write_bytes(content)
    assert "damaged" in refusal(capsys, "evaluate", path)


def test_a_random_partner_is_the_same_for_the_same_seed(capsys):
    command = ["evaluate", "random", "--world", "gpo/Kitchen-v0", "--episodes", "3"]
    said = []
    for _ in range(3):  # the first may say that the world is being compiled
        assert gpo.main([*command, "--horizon", "40"]) == 0
        said.append(capsys.readouterr().out)
    assert said[1] == said[2]
    assert np.char.count(said[1], "[") >= 2
