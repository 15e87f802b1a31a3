"""Agent files that are whole and say anything: one sentence, in no time, and nothing large is made."""

import math
import time
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.files import sealed_tensors as sealed
from agents.files.agent_file import load_agent, seal_tensors
from agents.files.checkpoint_file import read_checkpoint_file
from agents.files.rebuild_network import rebuild_network
from agents.lookup import resolve_player
from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer
from environments.catalog import make_world
from environments.system.errors import UserError
from tests.agents.support.hostile import (
    BALANCE,
    NOTHING,
    changed,
    nested,
    small_agent,
    write_agent,
    write_header,
)

pytestmark = pytest.mark.battery("files: agents that say anything")

PATIENCE = 2.0  # s of the processor, for a refusal; nearly all take milliseconds


@pytest.fixture
def path(tmp_path):
    return tmp_path / "other.safetensors"


@pytest.fixture
def made(path):
    """What a small agent's file holds: its facts and its tensors."""
    return small_agent(path)


def refusal(path):
    """The one sentence with which a file is refused at once."""
    began = time.process_time()
    with pytest.raises(UserError) as caught:
        load_agent(path)
    assert time.process_time() - began < PATIENCE
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert path.name in sentence
    assert sentence.endswith(".")
    assert sentence.isprintable()
    assert "again" in sentence  # what to do
    return sentence


# ------------------------------------------------------------------ the header

FLOAT = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def many(count):
    return {str(n): {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(count)}


@pytest.mark.parametrize(
    ("header", "body", "length", "said"),
    [
        (many(200_000), b"", None, "more than 100,000 keys"),
        (many(sealed.TENSORS + 1), b"", None, "more than 10,000 tensors"),
        (b"[" * 100_000, b"", None, "nested more than 64 deep"),
        (b'{"a": [' + b"[]," * 1_000_000 + b"[]]}", b"", None, "lists and tables"),
        ({}, b"", 2**63, "ends within its header"),
        ({}, b"", 3, "ends within its header"),
        ([], b"", None, "a header that is no table"),
        ({"__metadata__": {"gpo": []}}, b"", None, "metadata that are not texts"),
        ({"a": {**FLOAT, "shape": [-1], "data_offsets": [0, -4]}}, b"", None, "shape or place"),
        ({"a": {**FLOAT, "shape": [True]}}, b"0000", None, "shape or place"),
        ({"a": {**FLOAT, "shape": [1] * 17}}, b"0000", None, "shape or place"),
        ({"a": {**FLOAT, "shape": [2**62, 4]}}, b"0000", None, "does not fit its bytes"),
        ({"a": {**FLOAT, "dtype": "F8_E4M3"}}, b"0000", None, "of a type"),
        ({"a": FLOAT, "b": FLOAT}, b"0000", None, "overlap"),
        ({"a": {**FLOAT, "data_offsets": [4, 8]}}, b"00000000", None, "gaps"),
        ({"a": FLOAT}, b"00000", None, "has 5 bytes of tensors where its header says 4"),
        ({"a": FLOAT}, b"000", None, "has 3 bytes of tensors where its header says 4"),
        ({"a": 1}, b"", None, "does not describe"),
    ],
)
def test_a_header_beyond_any_use_is_refused_before_anything_is_read(
    path, header, body, length, said
):
    assert said in refusal(write_header(path, header, body, length))


def test_as_many_tensors_as_are_allowed_are_read(path):
    write_header(path, many(sealed.TENSORS))
    assert len(sealed.read_tensors(path)[1]) == sealed.TENSORS


def test_a_long_header_is_refused_unread(path, monkeypatch):
    monkeypatch.setattr(sealed, "HEADER", 10)
    assert "header of more than 10 bytes" in refusal(write_header(path, b" " * 11))
    assert "not an agent" in refusal(write_header(path, b"{}" + b" " * 8))


def test_a_file_of_any_length_is_refused_unread(path):
    with path.open("wb") as file:  # of which the disk holds nothing
        file.truncate(sealed.FILE + 1)
    assert f"more than {sealed.FILE:,} bytes" in refusal(path)


def test_a_file_that_cannot_be_read_is_not_called_damaged(path, made, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(UserError, match=r"other\.safetensors cannot be read: Permission denied\."):
        load_agent(path)


# ------------------------------------------------------------------ what it says of itself

WORLD, FACTS, SPACE = "describes a world", "among its facts", "space"
NETWORK, NO_NETWORK = "in the settings of its network", "no network that this program can build"
LINES = [
    ("world", NOTHING, "does not describe the world"),
    ("world", [], "does not describe the world"),
    ("world", {}, "does not name the world"),
    ("world.world", "", "does not name the world"),
    ("world.world", "\x1b[2J", "does not name the world"),
    ("world.world", "\ud800", "is not an agent of this program"),
    ("world.world", ["os:system"], "does not name the world"),
    ("world.agents", [], WORLD),
    ("world.agents", "ab", WORLD),
    ("world.terms", [1], WORLD),
    ("world.terms", {"a": 1}, WORLD),
    ("world.costs", NOTHING, WORLD),
    ("world.parts", 3, WORLD),
    ("world.params", [], WORLD),
    ("world.params", {"world": "another"}, WORLD),
    ("world.params", {"a\x1b": 1}, WORLD),
    ("world.params", {"a": ["\x1b[2J"]}, WORLD),
    ("world.version", NOTHING, WORLD),
    ("world.observation", None, WORLD),
    ("facts", None, "no table where its facts"),
    ("facts", [], "no table where its facts"),
    ("facts.stuck_steps", "3", FACTS),
    ("facts.stuck_steps", True, FACTS),
    ("facts.stuck_steps", -1, FACTS),
    ("facts.stuck_steps", 10**30, FACTS),
    ("facts.shield", 1, FACTS),
    ("facts.greedy", "yes", FACTS),
    ("facts.unsafe", 0, FACTS),
    ("facts.judged", {"clone": 1.0}, FACTS),
    ("facts.judged", {"clone": 1.0, "mean": "2", "update": None}, FACTS),
    ("facts.judged_by", "reward", FACTS),
    ("facts.judged_by", {"name": "reward"}, FACTS),
    ("facts.judged_by", {"name": 1, "weights": {}}, FACTS),
    ("facts.judged_by", {"name": "reward", "weights": {"up": "1"}}, FACTS),
    ("facts.judged_by", {"name": "reward", "weights": {"up": True}}, FACTS),
    ("facts.verdict", ["good"], FACTS),
    ("facts.verdict", "good\x07", FACTS),
    ("facts.note", nested(70), "format is not"),
    ("observation_space", NOTHING, SPACE),
    ("observation_space", None, SPACE),
    ("observation_space", {"type": "Discrete", "n": 4, "start": 0}, SPACE),
    ("observation_space.type", "__import__", SPACE),
    ("observation_space.shape", [10**12], SPACE),
    ("observation_space.shape", [4.0], SPACE),
    ("observation_space.shape", [[4]], SPACE),
    ("observation_space.dtype", "object", SPACE),
    ("observation_space.low", [0.0], SPACE),
    ("observation_space.low", [math.nan] * 4, "'low' holds NaN"),
    ("observation_space.low", ["1"] * 4, SPACE),
    ("observation_space.low", [10**30] * 4, SPACE),
    ("observation_space.low", [9.0, 9.0, 9.0, 9e9], SPACE),
    ("observation_space.high", [1, [2], 3, 4], SPACE),
    ("action_space", {"type": "Text", "max_length": 10**9}, SPACE),
    ("action_space", {"type": "Tuple", "subspaces": nested(40)}, SPACE),
    ("action_space", {"type": ["Discrete"]}, SPACE),
    ("action_space.n", 10**18, SPACE),
    ("action_space.n", 2**20 + 1, SPACE),
    ("action_space.n", 0, SPACE),
    ("action_space.n", True, SPACE),
    ("action_space.n", 2.0, SPACE),
    ("action_space.start", "0", SPACE),
    ("action_space", {"type": "MultiBinary", "n": 10**12}, SPACE),
    ("action_space", {"type": "MultiBinary", "n": [2**19, 2**19]}, SPACE),
    ("action_space", {"type": "MultiDiscrete", "nvec": [], "start": [], "dtype": "int64"}, SPACE),
    ("action_space", {"type": "MultiDiscrete", "nvec": [2], "start": [], "dtype": "int64"}, SPACE),
    ("action_space", {"type": "MultiDiscrete", "nvec": [2**20] * 2, "dtype": "int64"}, SPACE),
    ("action_space", {"type": "MultiDiscrete", "nvec": [2], "start": [0], "dtype": "O"}, SPACE),
    ("network", None, "no table where the settings"),
    ("network.optimizer_class", "os.system", "the key 'optimizer_class'"),
    ("network.use_sde", True, "the key 'use_sde'"),
    ("network.net_arch", [10**9], NETWORK),
    ("network.net_arch", {"pi": [4]}, NETWORK),
    ("network.net_arch", {"pi": [-4], "vf": [4]}, NETWORK),
    ("network.net_arch", {"pi": [4] * 257, "vf": [4]}, NETWORK),
    ("network.net_arch", [2**20] * 50, NO_NETWORK),
    ("network.net_arch", {"pi": [5], "vf": [4]}, NO_NETWORK),
    ("network.activation", "__import__", "is no activation"),
    ("network.activation", "Linear", "is no activation"),
    ("network.activation", "RReLU", "is no activation"),
    ("network.activation", ["ReLU"], NETWORK),
    ("network.dropout", math.nan, NETWORK),
    ("network.dropout", 1.01, NETWORK),
    ("network.n_costs", 10**9, NETWORK),
    ("network.n_costs", -1, NETWORK),
    ("network.sight", [], NETWORK),
    ("network.sight", {"steps": 1025}, NETWORK),
    ("network.sight", {"parts": [["", "vector", [10**12]]]}, NETWORK),
    ("network.sight", {"parts": [["", "vector", [5]]]}, NETWORK),
    ("network.sight", {"parts": [["", "vector", ["4"]]]}, NETWORK),
    ("network.sight", {"parts": [["", "words", [4]]]}, NO_NETWORK),
    ("network.sight", {"parts": [["", "image", [2, 2]]], "image": "nature"}, NO_NETWORK),
    ("network.sight", {"heads": 0}, NETWORK),
]


def line(given):
    return given if isinstance(given, str) else None


@pytest.mark.parametrize(("way", "value", "said"), LINES, ids=line)
def test_whatever_a_whole_file_says_is_one_sentence(path, made, way, value, said):
    facts, tensors = made
    assert said in refusal(write_agent(path, changed(facts, way, value), tensors))


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("facts.stuck_steps", 10_000),
        ("facts.stuck_steps", NOTHING),
        ("facts.note", nested(50)),
        ("facts.seed", 2**127),
        ("facts.mean", math.inf),
        ("facts", {}),
        ("world.params", {"shape": "array([[1],\n       [2]])"}),
        ("world.more", {"of": ["a", "later", "version"]}),
        ("observation_space.low", [-math.inf] * 4),
        ("network.dropout", 1),
        ("network.sight", None),
    ],
)
def test_what_may_be_is_read(path, made, way, value):
    facts, tensors = made
    load_agent(write_agent(path, changed(facts, way, value), tensors))


def test_the_longest_memory_is_the_same_on_the_way_in():
    seen = spaces.Box(-1.0, 1.0, (1025 * 7,), np.float32)
    sight = {"parts": [["", "vector", [4]]], "steps": 1025}
    with pytest.raises(ValueError, match="at most 1,024"):
        build_policy(seen, spaces.Discrete(2), {"sight": sight})


# ------------------------------------------------------------------ its weights


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_weights_that_are_no_numbers_are_named(path, made, value):
    facts, tensors = made
    for name in tensors:
        wrong = {**tensors, name: tensors[name].clone()}
        wrong[name].view(-1)[-1] = value
        write_agent(path, facts, wrong)
        if name == "return_scale" and math.isnan(value):  # values that were fitted to nothing
            assert not load_agent(path).policy.knows_values
        else:
            assert f"tensor '{name}' that are not finite" in refusal(path)


@pytest.mark.parametrize(
    ("name", "tensor", "said"),
    [
        ("action_net.bias", torch.zeros(2, dtype=torch.float64), "torch.float64"),
        ("action_net.bias", torch.zeros(2, dtype=torch.int64), "torch.int64"),
        ("action_net.bias", torch.zeros(2, 1), "[2, 1], not torch.float32 [2]"),
        ("action_net.bias", None, "lacks the tensor 'action_net.bias'"),
        ("more\x1b", torch.zeros(1), "beyond those of its network, the tensor 'more?'"),
    ],
)
def test_weights_of_another_network_are_refused(path, made, name, tensor, said):
    facts, tensors = made
    given = {**tensors, name: tensor} if tensor is not None else dict(tensors)
    if tensor is None:
        del given[name]
    assert said in refusal(write_agent(path, facts, given))


def test_a_large_network_is_not_drawn_before_it_is_read(path, monkeypatch):
    facts, tensors = small_agent(path)
    plain = rebuild_network(facts, tensors)
    monkeypatch.setattr("agents.files.rebuild_network._LARGE", 0)
    drawn = []
    monkeypatch.setattr(torch.nn.init, "orthogonal_", lambda w, gain=1: drawn.append(w.device.type))
    quick = rebuild_network(facts, tensors)
    assert drawn.count("cpu") == 1  # of the costs alone; of a large network each takes minutes
    assert quick.ortho_init
    assert plain.settings() == quick.settings()
    assert all(torch.equal(a, quick.tensors()[name]) for name, a in plain.tensors().items())


# ------------------------------------------------------------------ what to do about it


def test_a_damaged_agent_of_a_run_is_to_be_deleted(path, made):
    path.write_bytes(path.read_bytes()[:-1])
    assert refusal(path).endswith("; make it again, or get it again from where it came.")
    (path.parent / "recipe.json").write_text("{}")
    assert "; delete it and repeat `gpo train`" in refusal(path)


def test_an_agent_that_sees_or_acts_otherwise_than_its_world_does_not_play(path):
    world = make_world(BALANCE)
    for seen, acted in ((5, 2), (4, 3)):
        facts, _ = small_agent(path)
        policy = build_policy(
            spaces.Box(-1.0, 1.0, (seen,), np.float32), spaces.Discrete(acted), facts["network"]
        )
        facts["observation_space"] |= {"shape": [seen], "low": [-1.0] * seen, "high": [1.0] * seen}
        facts["action_space"]["n"] = acted
        write_agent(path, facts, policy.tensors())
        with pytest.raises(UserError, match="sees or acts otherwise than gpo/Balance-v0"):
            resolve_player(str(path), world)


@pytest.mark.parametrize("space", [spaces.Box(-1.0, 1.0, (2,)), spaces.MultiBinary(2)])
@pytest.mark.parametrize("deterministic", [True, False])
def test_an_action_that_is_no_number_is_not_handed_on(space, deterministic):
    policy: Any = build_policy(spaces.Box(-9.0, 9.0, (2,), np.float32), space, {"net_arch": [4]})
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.fill_(
                3e38
            )  # finite, and its sums are not: infinity in every unit of the layer,
        policy.action_net.weight[:, ::2] *= -1  # and infinity less infinity is no number
    seen = np.array([[9.0, 9.0]], np.float32)
    with pytest.raises(UserError, match="gave NaN"):
        NetworkPlayer(policy).predict(seen, deterministic=deterministic)


# ------------------------------------------------------------------ checkpoints


@pytest.mark.parametrize("update", [NOTHING, None, "3", 3.0, True, -1, [3]])
def test_a_checkpoint_that_does_not_say_when_it_was_is_passed_over(path, update):
    tensors = {"policy/a": torch.zeros(2)}
    write_agent(path, {"update": 3}, tensors)
    found = read_checkpoint_file(path)
    assert found is not None
    assert found.update == 3
    write_agent(path, {} if update is NOTHING else {"update": update}, tensors)
    assert read_checkpoint_file(path) is None


def test_a_checkpoint_with_a_header_beyond_any_use_is_passed_over(path):
    write_header(path, many(200_000))
    began = time.process_time()
    assert read_checkpoint_file(path) is None
    assert time.process_time() - began < PATIENCE


def test_facts_of_a_checkpoint_may_hold_what_is_not_finite(path):
    tensors, facts = {"a": torch.zeros(1)}, {"update": 1, "best": math.nan, "deep": nested(60)}
    facts["many"] = [{} for _ in range(100)]
    write_agent(path, facts, tensors)
    found = read_checkpoint_file(path)
    assert found is not None
    assert found.facts["sha256"] == seal_tensors(tensors, facts)[1]
