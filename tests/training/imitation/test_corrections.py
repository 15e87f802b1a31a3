"""Rounds of corrections: from coached games to the next agent, and what they say."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import gpo
from agents.evaluation.statistics import bootstrap_mean
from agents.files.agent_file import load_agent, save_agent
from agents.players.from_agent import make_player
from demos.sessions.play.options import PlayOptions
from environments.catalog import make_world
from tests.demos.support.plays import PlaySession
from tests.training.pipeline.test_train import refusal
from tests.training.support.toys import Leaning, record
from training.evaluation.paired_changes import changes
from training.evaluation.protocol import Protocol, evaluate
from training.gate.judge import judged_totals
from training.run.recipe import read_recipe

POLE = make_world("gpo/Balance-v0")
RECIPE = """
[world]
id = "gpo/Balance-v0"
horizon = 200
[data]
root = "{root}"
train = "careless"
[clone]
hidden = [32]
dropout = 0.0
epochs = 8
batch_size = 64
scale_floor = 0.25
learning_rate = 0.003
[refine]
steps = 0
games = 4
rollout = 50
batch_size = 100
judge_games = 8
[evaluate]
games = 20
[corrections]
games = 100
"""


def lean_of(seen):
    """Which way to push, and how urgently: where the pole falls, and back to the middle."""
    return seen[..., 2] + 0.25 * seen[..., 3] + 0.08 * seen[..., 0] + 0.12 * seen[..., 1]


class Careless(Leaning):
    """Knows that too, and half the time pushes anywhere."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        right = lean_of(observation) > 0
        anywhere = self._random.integers(2, size=len(right))
        loose = self._random.random(len(right)) < self.careless
        return np.where(loose, anywhere, right).astype(np.int64), None


def corrector(seen):
    """The key of somebody who catches the pole where it leans, and else lets the agent drive."""
    lean = lean_of(seen)
    return None if abs(lean) < 0.02 else ("right" if lean > 0 else "left")


def saboteur(seen):
    """The other key."""
    key = corrector(seen)
    return {"right": "left", "left": "right", None: None}[key]


def coach(root, run, seed, keys=corrector, games=8):
    asked = {"coach": True, "dataset": "fixes", "seed": seed, "settle": 0.04}
    assert PlayOptions(str(run), **asked).coach
    with PlaySession(root, run, **asked) as session:
        session.correct(games, keys)
        session.recorder.end(session.clock.now())


class Shelf:
    """A weak clone of a careless hand, and its recipe."""

    def __init__(self, folder: Path) -> None:
        self.root, self.run, self.recipe = (
            folder / "datasets",
            folder / "pole",
            folder / "pole.toml",
        )
        record(self.root, "careless", POLE, Careless(careless=0.5), 10, 200)
        self.recipe.write_text(RECIPE.format(root=self.root))
        assert self.train() == 0

    def train(self, *words):
        return gpo.main(["train", str(self.recipe), "--run", str(self.run), *words])

    def correct(self, *words):
        return self.train("--corrections", "fixes", *words)

    def round(self, number):
        return self.run.with_name(f"pole-corrected-{number}")

    def told(self, number):
        return json.loads((self.round(number) / "corrections.json").read_text())


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def test_a_round_says_what_changed_and_repeating_it_repeats_nothing(shelf, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    coach(shelf.root, shelf.run, 0)
    capsys.readouterr()
    assert shelf.correct() == 0
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "corrected steps, each counting as",
        "log-likelihood: corrected, learned from",
        "agreement: corrected, held back",
        "log-likelihood: recorded, held back",
        "balanced per game",
        "The corrected agent is handed on",
    ):
        assert words in said, words
    told = shelf.told(1)
    lessons = told["changes"]["corrected, learned from"]
    assert lessons["log-likelihood"]["low"] > 0
    assert lessons["agreement"]["low"] > 0
    star = told["play"]["rows"]["balanced"]
    assert star["low"] > 0
    clone, agent = (
        load_agent(shelf.round(1) / f"{name}.safetensors") for name in ("clone", "agent")
    )
    assert agent.facts["from"] == load_agent(shelf.run / "agent.safetensors").sha256
    assert agent.facts["corrections"] == "fixes"
    assert clone.policy.tensors().keys() == agent.policy.tensors().keys()
    before = {p: p.stat().st_mtime_ns for p in shelf.round(1).rglob("*.safetensors")}
    assert shelf.correct() == 0
    assert {p: p.stat().st_mtime_ns for p in shelf.round(1).rglob("*.safetensors")} == before
    assert not shelf.round(2).exists()


def test_new_corrections_begin_the_next_round_from_the_last(shelf):
    coach(shelf.root, shelf.run, 0, games=4)
    shelf.correct()
    coach(shelf.root, shelf.round(1), 50, games=4)
    shelf.correct()
    assert shelf.told(2)["start"] == str(shelf.round(1) / "agent.safetensors")
    assert shelf.told(2)["data"] != shelf.told(1)["data"]
    # a round that was cut short before it learned anything is gone on with
    (shelf.round(2) / "clone.safetensors").unlink()
    (shelf.round(2) / "agent.safetensors").unlink()
    shelf.correct()
    assert (shelf.round(2) / "agent.safetensors").is_file()
    assert not shelf.round(3).exists()


@pytest.mark.parametrize("unfinished", [False, True])
def test_what_a_round_says_is_made_again_if_it_was_damaged(shelf, capsys, unfinished):
    coach(shelf.root, shelf.run, 0, games=4)
    shelf.correct()
    path = shelf.round(1) / "corrections.json"
    whole = {p.name: p.read_bytes() for p in (path, shelf.round(1) / "agent.safetensors")}
    path.write_bytes(whole[path.name].replace(b'"data": "', b'"data": "0'))
    if unfinished:
        (shelf.round(1) / "clone.safetensors").unlink()
    capsys.readouterr()
    assert shelf.correct() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "corrections.json is damaged: its content does not match" in said
    assert "set aside as corrections.json.damaged-1; it is made again." in said
    assert {name: (shelf.round(1) / name).read_bytes() for name in whole} == whole
    assert not shelf.round(2).exists()


def test_an_agent_that_plays_worse_is_not_handed_on(shelf, capsys):
    coach(shelf.root, shelf.run, 0, saboteur)
    capsys.readouterr()
    shelf.correct("--corrections.weight", "20")
    assert "plays worse" in capsys.readouterr().out
    first, handed = (
        load_agent(p / "agent.safetensors").policy for p in (shelf.run, shelf.round(1))
    )
    before, after = first.tensors(), handed.tensors()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_refined_agent_keeps_its_own_steps_instead_of_the_recordings(shelf, capsys):
    path = shelf.run / "agent.safetensors"
    agent = load_agent(path)
    save_agent(path, agent.policy, POLE, {**agent.facts, "role": "refined"})
    coach(shelf.root, shelf.run, 0)
    capsys.readouterr()
    shelf.correct()
    assert "trusted ones" in capsys.readouterr().out


def test_it_can_be_refined_from_there(shelf, capsys):
    coach(shelf.root, shelf.run, 0, games=4)
    words = ["--corrections.refine", "true", "--refine.steps", "400", "--refine.judge.every", "1"]
    shelf.correct(*words)
    assert (shelf.round(1) / "checkpoints").is_dir()
    assert (shelf.round(1) / "agent.safetensors").is_file()


@pytest.mark.parametrize(
    ("keys", "words", "said"),
    [
        (None, ["--corrections", "fixs"], "There is no dataset fixs"),
        (lambda seen: None, ["--corrections", "fixes"], "Nobody took over in dataset fixes"),
        (
            corrector,
            ["--corrections", "fixes", "--run", "nowhere"],
            "There is no agent at nowhere/agent.safetensors to correct",
        ),
        (
            corrector,
            ["--corrections", "fixes", "--corrections.shar", "0.3"],
            "did you mean 'share'?",
        ),
        (None, ["--corrections", "ours"], "was made for CartPole-v1, not for gpo/Balance-v0"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing_behind(shelf, capsys, keys, words, said):
    if keys is not None:
        coach(shelf.root, shelf.run, 0, keys, games=1)
    record(shelf.root, "ours", make_world("CartPole-v1"), Leaning(), 2, 10)
    capsys.readouterr()
    assert said in refusal(capsys, "train", shelf.recipe, "--run", shelf.run, *words)
    assert not shelf.round(1).exists()


def test_a_recipe_without_corrections_is_told_as_before(tmp_path):
    path = tmp_path / "pole.toml"
    path.write_text(RECIPE.format(root="datasets").split("[corrections]")[0])
    told = read_recipe(str(path)).model_dump(mode="json")
    assert "corrections" not in told
    assert "corrections" not in told["data"]
    told = read_recipe(str(path), ["data.corrections=fixes"]).model_dump(mode="json")
    assert told["data"]["corrections"] == "fixes"
    assert told["corrections"]["share"] == 0.5


def played(run):
    """The north star and the cost of an agent in 100 games, always on the same seeds."""
    agent = load_agent(run / "agent.safetensors")
    protocol = Protocol(100, 200, seed=3_000_000)
    games = evaluate(POLE, lambda seed: make_player(agent, POLE, seed), None, protocol)
    return judged_totals(games, "balanced"), judged_totals(games, "off_centre")


@pytest.mark.slow
def test_three_rounds_raise_a_weak_clone_by_more_than_half_and_lose_nothing_elsewhere(shelf):
    """From what a careless hand did, corrected by a careful one of the same school."""
    words = ["--corrections.epochs", "60", "--corrections.learning_rate", "0.003"]
    for number, run in enumerate((shelf.run, shelf.round(1), shelf.round(2)), 1):
        coach(shelf.root, run, 100 * number, games=12)
        assert shelf.correct(*words) == 0
    (star, cost), (after, cost_after) = played(shelf.run), played(shelf.round(3))
    assert bootstrap_mean(after - 1.5 * star).low > 0
    assert bootstrap_mean(cost_after - cost).low <= 0, "no more is spent off the centre"
    elsewhere = record(shelf.root, "more", POLE, Careless(careless=0.5, seed=9), 20, 200).arrays()
    first, last = (load_agent(p / "agent.safetensors").policy for p in (shelf.run, shelf.round(3)))
    rows = np.arange(len(elsewhere.actions))
    agreement = changes(first, last, elsewhere, rows, elsewhere.episode)["agreement"]
    assert agreement.high is not None
    assert agreement.high >= 0, "what that hand does elsewhere is as likely"
