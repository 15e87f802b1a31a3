"""Agent files: what goes in comes out, no code runs, and whatever is wrong is one sentence."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from agents.files.agent_file import load_agent, save_agent, seal_tensors, sealed_facts
from agents.lookup import resolve_player
from agents.networks.policy import build_policy
from agents.players.from_agent import make_player
from agents.players.player import NetworkPlayer, RandomPlayer, StillPlayer
from agents.players.unstuck import Unstuck
from environments.catalog import make_world
from environments.system.errors import UserError

SETTINGS = {"net_arch": {"pi": [8], "vf": [8]}, "n_costs": 1, "dropout": 0.2, "activation": "Tanh"}


@pytest.fixture(scope="module")
def kitchen():
    return make_world("gpo/Kitchen-v0", layout="cramped_room")


def made_for(world, seed=0):
    """A policy of that world."""
    torch.manual_seed(seed)
    return build_policy(world.observation_space, world.action_space, SETTINGS)


@pytest.fixture
def saved(tmp_path, kitchen):
    """An agent file of the kitchen."""
    path = tmp_path / "cook.safetensors"
    save_agent(path, made_for(kitchen), kitchen, {"stuck_steps": 3, "role": "clone"})
    return path


def refusal(path):
    """The one sentence with which a file is refused."""
    with pytest.raises(UserError) as caught:
        load_agent(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert path.name in sentence
    assert sentence.endswith(".")
    return sentence


# ------------------------------------------------------------------ what goes in comes out


def test_an_agent_comes_back_as_it_was(tmp_path, kitchen):
    policy = made_for(kitchen)
    seen = np.random.default_rng(0).normal(size=(50, *kitchen.observation_space.shape))
    policy.features_extractor.fit(seen.astype(np.float32), 0.25)
    facts = {"stuck_steps": 3, "seed": 7, "data": "abc"}
    sha256 = save_agent(tmp_path / "cook.safetensors", policy, kitchen, facts)
    agent = load_agent(tmp_path / "cook.safetensors")
    policy.set_training_mode(False)
    inputs = torch.from_numpy(seen.astype(np.float32))
    assert torch.equal(agent.policy.logits(inputs), policy.logits(inputs))
    assert torch.equal(agent.policy.predict_all_values(inputs), policy.predict_all_values(inputs))
    assert (agent.facts, agent.world, agent.sha256) == (facts, kitchen.describe(), sha256)
    agent.require_world(kitchen)


def test_the_same_agent_is_the_same_bytes(tmp_path, kitchen):
    files = [tmp_path / name for name in ("one.safetensors", "two.safetensors")]
    for path in files:
        save_agent(path, made_for(kitchen), kitchen, {"b": 1, "a": 2})
    assert files[0].read_bytes() == files[1].read_bytes()


def test_nothing_is_left_beside_the_file(saved):
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_no_pickle_is_touched(saved, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("an agent file must not be unpickled")

    for module, name in ((pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
        monkeypatch.setattr(module, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    load_agent(saved)


# ------------------------------------------------------------------ damage


def test_no_flipped_byte_goes_unnoticed(saved):
    whole = saved.read_bytes()
    header = int.from_bytes(whole[:8], "little")
    places = {*range(8), *range(8, 8 + header, 29), *range(8 + header, len(whole), 997)}
    for place in sorted(places):
        for mask in (0x01, 0x10):
            damaged = bytearray(whole)
            damaged[place] ^= mask
            saved.write_bytes(damaged)
            refusal(saved)


@pytest.mark.parametrize("kept", [0, 4, 8, 100, 0.5, 0.99, -1])
def test_a_truncated_file_is_refused(saved, kept):
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    assert "not a whole agent file" in refusal(saved)


@pytest.mark.parametrize(
    "metadata",
    [None, {"format": "pt"}, {"gpo": "not JSON"}, {"gpo": "[1]"}, {"gpo": '{"format": "x"}'}],
)
def test_the_weights_of_other_programs_are_refused(tmp_path, metadata):
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata)
    assert "not an agent of this program" in refusal(path)


@pytest.mark.parametrize("content", [b"hello", b"PK\x03\x04 a zip", pickle.dumps([1, 2])])
def test_a_file_that_is_something_else_is_refused(tmp_path, content):
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    refusal(path)


def test_changed_weights_are_noticed_even_if_the_file_is_whole(saved):
    tensors = load_file(saved)
    name = sorted(tensors)[0]
    tensors[name] = tensors[name] + 1
    save_file(tensors, saved, metadata(saved))
    assert "SHA-256" in refusal(saved)


def test_changed_facts_are_noticed(saved):
    text = metadata(saved)["gpo"].replace('"stuck_steps": 3', '"stuck_steps": 0')
    save_file(load_file(saved), saved, {"gpo": text})
    assert "SHA-256" in refusal(saved)


def test_weights_that_do_not_fit_the_network_they_claim_are_refused(saved):
    tensors, facts = load_file(saved), sealed_facts(metadata(saved))
    del facts["sha256"]
    facts["network"]["net_arch"]["pi"] = [16]
    save_file(tensors, saved, seal_tensors(tensors, facts)[0])
    assert "no network" in refusal(saved)


def metadata(path):
    """The words beside the weights."""
    with safe_open(path, framework="pt") as file:
        return file.metadata()


def test_a_missing_file_is_refused(tmp_path):
    refusal(tmp_path / "nobody.safetensors")


# ------------------------------------------------------------------ whose world


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"world": "gpo/Kitchen-v0", "layout": "counter_circuit"},
            "params.layout: here counter_circuit, there cramped_room",
        ),
        ({"world": "gpo/Balance-v0"}, "was made for gpo/Kitchen-v0, not for gpo/Balance-v0"),
    ],
)
def test_an_agent_of_another_world_is_refused_with_what_differs(saved, other, said):
    world = make_world(other.pop("world"), **other)
    with pytest.raises(UserError, match=said):
        load_agent(saved).require_world(world)
    with pytest.raises(UserError, match=said):
        resolve_player(str(saved), world)


def test_terms_and_costs_that_changed_refuse_no_agent_that_does_not_see_them(saved, kitchen):
    agent = load_agent(saved)
    assert agent.require_world(kitchen) == ""
    today = replace(kitchen, terms={**kitchen.terms, "late": "a new one"}, costs={"spill": ""})
    said = agent.require_world(today, "mine")
    assert said.startswith(
        "Since mine was made gpo/Kitchen-v0 has changed in what it does not see: "
    )
    assert "costs: here ['spill']" in said
    assert "'late'" in said
    with pytest.raises(UserError, match="costs: here"):
        agent.require_world(today, learning=True)
    with pytest.raises(UserError, match="version: here"):
        agent.require_world(replace(today, version=today.version + 1))


# ------------------------------------------------------------------ players by name


def test_a_player_is_named_by_a_word_or_a_file(saved, kitchen):
    assert isinstance(resolve_player("random", kitchen), RandomPlayer)
    assert isinstance(resolve_player("still", kitchen), StillPlayer)
    assert isinstance(resolve_player(str(saved), kitchen), Unstuck)
    with pytest.raises(UserError, match="'sitll' is no player"):
        resolve_player("sitll", kitchen)


def test_an_agent_plays_with_the_stuck_rule_only_if_it_is_to(tmp_path, kitchen):
    path = tmp_path / "cook.safetensors"
    save_agent(path, made_for(kitchen), kitchen)
    assert isinstance(make_player(load_agent(path), kitchen), NetworkPlayer)
