"""PPO from nothing needs no recordings and clones nobody; with recordings it takes their scales alone."""

import json
from typing import Any

import numpy as np
import pytest

from agents.files.agent_file import load_agent
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.training.support.toys import Leaning, record
from training.api import train
from training.ppo.fresh import fresh_policy
from training.run.recipe import check_recipe

SMALL = {"net_arch": {"pi": [8], "vf": [8]}, "n_costs": 0}
POLE = {
    "world": {"id": "gpo/Balance-v0", "horizon": 60},
    "clone": {"hidden": [8]},
    "refine": {"start": "nothing", "steps": 1_600, "judge": {"games": 4}, "precision": "float32"},
    "evaluate": {"games": 4},
}


def test_no_recordings_are_needed(tmp_path):
    found = train(POLE, tmp_path / "run")
    assert set(found.scores.rows) >= {"fresh", "refined"}
    assert not any("recorded" in name or "clone" in name for name in found.scores.rows)
    assert not (tmp_path / "run" / "clone.safetensors").exists()
    assert "begun from nothing" in str(found.verdict)
    assert "a fresh network's" in str(found.verdict)
    assert "clone" not in str(found.verdict)
    assert found.agent is not None
    assert load_agent(found.agent).facts["role"] == "refined"
    assert train(POLE, tmp_path / "run").scores == found.scores, "and it goes on as any run"


def test_recordings_give_their_scales_and_stand_beside_it(tmp_path):
    data = record(tmp_path, "hand", make_world("gpo/Balance-v0"), Leaning(), 3, 40)
    recipe = {**POLE, "data": {"train": "hand", "root": str(tmp_path)}}
    found = train(recipe, tmp_path / "run")
    assert "recorded play" in found.scores.rows
    fresh: Any = load_agent(tmp_path / "run" / "fresh.safetensors").policy
    seen = data.arrays().observations
    away = np.abs(fresh.features_extractor.mean.numpy() - seen.mean(0))
    assert (away < 4 * seen.std(0) + 0.1).all()
    assert not (tmp_path / "run" / "cloning.json").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"refine": {"steps": 100}}, 'begin from nothing, with refine.start = "nothing"'),
        (
            {"world": {"id": "gpo/Kitchen-v0", "params": {"layout": "cramped_room"}}},
            "the other seats are played by clones",
        ),
    ],
)
def test_who_needs_recordings_is_told_so(changes, said, tmp_path):
    with pytest.raises(UserError, match=said):
        train({**POLE, **changes}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_recipe_without_data_is_told_as_one():
    told = check_recipe(json.loads(json.dumps(POLE)), "r.toml").model_dump(mode="json")
    assert told["data"]["train"] is None


def test_a_fresh_network_sees_in_units_of_what_there_is_to_see():
    world = make_world("gpo/Balance-v0")
    fresh: Any = fresh_policy(world, SMALL, 3)
    again: Any = fresh_policy(world, SMALL, 3)
    assert all((a == b).all() for a, b in zip(fresh.parameters(), again.parameters(), strict=True))
    scale = fresh.features_extractor.scale.numpy()
    assert (scale != 1).all()
    assert np.isfinite(scale).all()
