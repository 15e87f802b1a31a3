"""`[clone] encoder`: a run whose clones begin with an encoder that was saved, and one that does not fit."""

from typing import Any

import numpy as np
import pytest
import torch

import gpo
from agents.files.agent_file import load_agent
from agents.files.encoder_file import save_encoder
from agents.networks.encoder import EncoderWeights, encoder_weights
from agents.networks.policy import build_policy
from environments.catalog import make_world
from tests.training.support.toys import Leaning, record
from training.run.recipe import check_recipe

RECIPE = """
[world]
id = "gpo/Balance-v0"
horizon = 40
[data]
root = "{root}"
train = "leaning"
[clone]
hidden = [8]
epochs = 1
encoder = "{encoder}"
[refine]
steps = 0
[evaluate]
games = 2
"""


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe whose clones begin with an encoder; returns its path."""
    record(tmp_path / "data", "leaning", make_world("gpo/Balance-v0"), Leaning(careless=0.1), 4, 30)

    def written(encoder: EncoderWeights):
        save_encoder(tmp_path / "encoder.safetensors", encoder)
        path = tmp_path / "recipe.toml"
        path.write_text(
            RECIPE.format(root=tmp_path / "data", encoder=tmp_path / "encoder.safetensors")
        )
        return path

    return written


def scales(size=4):
    """An encoder with scales that no recordings here have."""
    world = make_world("gpo/Balance-v0")
    space = world.observation_space
    if size != 4:
        space = type(space)(-1.0, 1.0, (size,), np.float32)
    policy = build_policy(space, world.action_space, {})
    policy.fit_scales(
        np.random.default_rng(0).normal(40.0, 7.0, (99, size)).astype(np.float32), 0.1
    )
    return encoder_weights(policy)


def test_the_clone_begins_with_it(recipe, tmp_path):
    encoder = scales()
    run = tmp_path / "run"
    assert gpo.main(["train", str(recipe(encoder)), "--run", str(run)]) == 0
    policy: Any = load_agent(run / "clone.safetensors").policy
    assert torch.equal(policy.features_extractor.mean, encoder.tensors["mean"])


def test_one_of_other_observations_is_refused_before_the_run_begins(recipe, tmp_path, capsys):
    run = tmp_path / "run"
    assert gpo.main(["train", str(recipe(scales(7))), "--run", str(run)]) == 2
    said = capsys.readouterr().err
    assert "The encoder of clone.encoder encodes Box" in said
    assert "choose one made for this world and [network]" in said
    assert said.count("\n") == 1
    assert not run.exists()


def test_one_that_is_not_there_is_refused(recipe, tmp_path, capsys):
    path = recipe(scales())
    (tmp_path / "encoder.safetensors").unlink()
    assert gpo.main(["train", str(path), "--run", str(tmp_path / "run")]) == 2
    assert "There is no encoder at" in capsys.readouterr().err


def test_a_recipe_without_one_is_kept_as_before_there_were_such():
    least = {"world": {"id": "gpo/Balance-v0"}, "data": {"train": "people"}}
    assert "encoder" not in check_recipe(least, "r.toml").model_dump(mode="json")["clone"]
    named = check_recipe({**least, "clone": {"encoder": "e"}}, "r.toml").model_dump(mode="json")
    assert named["clone"]["encoder"] == "e"
