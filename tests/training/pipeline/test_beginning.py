"""Recordings of play that was no better than chance do not keep PPO from learning."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from agents.networks.policy import build_policy
from environments.catalog import make_world
from tests.training.support.toys import Leaning, record
from training.api import train
from training.pipeline.beginning import _bearable_noise, with_noise
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


class Scripted:
    """A gate whose games hang on nothing but how unsteady the hand is: `reached` by noise."""

    def __init__(self, reached: dict[float, float]) -> None:
        self.reached, self.trials = reached, self

    def play(self, policy: Any, manner: Any) -> dict[str, np.ndarray]:
        noise = round(float(policy.log_std.exp()[0]), 3)
        return {"won": np.full(4, self.reached[noise])}


@pytest.mark.parametrize(
    ("reached", "found"),
    [
        ({0.4: 18.0}, 0.4),  # of what the clone is better than chance, 3/4 are 17.5
        ({0.4: 17.0, 0.2: 18.0}, 0.2),
        ({0.4: 10.0, 0.2: 17.0, 0.1: 18.0}, 0.1),
        ({0.4: 10.0, 0.2: 10.0, 0.1: 10.0}, 0.0),
    ],
)
def test_a_steady_hand_begins_with_the_noise_that_it_bears(reached, found):
    box = spaces.Box(-1, 1, (2,), np.float32)
    clone: Any = build_policy(spaces.Box(-9, 9, (3,), np.float32), box, {"own_units": True})
    clone.log_std.data.fill_(float(np.log(0.05)))
    gate: Any = Scripted({0.05: 20.0, **reached})
    assert _bearable_noise(clone, gate, "won", 10.0) == found
    clone.log_std.data.fill_(float(np.log(0.7)))
    assert _bearable_noise(clone, Scripted({0.7: 20.0}), "won", 10.0) == 0.0, "it has more"  # type: ignore[arg-type]


def test_more_noise_is_given_to_a_copy_alone():
    box = spaces.Box(-2, 2, (1,), np.float32)
    clone: Any = build_policy(spaces.Box(-9, 9, (3,), np.float32), box, {"own_units": True})
    clone.log_std.data.fill_(-3.0)
    assert float(with_noise(clone, 0.0).log_std.detach()) == -3.0
    more = with_noise(clone, 0.4).log_std.exp() / clone.action_net.unit
    assert float(more.detach()) == pytest.approx(0.4)
    assert float(clone.log_std.detach()) == -3.0
