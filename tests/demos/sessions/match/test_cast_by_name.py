"""Who is watched: agents, runs and worlds by what was typed, and one sentence where that cannot be."""

import json
import threading
from typing import Any

import pytest
import torch

from agents.files.run_agents import CheckpointGone, run_agents, run_facts
from demos.sessions.match.cast_by_name import cast_for
from environments.files.atomic import to_checked_json
from environments.system.errors import UserError
from tests.demos.support.runs import checkpoint, small_run


@pytest.fixture
def run(tmp_path):
    return small_run(tmp_path / "balance")


def named(cast):
    return [entrant.name for entrant in cast.entrants]


def test_a_run_has_its_clone_checkpoints_and_best_in_that_order_and_begins_with_the_best(run):
    cast = cast_for(str(run))
    assert named(cast) == ["clone", "update 5", "update 10", "best"]
    assert cast.entrants[cast.at].name == "best"
    assert cast.options == {"horizon": 40}
    assert cast.clone is not None


def test_a_run_that_is_not_done_has_the_best_so_far(tmp_path):
    cast = cast_for(str(small_run(tmp_path / "young", done=False)))
    assert named(cast) == ["clone", "update 5", "update 10", "best so far"]


def test_a_live_run_begins_with_the_newest_checkpoint_and_passes_over_a_torn_one(tmp_path):
    run = small_run(tmp_path / "young", done=False)
    cast = cast_for(str(run), live=True)
    assert cast.entrants[cast.at].name == "update 10"
    torn = run / "checkpoints" / "00000015.safetensors"
    torn.write_bytes((run / "checkpoints" / "00000010.safetensors").read_bytes()[:-40])
    newest = cast.newest()
    assert newest is not None
    assert newest.name == "update 10"


def test_a_run_is_found_by_its_name(run, monkeypatch):
    (run.parent / "runs").mkdir()
    run.rename(run.parent / "runs" / "balance")
    monkeypatch.chdir(run.parent)
    assert named(cast_for("balance")) == ["clone", "update 5", "update 10", "best"]


def test_an_agent_file_of_a_run_is_watched_and_the_others_are_at_hand(run):
    cast = cast_for(str(run / "clone.safetensors"))
    assert cast.entrants[cast.at].name == "clone"
    assert len(cast.entrants) == 4


def test_an_agent_file_alone_brings_its_world(run, tmp_path):
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes((run / "agent.safetensors").read_bytes())
    cast = cast_for(str(alone))
    assert (named(cast), cast.world.id) == (["alone"], "gpo/Balance-v0")
    assert cast.clone is None


def test_the_recipe_says_weights_and_limits(tmp_path):
    run = small_run(
        tmp_path / "limited",
        reward={"weights": {"centred": 2.0}},
        costs={"off_centre": {"limit": 7}},
    )
    cast = cast_for(str(run))
    assert cast.limits == {"off_centre": 7.0}
    match = cast.match()
    assert match.batch.weights.tolist() == [0.0, 2.0]
    match.close()


def test_a_checkpoint_that_vanishes_is_gone(run):
    stage = run_agents(run)[1]
    stage.path.unlink()
    with pytest.raises(CheckpointGone, match="update 5"):
        stage.load()


def test_a_checkpoint_plays_its_own_weights(run):
    found = []
    for entrant in cast_for(str(run)).entrants:
        player: Any = entrant.player(0)
        policy = getattr(player, "player", player).policy
        found.append(policy.logits(torch.full((1, 4), 0.5)).tolist())
    assert len({str(row) for row in found}) == 4


@pytest.mark.parametrize(
    ("name", "wishes", "said"),
    [
        ("nowhere/agent.safetensors", {}, "There is no agent at nowhere/agent.safetensors"),
        ("gpo/Kitchn-v0", {}, "did you mean 'gpo/Kitchen-v0'"),
        ("CartPole-v1", {"live": True}, "is no run folder"),
        ("gpo/Balance-v0", {"partner": "random"}, "no seat is left for 'random'"),
        ("gpo/Kitchen-v0", {"partner": "nobody"}, "'nobody' is no player"),
        ("gpo/Kitchen-v0", {"seat": 2}, "has the seats 0 to 1"),
        ("gpo/Kitchen-v0", {"options": {"salt": 1}}, "has no option 'salt'"),
        ("gpo/Kitchen-v0", {"params": {"layuot": "x"}}, "did you mean 'layout'"),
    ],
)
def test_what_cannot_be_is_one_sentence(name, wishes, said):
    with pytest.raises(UserError, match=said):
        cast_for(name, **wishes)


def test_an_agent_of_another_world_is_refused(run):
    path = str(run / "agent.safetensors")
    with pytest.raises(UserError, match="was made for gpo/Balance-v0, not for gpo/Kitchen-v0"):
        cast_for("gpo/Kitchen-v0", partner=path)
    with pytest.raises(UserError, match="was made for gpo/Balance-v0, not for gpo/Kitchen-v0"):
        cast_for("gpo/Kitchen-v0", against=str(run))
    with pytest.raises(UserError, match=r"params\.gravity"):
        cast_for(str(run), params={"gravity": 3.0})


def test_a_folder_that_is_no_run_and_a_run_without_agents_are_said(tmp_path):
    with pytest.raises(UserError, match="is no run"):
        cast_for(str(tmp_path))
    with pytest.raises(UserError, match="There is no run folder and no agent file"):
        cast_for(str(tmp_path / "nothing"))
    (tmp_path / "recipe.json").write_text('{"world": {"id": "gpo/Balance-v0"}}')
    with pytest.raises(UserError, match="has no agent yet"):
        cast_for(str(tmp_path))


WORLD = {"id": "gpo/Balance-v0"}


@pytest.mark.parametrize(
    "told",
    [
        [], 3, {}, {"world": []}, {"world": {"id": None}}, {"world": {**WORLD, "horizon": "9"}},
        {"world": {**WORLD, "horizon": 0}}, {"world": {**WORLD, "horizon": True}},
        {"world": {**WORLD, "params": 7}}, {"world": WORLD, "reward": None},
        {"world": WORLD, "reward": {"weights": {"balanced": "much"}}},
        {"world": WORLD, "costs": {"off_centre": {"limit": None}}},
        {"world": WORLD, "costs": {"off_centre": {"limit": float("inf")}}},
        {"world": WORLD, "costs": [1]},
    ],
)  # fmt: skip
def test_a_recipe_that_makes_no_sense_is_refused_in_a_sentence(tmp_path, told):
    run = small_run(tmp_path / "run")
    (run / "recipe.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match=r"recipe\.json is (no recipe of a run|damaged)"):
        cast_for(str(run))


@pytest.mark.parametrize("text", ["{", "", "\xff", "[" * 100_000, '{"world": 1, "world": 2}'])
def test_a_recipe_that_is_no_json_is_refused_in_a_sentence(tmp_path, text):
    run = small_run(tmp_path / "run")
    (run / "recipe.json").write_text(text)
    with pytest.raises(UserError, match=r"recipe\.json .*: put back a copy of it"):
        cast_for(str(run))


def test_a_sealed_recipe_is_read_and_a_changed_one_is_not(tmp_path):
    run = small_run(tmp_path / "run")
    told = json.loads((run / "recipe.json").read_text())
    (run / "recipe.json").write_bytes(to_checked_json({"format": "gpo-run-1", **told}))
    facts = run_facts(run)
    assert facts is not None
    assert facts.horizon == 40
    changed = (run / "recipe.json").read_bytes().replace(b'"horizon": 40', b'"horizon": 41')
    (run / "recipe.json").write_bytes(changed)
    with pytest.raises(UserError, match="does not match its own checksum: put back a copy"):
        run_facts(run)


def test_a_live_run_gets_its_first_checkpoint_while_it_is_watched(tmp_path):
    run = small_run(tmp_path / "young", done=False)
    for path in (run / "checkpoints").iterdir():
        path.unlink()
    cast = cast_for(str(run), live=True)
    assert named(cast) == ["clone"]
    assert cast.newest() is None
    checkpoint(run, cast.world, 5)
    newest = cast.newest()
    assert newest is not None
    assert newest.update == 5


def test_checkpoints_that_come_and_go_while_they_are_read_are_no_trouble(tmp_path):
    run = small_run(tmp_path / "young", done=False)
    cast, going = cast_for(str(run), live=True), threading.Event()

    def train():
        for update in range(15, 400, 5):
            checkpoint(run, cast.world, update)
            if going.is_set():
                return

    worker = threading.Thread(target=train)
    worker.start()
    found: list[int] = []
    while worker.is_alive() and len(found) < 40:
        newest = cast.newest()
        if newest is not None:  # all that were listed may have gone
            found.append(newest.update or 0)
    going.set()
    worker.join()
    assert len(set(found)) > 1
    assert found == sorted(found)
