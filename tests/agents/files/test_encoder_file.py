"""An encoder saved and loaded apart from policy and values; what is no encoder is refused in a sentence."""

import json

import numpy as np
import pytest
import torch
from gymnasium import spaces
from safetensors.torch import save

from agents.files.agent_file import save_agent
from agents.files.encoder_file import FORMAT, load_encoder, save_encoder
from agents.files.sealed_tensors import read_tensors, seal_tensors, sealed_facts
from agents.networks.encoder import encoder_of, encoder_weights, put_encoder
from agents.networks.policy import build_policy
from environments.catalog import make_world
from environments.system.errors import UserError

CAMERA, GAUGES = ["camera", "image", [16, 16, 3]], ["gauges", "vector", [4]]
ROW = 16 * 16 * 3 + 4
SIGHTS = {
    "plain": (4, None),
    "parts": (ROW, {"parts": [CAMERA, GAUGES]}),
    "memory": (
        3 * (ROW + 3),
        {"parts": [CAMERA, GAUGES], "steps": 3, "width": 16, "heads": 2, "layers": 1},
    ),
}


def policy_of(kind: str, seed: int, actions: int = 2):
    """A policy that has seen something, with weights of a seed."""
    torch.manual_seed(seed)
    size, sight = SIGHTS[kind]
    space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
    network = {"net_arch": {"pi": [8], "vf": [8]}} | ({} if sight is None else {"sight": sight})
    policy = build_policy(space, spaces.Discrete(actions), network)
    steps = np.random.default_rng(seed).normal(seed, 3.0, (50, ROW if sight else 4))
    policy.fit_scales(steps.astype(np.float32), 0.1)
    policy.set_training_mode(False)
    return policy


def features(policy, shown):
    with torch.inference_mode():
        return encoder_of(policy)(shown)


@pytest.mark.parametrize("kind", SIGHTS)
def test_another_policy_sees_by_it_and_keeps_its_own_towers(kind, tmp_path):
    one, other = policy_of(kind, 0), policy_of(kind, 1, actions=5)
    shown = torch.rand(6, *one.observation_space.shape)
    towers = {n: v.clone() for n, v in other.state_dict().items() if "extractor.p" not in n}
    towers = {n: v for n, v in towers.items() if n.startswith(("action_net", "value_net"))}
    assert not torch.equal(features(one, shown), features(other, shown))
    sha256 = save_encoder(tmp_path / "e.safetensors", encoder_weights(one, {"seed": 7}))
    found = load_encoder(tmp_path / "e.safetensors")
    put_encoder(other, found)
    assert torch.equal(features(one, shown), features(other, shown))
    with torch.inference_mode():
        assert torch.equal(other.vf_features_extractor(shown), features(one, shown))
    assert all(torch.equal(other.state_dict()[name], value) for name, value in towers.items())
    assert found.facts == {"seed": 7}
    assert save_encoder(tmp_path / "again.safetensors", found) == sha256


def test_weights_that_were_taken_do_not_change_with_the_policy():
    policy = policy_of("plain", 0)
    taken = encoder_weights(policy)
    before = taken.tensors["mean"].clone()
    policy.fit_scales(np.ones((5, 4), np.float32), 0.1)
    assert torch.equal(taken.tensors["mean"], before)


@pytest.mark.parametrize(
    ("of", "into", "said"),
    [("plain", "parts", "where the policy is shown"), ("parts", "plain", "encodes Box")],
)
def test_an_encoder_of_another_space_is_refused(of, into, said):
    with pytest.raises(ValueError, match=said):
        put_encoder(policy_of(into, 0), encoder_weights(policy_of(of, 0)))


def test_an_encoder_of_another_network_is_refused():
    size, sight = SIGHTS["parts"]
    space = spaces.Box(-np.inf, np.inf, (size,), np.float32)
    other = build_policy(space, spaces.Discrete(2), {"sight": {**sight, "image": "impala"}})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match=r"is made as .* where .*impala.* is asked for"):
        put_encoder(other, encoder_weights(policy_of("parts", 0)))


# ------------------------------------------------------------------ what is no encoder


def rewritten(path, change):
    """The file at `path` with its tensors and facts changed, and sealed again."""
    metadata, tensors = read_tensors(path)
    about = {k: v for k, v in sealed_facts(metadata).items() if k != "sha256"}
    change(about, tensors)
    path.write_bytes(save(tensors, seal_tensors(tensors, about)[0]))


def another_format(about, tensors):
    about["format"] = "gpo-agent-1"


def no_space(about, tensors):
    about["observation_space"] = {"type": "Discrete"}


def unknown_settings(about, tensors):
    about["settings"] = {"code": "import os"}


def settings_that_fit_nothing(about, tensors):
    about["settings"] = {"parts": [["x", "vector", [3]]]}


def a_tensor_missing(about, tensors):
    del tensors["mean"]


def a_tensor_more(about, tensors):
    tensors["more"] = torch.zeros(1)


def a_tensor_of_another_shape(about, tensors):
    tensors["mean"] = torch.zeros(5)


def a_tensor_of_another_type(about, tensors):
    tensors["mean"] = tensors["mean"].double()


def not_a_number(about, tensors):
    tensors["mean"][0] = torch.nan


def facts_that_are_none(about, tensors):
    about["facts"] = [1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (another_format, f"its format is not {FORMAT}"),
        (no_space, "observation space"),
        (unknown_settings, "the key 'code', which none of ours has"),
        (settings_that_fit_nothing, "no encoder that this program can build"),
        (a_tensor_missing, "of another encoder: see its 'mean'"),
        (a_tensor_more, "of another encoder: see its 'more'"),
        (a_tensor_of_another_shape, "of another encoder: see its 'mean'"),
        (a_tensor_of_another_type, "of another encoder: see its 'mean'"),
        (not_a_number, "'mean' that are not finite"),
        (facts_that_are_none, "no table where its facts should be"),
    ],
)
def test_what_is_no_encoder_is_refused_in_one_sentence(tmp_path, change, said):
    path = tmp_path / "e.safetensors"
    save_encoder(path, encoder_weights(policy_of("plain", 0)))
    load_encoder(path)
    rewritten(path, change)
    with pytest.raises(UserError) as caught:
        load_encoder(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("harm", [lambda c: c[:-4], lambda c: b"", lambda c: c + b"x"])
def test_a_damaged_file_is_refused(tmp_path, harm):
    path = tmp_path / "e.safetensors"
    save_encoder(path, encoder_weights(policy_of("plain", 0)))
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(UserError, match="make it again"):
        load_encoder(path)


def test_a_changed_number_is_found(tmp_path):
    path = tmp_path / "e.safetensors"
    save_encoder(path, encoder_weights(policy_of("plain", 0)))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(UserError, match="its SHA-256 is wrong"):
        load_encoder(path)


def test_no_file_and_an_agent_are_refused(tmp_path):
    with pytest.raises(UserError, match="There is no encoder at"):
        load_encoder(tmp_path / "none.safetensors")
    world = make_world("gpo/Balance-v0")
    save_agent(
        tmp_path / "a.safetensors",
        build_policy(world.observation_space, world.action_space, {}),
        world,
    )
    with pytest.raises(UserError, match="is not an encoder of this program"):
        load_encoder(tmp_path / "a.safetensors")


def test_the_metadata_is_plain_json(tmp_path):
    save_encoder(tmp_path / "e.safetensors", encoder_weights(policy_of("parts", 0)))
    metadata, _ = read_tensors(tmp_path / "e.safetensors")
    about = json.loads(metadata["gpo"])
    assert set(about) == {"format", "observation_space", "settings", "facts", "sha256"}
