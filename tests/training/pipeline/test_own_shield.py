"""A recipe with a shield of one's own, for an environment of other people: from recording to export."""

import json

import numpy as np
import pytest

import gpo
from agents.files.agent_file import load_agent
from agents.lookup import resolve_player
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from environments.catalog import make_batch
from environments.files import trusted_code
from environments.recorded_worlds import described_world
from tests.environments.support.short_training import SHORT, trusted_in

CART = "tests.environments.support.arms:Cart"
HALVE = "tests.environments.support.arms:halve"
RECIPE = """
[world]
id = "{world}"
shield = {shield}
[data]
root = "{root}"
train = "wild"
"""
TABLE = "{ box = { high = 0.25, actions = 0 }, rate = { most = 0.5 } }"


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """What may be run in this folder is kept beside the tests."""
    with trusted_in(tmp_path_factory.mktemp("home")) as path:
        yield path


@pytest.fixture(scope="module")
def root(tmp_path_factory, known):
    """Recordings of a careless player behind a box, in which that stepped in."""
    folder = tmp_path_factory.mktemp("shelf")
    rules = folder / "limits.toml"
    rules.write_text("box = { high = 0.25, actions = 0 }\n")
    words = ["demos", "collect", "wild", CART, "--player", "random", "--episodes", "6"]
    assert gpo.main([*words, "--root", str(folder), "--shield-by", str(rules)]) == 0
    return folder


def trained(root, shield, name):
    path = root / f"{name}.toml"
    path.write_text((RECIPE + SHORT).format(world=CART, root=root, shield=shield))
    assert gpo.main(["train", str(path), "--run", str(root / name)]) == 0
    return root / name


@pytest.fixture(scope="module")
def limited(root):
    return trained(root, TABLE, "limited")


@pytest.fixture(scope="module")
def halved(root):
    return trained(root, f'"{HALVE}"', "halved")


def test_a_recording_keeps_what_was_asked_for_and_what_was_done(root):
    for episode in Store(root).open("wild").load_all():
        asked, done = episode.requested_actions, episode.actions
        assert (asked[:, 0] > 0.25).any()
        assert np.array_equal(done[:, 0], np.minimum(asked[:, 0], np.float32(0.25)))
        assert np.array_equal(done[:, 1], asked[:, 1])
        changed = (asked != done).any(1)
        assert np.array_equal(episode.actors == Actor.SHIELD, changed)
        assert episode.meta["shield"] is True
    assert gpo.main(["demos", "verify", "wild", "--root", str(root)]) == 0


def test_interventions_are_counted_in_training_and_judging(limited):
    rows = [json.loads(line) for line in (limited / "metrics.jsonl").read_text().splitlines()]
    assert max(row["play/shielded"] for row in rows) > 0
    scores = json.loads((limited / "scores.json").read_text())
    assert "behind the shield" in scores["protocol"]
    played = [row for name, row in scores["rows"].items() if name != "recorded play"]
    assert played
    assert all("shielded" in seat for row in played for seat in row["seats"])


def test_an_agent_carries_its_rules_and_is_evaluated_behind_them(limited, capsys):
    agent = load_agent(limited / "agent.safetensors")
    assert agent.shielded
    assert agent.world["shield"]["box"] == [{"actions": [0], "low": [-1.0], "high": [0.25]}]
    assert gpo.main(["evaluate", str(limited), "--episodes", "4"]) == 0
    said = capsys.readouterr().out
    assert "behind the shield" in said
    assert "shielded" in said


def test_it_is_watched_behind_them_too(limited, capsys):
    words = ["watch", str(limited), "--headless", "--games", "1", "--seed", "0"]
    assert gpo.main(words) == 0


def test_the_rules_stand_beside_the_export_and_our_player_obeys_them(limited, tmp_path, capsys):
    path = tmp_path / "cart.onnx"
    assert gpo.main(["export", str(limited), "--to", str(path)]) == 0
    assert "rules stand beside it" in capsys.readouterr().out
    table = json.loads((tmp_path / "cart.shield.json").read_text())
    assert table["format"] == "gpo-shield-1"
    assert table["rules"]["rate"] == [{"actions": [0, 1], "most": [0.5, 0.5], "start": [0.0, 0.0]}]
    assert gpo.main(["evaluate", str(path), "--episodes", "2"]) == 0
    assert "behind the shield" in capsys.readouterr().out
    world = described_world(load_agent(limited / "agent.safetensors").world, "The agent")
    batch = make_batch(world, 1, shield=True)
    player, state = resolve_player(str(path), world), None
    for _ in range(20):
        chosen, state = player.predict(batch.observation[:, 0], state)
        batch.step(chosen[:, None])
        assert batch.actions[0, 0, 0] <= 0.25


def test_an_export_without_a_shield_leaves_none_of_a_former_one(limited, tmp_path):
    from dataclasses import replace

    from agents.export.onnx_export import export_onnx

    beside = tmp_path / "cart.shield.json"
    beside.write_text("{}")
    agent = load_agent(limited / "agent.safetensors")
    export_onnx(replace(agent, facts={**agent.facts, "shield": False}), tmp_path / "cart.onnx")
    assert not beside.exists()


def test_a_function_of_ones_own_is_named_and_played_behind_in_this_folder(
    halved, monkeypatch, tmp_path, capsys
):
    assert load_agent(halved / "agent.safetensors").world["shield"] == {"own": HALVE}
    monkeypatch.setattr(trusted_code, "_typed", set())  # another command, here
    assert gpo.main(["evaluate", str(halved), "--episodes", "2"]) == 0
    assert "behind the shield" in capsys.readouterr().out
    monkeypatch.setattr(trusted_code, "_file", lambda: tmp_path / "nothing.json")
    monkeypatch.setattr(trusted_code, "_typed", {CART})  # somebody else, who knows the cart
    assert gpo.main(["evaluate", str(halved), "--episodes", "2"]) == 2
    assert f"type --trust {HALVE}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("shield", "said"),
    [
        ('"tests.environments.support.arms:nowhere"', "has no 'nowhere'"),
        ("{ bocks = { high = 1 } }", "has no rule 'bocks'"),
        ("{ rate = { most = [1, 2, 3] } }", "has 3 numbers as most"),
        ("true", "has no shield"),
    ],
)
def test_a_shield_that_is_none_is_refused_before_a_run_begins(root, shield, said, capsys):
    path = root / "wrong.toml"
    path.write_text((RECIPE + SHORT).format(world=CART, root=root, shield=shield))
    assert gpo.main(["train", str(path), "--run", str(root / "wrong")]) == 2
    assert said in capsys.readouterr().err
    assert not (root / "wrong").exists()
