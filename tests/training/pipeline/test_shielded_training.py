"""A recipe with `shield = true`: who plays behind it, what is counted, and what is cloned."""

import json
from typing import Any

import numpy as np
import pytest

import gpo
from agents.files.agent_file import load_agent
from demos.collect.command import collect_command
from demos.collect.options import CollectOptions
from demos.data.dataset.store import Store
from demos.data.episodes.episode import Actor
from environments.catalog import make_batch
from environments.shields.shield import ShieldedBatch
from training.imitation.corrected_steps import as_asked, asked_by, people_only
from training.pipeline.clone_stage import steps_of
from training.run.recipe import check_recipe, read_recipe

RECIPE = """
[world]
id = "gpo/Courier-v0"
horizon = 120
shield = true
[data]
root = "{root}"
train = "wild"
[costs.collision]
limit = 0.3
[clone]
hidden = [16]
dropout = 0.0
epochs = 2
[refine]
steps = 1600
games = 8
rollout = 50
batch_size = 200
epochs = 1
warm_up = 1
judge_every = 2
judge_games = 8
[evaluate]
games = 8
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run behind the shield, and every batch that was made for it."""
    root = tmp_path_factory.mktemp("shelf")
    collect_command(
        CollectOptions(
            "wild", "gpo/Courier-v0", "random", root=root, episodes=6, horizon=120, shield=True
        )
    )
    path = root / "safe.toml"
    path.write_text(RECIPE.format(root=root))
    assert gpo.main(["train", str(path), "--run", str(root / "run")]) == 0
    return root / "run"


def test_refining_and_both_judgements_play_behind_it(trained, monkeypatch):
    rows = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert all(row["play/shielded"] >= 0 for row in rows)
    assert all(row["play/collision"] == 0 for row in rows)
    scores = json.loads((trained / "scores.json").read_text())
    assert "behind the shield" in scores["protocol"]
    for who in {"clone", "refined"} & set(scores["rows"]):
        (seat,) = scores["rows"][who]["seats"]
        assert seat["shielded"]["mean"] >= 0
        assert seat["collision"]["mean"] == 0
        assert seat["collision"]["high"] > 0, "what was never seen in a few games may yet happen"
    assert max(row["play/shielded"] for row in rows) > 0


def test_the_batches_of_a_run_have_the_shield(tmp_path, trained, monkeypatch):
    made: list[Any] = []

    def noted(*given, **keywords):
        batch = plain(*given, **keywords)
        made.append(batch)
        return batch

    plain = make_batch
    for place in (
        "training.pipeline.refine_stage",
        "training.pipeline.refine_loop",
        "training.evaluation.protocol",
    ):
        monkeypatch.setattr(f"{place}.make_batch", noted)
    path = trained.parent / "safe.toml"
    small = ["--refine.steps", "400", "--evaluate.games", "2", "--refine.judge.games", "2"]
    assert gpo.main(["train", str(path), "--run", str(tmp_path / "run"), *small]) == 0
    assert len(made) >= 4  # the clone's games, refining, evaluations, the last judgement
    assert all(isinstance(batch, ShieldedBatch) for batch in made)


def test_the_last_table_tells_how_often_it_stepped_in(trained, capsys):
    assert gpo.main(["train", str(trained.parent / "safe.toml"), "--run", str(trained)]) == 0
    assert "shield acted" in capsys.readouterr().out


def test_costs_are_printed_beside_their_limits(trained, capsys):
    assert gpo.main(["train", str(trained.parent / "safe.toml"), "--run", str(trained)]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "collision" in line)
    assert line.split()[-1] in ("within", "over")


def test_the_agents_carry_it_and_are_judged_with_it(trained, capsys):
    for name in ("clone", "agent"):
        assert load_agent(trained / f"{name}.safetensors").shielded
    agent = str(trained / "agent.safetensors")
    assert gpo.main(["evaluate", agent, "--episodes", "4", "--horizon", "60"]) == 0
    said = capsys.readouterr().out
    assert "behind the shield" in said
    assert "shielded" in said


def test_a_world_without_one_is_refused_before_a_run_begins(tmp_path, capsys):
    path = tmp_path / "pole.toml"
    path.write_text(RECIPE.replace("Courier", "Balance").format(root=tmp_path))
    assert gpo.main(["train", str(path), "--run", str(tmp_path / "run")]) == 2
    assert "has no shield" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_recipe_without_one_is_the_same_recipe_as_before():
    plain: Any = {"world": {"id": "gpo/Balance-v0"}, "data": {"train": "x"}}
    assert "shield" not in check_recipe(plain, "here").model_dump(mode="json")["world"]
    plain["world"]["shield"] = True
    assert check_recipe(plain, "here").model_dump(mode="json")["world"]["shield"] is True


def test_a_step_of_the_shield_belongs_to_who_asked():
    human, agent, shield = Actor.HUMAN, Actor.AGENT, Actor.SHIELD
    first = [
        shield,
        human,
        shield,
        agent,
        shield,
        shield,
        human,
    ]  # it begins with what the next asked for
    actors = np.array([*first, shield, shield, agent, shield], np.uint8)
    found = asked_by(actors, np.array([0, 7, 9, 11]))
    assert found.tolist() == [
        *[human, human, human, agent, agent, agent, human],
        *[shield, shield],
        *[agent, agent],
    ]


def test_behind_the_shield_requests_are_cloned_and_without_it_what_was_done(trained):
    dataset = Store(trained.parent).open("wild")
    arrays, asked = dataset.arrays(), as_asked(dataset, dataset.arrays())
    shielded = arrays.actors == Actor.SHIELD
    assert shielded.any()
    requested = np.concatenate([episode.requested_actions for episode in dataset.load_all()])
    assert np.array_equal(asked.actions, requested)
    assert np.array_equal((asked.actions != arrays.actions).any(1), shielded)
    recipe = read_recipe(str(trained.parent / "safe.toml"))
    bare = read_recipe(str(trained.parent / "safe.toml"), ["world.shield=false"])
    assert np.array_equal(steps_of(recipe, dataset).actions, requested)
    assert np.array_equal(steps_of(bare, dataset).actions, arrays.actions)


def test_people_are_cloned_with_the_steps_in_which_the_shield_stepped_in(arrays_of):
    mixed = arrays_of([Actor.HUMAN, Actor.SHIELD, Actor.HUMAN])
    assert people_only(mixed) is None  # all of it is theirs
    coached = arrays_of([Actor.AGENT, Actor.SHIELD, Actor.HUMAN, Actor.SHIELD])
    rows = people_only(coached)
    assert rows is not None
    assert rows.tolist() == [False, False, True, True]
    assert people_only(arrays_of([Actor.AGENT, Actor.SHIELD])) is None


@pytest.fixture
def arrays_of():
    """Makes recordings of one episode from who acted."""
    from tests.training.support.toys import toy_arrays

    def made(actors):
        steps = len(actors)
        arrays = toy_arrays(np.zeros(steps, int), np.zeros((steps, 4)), steps)
        arrays.actors[:] = actors
        return arrays

    return made
