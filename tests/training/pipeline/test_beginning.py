"""Recordings of play that was no better than chance do not keep PPO from learning."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from environments.catalog import make_world
from tests.training.support.toys import Leaning, record
from training.api import train
from training.run.reporter import SilentReporter

POLE: dict[str, Any] = {
    "world": {"id": "gpo/Balance-v0", "horizon": 100},
    "clone": {"hidden": [16], "epochs": 3},
    "refine": {"steps": 4_000, "judge": {"games": 8}, "precision": "float32"},
    "evaluate": {"games": 8},
}


class Constant:
    """Always pushes to the right."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.ones(len(observation), np.int64), None


@dataclass
class Told(SilentReporter):
    """Remembers what is said."""

    def __post_init__(self):
        self.said: list[str] = []

    def say(self, sentence):
        self.said.append(sentence)


def trained(tmp_path, player, **changes):
    record(tmp_path, "hand", make_world("gpo/Balance-v0"), player, 6, 100)
    recipe = {**POLE, "data": {"train": "hand", "root": str(tmp_path)}}
    recipe["refine"] = {**POLE["refine"], **changes}
    told = Told()
    found = train(recipe, tmp_path / "run", reporter=told)
    path = tmp_path / "run" / "beginning.json"
    begun = json.loads(path.read_text())["start"] if path.exists() else None
    return begun, " ".join(told.said), found


@pytest.mark.parametrize("player", [Constant(), Leaning(careless=1.0)], ids=["constant", "random"])
def test_play_that_says_nothing_is_no_beginning(player, tmp_path):
    begun, said, found = trained(tmp_path, player)
    assert begun == "nothing"
    assert "Refining begins from nothing, for" in said
    assert "clone" in found.scores.rows
    assert (tmp_path / "run" / "fresh.safetensors").exists()


def test_good_play_is_begun_with(tmp_path):
    begun, said, _ = trained(tmp_path, Leaning())
    assert begun == "clone"
    assert "from nothing" not in said


def test_who_is_to_stay_near_the_clone_begins_there(tmp_path):
    begun, _, _ = trained(tmp_path, Constant(), loss={"kl_clone": (0.1, 0.1)})
    assert begun is None


def test_a_network_with_other_layers_begins_from_nothing_too(tmp_path):
    record(tmp_path, "hand", make_world("gpo/Balance-v0"), Constant(), 6, 100)
    recipe = {**POLE, "data": {"train": "hand", "root": str(tmp_path)}}
    recipe["clone"] = {**POLE["clone"], "dropout": 0.2, "hidden": [8, 8]}
    assert train(recipe, tmp_path / "run").verdict
