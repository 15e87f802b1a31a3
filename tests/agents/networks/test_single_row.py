"""A single observation by NumPy: what torch gives, as long as torch would give it."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.policy import build_policy
from agents.networks.single_row import ACTIVATIONS, SingleRow
from agents.players.player import NetworkPlayer
from tests.agents.support.policies import ACTIONS, SIGHT, sights, small_policy

CLOSE: Any = {"rtol": 1e-5, "atol": 1e-5}  # float32 added up in another order
MASKED = {"parts": [["seen", "vector", [5]], ["action_mask", "mask", [4]]]}
LAYOUTS: dict[str, Any] = {
    "no hidden layer": {"net_arch": {"pi": [], "vf": []}},
    "two layers": {"net_arch": {"pi": [32, 16], "vf": [8]}},
    "dropout": {"dropout": 0.5},
    "own units": {"own_units": True},
}


def by_torch(policy, seen):
    with torch.inference_mode():
        return policy.logits(torch.from_numpy(seen)).numpy()


def scaled(policy):
    """The same policy with scales and units that are not 1."""
    policy.fit_scales(sights(50, 9) * 7 + 3, None)
    if policy.own_units:
        policy.action_net.unit.fill_(3.0)
        policy.action_net.center.fill_(-0.5)
    return policy


@pytest.mark.parametrize("actions", ACTIONS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("activation", [kind.__name__ for kind in ACTIVATIONS])
def test_logits_are_those_of_torch(actions, layout, activation):
    policy = scaled(small_policy(actions, activation=activation, **LAYOUTS[layout]))
    policy.set_training_mode(False)
    row: Any = SingleRow(policy)
    for seen in sights(20)[:, None]:
        found = row.logits(seen)
        assert found is not None
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, by_torch(policy, seen), **CLOSE)


def test_a_mask_forbids_as_it_does_in_torch():
    space = spaces.Box(-9.0, 9.0, (9,), np.float32)
    policy = build_policy(space, spaces.Discrete(4), {"sight": MASKED})
    policy.set_training_mode(False)
    row: Any = SingleRow(policy)
    for mask in ([1, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1]):
        seen = np.concatenate([sights(1)[0], np.array(mask, np.float32)])[None]
        found = row.logits(seen)
        np.testing.assert_allclose(found, by_torch(policy, seen), **CLOSE)
        assert (found[0, np.array(mask) == 0] == np.float32(-1e8)).all()


@pytest.mark.parametrize("likeliest", [True, False])
@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_continuous_actions_are_those_of_torch_with_the_same_seed(likeliest, width):
    space = spaces.Box(-0.4, 0.4, (2, 3), width)  # samples leave it, and are cut off
    policy = scaled(build_policy(SIGHT, space, {"own_units": True}))
    quick, slow = NetworkPlayer(policy, 5), NetworkPlayer(policy, 5)
    apart: Any = slow._single
    apart.continuous = lambda *_: None
    clipped = 0
    for seen in sights(50)[:, None]:
        one = quick.predict(seen, deterministic=likeliest)[0]
        other = slow.predict(seen, deterministic=likeliest)[0]
        assert one.dtype == other.dtype == width
        assert one.shape == (1, 2, 3)
        np.testing.assert_allclose(one, other, **CLOSE)
        clipped += int((np.abs(one) > 0.3999).sum())
    assert clipped, "no sample was cut off, so that was not tested"


def test_playing_leaves_torchs_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    player = NetworkPlayer(small_policy("box"))
    torch.manual_seed(0)
    player.predict(sights(1))
    assert torch.equal(torch.rand(3), expected)


def test_what_is_learned_meanwhile_counts():
    policy = small_policy("discrete")
    policy.set_training_mode(False)
    row: Any = SingleRow(policy)
    (seen,) = sights(1)[:, None]
    before = row.logits(seen)
    with torch.no_grad():
        policy.action_net.bias.add_(2.0)  # in place, as optimisers do
    np.testing.assert_allclose(row.logits(seen), before + 2, **CLOSE)
    policy.action_net.bias.data = torch.zeros(4)  # another memory
    np.testing.assert_allclose(row.logits(seen), by_torch(policy, seen), **CLOSE)
    policy.action_net.weight = torch.nn.Parameter(torch.ones(4, 8))  # another tensor
    np.testing.assert_allclose(row.logits(seen), by_torch(policy, seen), **CLOSE)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_reads_weights_of_its_own(again):
    policy = small_policy("discrete")
    policy.set_training_mode(False)
    row: Any = SingleRow(policy)
    other = again(row)
    with torch.no_grad():
        other.policy.action_net.bias.add_(2.0)
    (seen,) = sights(1)[:, None]
    np.testing.assert_allclose(other.logits(seen), row.logits(seen) + 2, **CLOSE)


def test_what_it_does_not_know_is_left_to_torch():
    policy = small_policy("discrete", activation="GELU")
    policy.set_training_mode(False)
    assert SingleRow(policy).logits(sights(1)) is None
    known = small_policy("discrete")
    known.set_training_mode(False)
    assert SingleRow(known).logits(sights(2)) is None, "two observations"
    known.set_training_mode(True)
    assert SingleRow(known).logits(sights(1)) is None, "dropout may be at work"
    known.set_training_mode(False)
    known.double()
    assert SingleRow(known).logits(sights(1)) is None, "float64"
    memory = {"parts": [["seen", "vector", [5]]], "steps": 2, "width": 8, "heads": 2}
    window = spaces.Box(-9.0, 9.0, (2 * (5 + 4 + 1),), np.float32)
    remembers = build_policy(window, spaces.Discrete(4), {"sight": memory})
    remembers.set_training_mode(False)
    assert SingleRow(remembers).logits(np.zeros((1, 20), np.float32)) is None
    picture = spaces.Box(0, 255, (36, 36, 3), np.uint8)
    sees = build_policy(picture, spaces.Discrete(4), {})
    sees.set_training_mode(False)
    assert SingleRow(sees).logits(np.zeros((1, 36, 36, 3), np.uint8)) is None


@pytest.mark.parametrize("actions", ["box", "discrete"])
def test_numbers_that_are_none_are_torchs_to_tell_of(actions):
    policy = small_policy(actions)
    with torch.no_grad():
        policy.action_net.bias.fill_(np.nan)
    player = NetworkPlayer(policy)
    if actions == "box":
        with pytest.raises(Exception, match="which is no action"):
            player.predict(sights(1))
    else:
        assert np.isnan(player.scores(sights(1))).all()
