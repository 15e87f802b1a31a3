"""What turns sights into features: pictures by size, masks that no path loses, and a memory of a window."""

import json

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.encoders import ObservationEncoder
from agents.networks.image_encoders import ImpalaEncoder, NatureEncoder, picture_network
from agents.networks.policy import build_policy
from agents.players.player import NetworkPlayer, RandomPlayer
from agents.players.unstuck import Unstuck
from environments.simulation.frame_stack import FrameStack, stacked_space
from environments.simulation.observation_parts import choices
from tests.agents.support.policies import ACTIONS
from training.ppo.losses import divergence

LAYERS = {"net_arch": {"pi": [8], "vf": [8]}}
CAMERA = ["camera", "image", [16, 16, 3]]
GAUGES = ["gauges", "vector", [4]]
MASKED = [name for name in ACTIONS if name != "box"]


def mask_part(actions):
    return ["action_mask", "mask", [choices(ACTIONS[actions])]]


def box(size):
    return spaces.Box(-9.0, 9.0, (size,), np.float32)


def policy_for(actions="discrete", parts=(GAUGES,), seed=0, **sight):
    """A random policy for an observation of such parts, remembering `steps` if there are some."""
    torch.manual_seed(seed)
    space = box(sum(int(np.prod(shape)) for _, _, shape in parts))
    if sight.get("steps"):
        sight = {"width": 8, "heads": 2, **sight}
        space = stacked_space(space, ACTIONS[actions], sight["steps"])
    settings = {**LAYERS, "sight": {"parts": list(parts), **sight}}
    policy = build_policy(space, ACTIONS[actions], settings)
    policy.set_training_mode(False)
    with torch.no_grad():  # heads that tell things apart from the start
        for parameter in policy.action_net.parameters():
            parameter.normal_()
    return policy


def masked_sights(actions, count=200, seed=0):
    """Random numbers and masks that leave every part of an action a choice: [B, 4 + L], [B, L]."""
    random = np.random.default_rng(seed)
    masks = random.random((count, choices(ACTIONS[actions]))) < 0.6
    ends = [0, 3] if actions == "multi-discrete" else [0]
    masks[:, ends] = True
    seen = np.concatenate([random.normal(size=(count, 4)), masks], axis=1)
    return torch.from_numpy(seen.astype(np.float32)), masks


# ------------------------------------------------------------------ pictures


@pytest.mark.parametrize(
    ("shape", "kind", "channels"),
    [
        ((84, 84, 4), NatureEncoder, 4),
        ((3, 36, 40), NatureEncoder, 3),
        ((84, 84), NatureEncoder, 1),
        ((35, 84, 3), ImpalaEncoder, 3),
        ((16, 16, 3), ImpalaEncoder, 3),
        ((1, 16, 17), ImpalaEncoder, 1),
        ((7, 7, 3), ImpalaEncoder, 3),
    ],
)
def test_the_network_for_pictures_is_chosen_by_their_shape(shape, kind, channels):
    network = picture_network(shape, "auto")
    assert isinstance(network, kind)
    first = next(network.parameters())
    assert first.shape[1] == channels
    policy = build_policy(spaces.Box(0, 255, shape, np.uint8), spaces.Discrete(3), LAYERS)
    pictures = torch.randint(256, (2, *shape), dtype=torch.uint8)
    assert policy.logits(pictures).shape == (2, 3)


def test_pictures_are_the_same_whichever_way_round_their_channels_are():
    pictures = torch.randint(256, (5, 16, 16, 3), dtype=torch.uint8).float()
    last = ObservationEncoder(spaces.Box(0, 255, (16, 16, 3), np.uint8))
    first = ObservationEncoder(spaces.Box(0, 255, (3, 16, 16), np.uint8))
    first.load_state_dict(last.state_dict())
    assert torch.allclose(last(pictures), first(pictures.movedim(-1, 1)), atol=1e-6)


def test_a_picture_in_a_vector_is_seen_as_the_picture_that_it_is():
    space = spaces.Box(0, 255, (16, 16, 3), np.uint8)
    alone, among = (
        ObservationEncoder(space),
        ObservationEncoder(box(16 * 16 * 3 + 4), [CAMERA, GAUGES]),
    )
    among.parts.pictures.load_state_dict(alone.parts.pictures.state_dict())
    pictures, gauges = torch.randint(256, (5, 16, 16, 3)).float(), torch.randn(5, 4)
    found = among(torch.cat([pictures.flatten(1), gauges], dim=1))
    assert torch.allclose(found[:, 4:], alone(pictures), atol=1e-6)
    assert torch.equal(found[:, :4], gauges)


def test_scales_are_those_of_the_numbers_alone():
    policy = policy_for(parts=(CAMERA, GAUGES))
    seen = np.random.default_rng(0).normal(5.0, 3.0, (400, 16 * 16 * 3 + 4)).astype(np.float32)
    policy.fit_scales(seen, 0.25)
    for extractor in (policy.pi_features_extractor, policy.vf_features_extractor):
        scaled = extractor.parts.scales(torch.from_numpy(seen[:, -4:]))
        assert scaled.mean(0).abs().max() < 1e-4
        assert (scaled.std(0) - 1).abs().max() < 0.01


def test_parts_that_do_not_make_up_the_observation_are_refused():
    for parts, message in (
        ([GAUGES], "do not make up"),
        ([["x", "sound", [5]]], "a vector, an image or a mask"),
        ([["m", "mask", [1]], GAUGES], "the mask is the last"),
        ([["m", "mask", [5]]], "at least one part"),
    ):
        with pytest.raises(ValueError, match=message):
            ObservationEncoder(box(5), parts)
    with pytest.raises(ValueError, match="no network 'vgg'"):
        ObservationEncoder(box(16 * 16 * 3), [CAMERA], image="vgg")


# ------------------------------------------------------------------ saved and trained


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("actions", ACTIONS)
@pytest.mark.parametrize("camera", [(), (CAMERA,)])
def test_settings_in_json_and_tensors_make_it_again(actions, steps, camera):
    mask = () if actions == "box" else (mask_part(actions),)
    policy = policy_for(actions, (*camera, GAUGES, *mask), steps=steps)
    settings = json.loads(json.dumps(policy.settings()))
    again = build_policy(policy.observation_space, ACTIONS[actions], settings)
    again.load_tensors(policy.tensors())
    again.set_training_mode(False)
    seen = torch.rand(6, *policy.observation_space.shape)
    assert torch.equal(policy.logits(seen), again.logits(seen))
    assert torch.equal(policy.predict_all_values(seen), again.predict_all_values(seen))
    assert (again.settings(), again.mask, again.memory) == (
        policy.settings(),
        policy.mask,
        policy.memory,
    )


def test_values_learn_without_moving_the_policy():
    policy = policy_for(parts=(CAMERA, GAUGES), steps=2)
    seen = torch.rand(6, *policy.observation_space.shape)
    policy.predict_values(seen).sum().backward()
    moved = {name for name, p in policy.named_parameters() if p.grad is not None}
    assert any("vf_features_extractor" in name for name in moved)
    assert not any(name.startswith(("features", "pi_", "action")) for name in moved)


def test_scales_can_be_taken_without_what_was_learned():
    one, other = (policy_for(parts=(CAMERA, GAUGES), seed=seed) for seed in (0, 1))
    one.fit_scales(np.random.default_rng(0).normal(size=(50, 772)).astype(np.float32), 0.25)
    before = {name: p.clone() for name, p in other.named_parameters()}
    other.take_scales(one)
    assert torch.equal(
        other.vf_features_extractor.parts.scales.mean, one.features_extractor.parts.scales.mean
    )
    assert all(torch.equal(before[name], p) for name, p in other.named_parameters())


# ------------------------------------------------------------------ masks


@pytest.mark.parametrize("steps", [0, 2])
@pytest.mark.parametrize("actions", MASKED)
def test_what_is_forbidden_has_no_probability_on_any_path(actions, steps):
    policy = policy_for(actions, (GAUGES, mask_part(actions)), steps=steps)
    seen, masks = masked_sights(actions)
    if steps:
        seen = torch.from_numpy(
            FrameStack(200, steps, ACTIONS[actions], seen.shape[1]).look(seen.numpy())
        )
    chosen, _, log_prob = policy(seen)
    again = policy.evaluate_actions(seen, chosen)[1]
    third = policy.get_distribution(seen).log_prob(chosen)
    fourth = policy.distribution_of(policy.logits(seen)).log_prob(chosen)
    for other in (again, third, fourth):
        assert torch.allclose(log_prob, other, atol=1e-6)
    player = NetworkPlayer(policy, temperature=5.0)
    for actions_taken in (
        chosen.numpy(),
        policy.predict(seen.numpy())[0],
        player._choose(seen.numpy(), False),
    ):
        assert not forbidden(actions, actions_taken, masks).any()


def forbidden(actions, chosen, masks):
    """Where an action is not what its mask allows: [B]."""
    rows = np.arange(len(masks))
    if actions == "discrete":
        return ~masks[rows, chosen.astype(int)]
    if actions == "multi-discrete":
        return ~(masks[rows, chosen[:, 0].astype(int)] & masks[rows, 3 + chosen[:, 1].astype(int)])
    return (~masks & (chosen > 0)).any(1)


@pytest.mark.parametrize("actions", MASKED)
def test_losses_under_a_mask_are_numbers_and_so_are_their_gradients(actions):
    one, other = (policy_for(actions, (GAUGES, mask_part(actions)), seed=seed) for seed in (0, 1))
    seen, _ = masked_sights(actions)
    here, there = one.get_distribution(seen), other.get_distribution(seen)
    loss = divergence(here, there).mean() + divergence(there, here).mean() - here.entropy().mean()
    (loss - here.log_prob(there.get_actions()).mean()).backward()
    assert torch.isfinite(loss)
    assert all(p.grad is None or p.grad.isfinite().all() for p in one.parameters())


def test_a_mask_is_no_news_to_the_network_and_one_of_zeros_allows_everything():
    policy = policy_for(parts=(GAUGES, mask_part("discrete")))
    seen = torch.randn(1, 8).repeat(2, 1)
    seen[0, 4:], seen[1, 4:] = torch.tensor([1.0, 1, 0, 1]), 1.0
    some, all_of_it = policy.logits(seen)
    assert torch.equal(some[[0, 1, 3]], all_of_it[[0, 1, 3]])
    assert torch.equal(*policy.predict_values(seen))
    seen[0, 4:] = 0
    assert policy.get_distribution(seen).distribution.probs[0].tolist() == [0.25] * 4


def test_a_random_player_heeds_the_mask():
    seen, masks = masked_sights("discrete", 2000)
    chosen, _ = RandomPlayer(ACTIONS["discrete"], mask=4).predict(seen.numpy())
    assert not forbidden("discrete", chosen, masks).any()


def test_whoever_is_stuck_tries_what_is_allowed():
    policy = policy_for(parts=(GAUGES, mask_part("discrete")))
    player = Unstuck(NetworkPlayer(policy), slice(0, 2), steps=2)
    seen = np.ones((500, 8), np.float32)
    seen[:, 4:] = [0, 1, 1, 0]
    state, taken = None, []
    for _ in range(8):
        action, state = player.predict(seen, state)
        taken.append(action.copy())
    assert set(np.unique(taken)) == {1, 2}


# ------------------------------------------------------------------ memory


def played(player, seen, starts):
    """The logits along a game of observations [T, B, O], with the likeliest actions: [T, B, L]."""
    state, found = None, []
    for t, one in enumerate(seen):
        window, state = player.look(one, state, starts[t])
        found.append(player.scores(window))
        state.act(found[-1].argmax(1))
    return np.array(found)


def game(steps=7, games=3, seed=0):
    seen = np.random.default_rng(seed).normal(size=(steps, games, 4)).astype(np.float32)
    return seen, np.zeros((steps, games), bool)


def remembering(steps=3):
    return NetworkPlayer(policy_for(steps=steps))


def test_a_game_does_not_depend_on_the_games_beside_it():
    seen, starts = game()
    starts[4, 1] = True
    together = played(remembering(), seen, starts)
    for b in range(3):
        alone = played(remembering(), seen[:, b : b + 1], starts[:, b : b + 1])
        assert np.allclose(together[:, b], alone[:, 0], atol=1e-6)


def test_a_new_episode_remembers_nothing_of_the_old_one():
    seen, starts = game()
    starts[4] = True
    whole = played(remembering(), seen, starts)
    assert np.allclose(whole[4:], played(remembering(), seen[4:], starts[4:]), atol=1e-6)


def test_the_window_is_as_long_as_it_says():
    seen, _ = game(games=1)
    for age, matters in ((0, True), (2, True), (3, False)):
        other = seen.copy()
        other[6 - age] += 1.0
        player, window = remembering(), FrameStack(1, 3, ACTIONS["discrete"], 4)
        logits = []
        for sights in (seen, other):
            for one in sights:
                shown = window.look(one)
            logits.append(player.scores(shown))
        assert np.allclose(logits[0], logits[1], atol=1e-7) != matters, (
            f"a sight of {age} steps ago"
        )


def test_what_was_done_is_remembered():
    player, window = remembering(), FrameStack(2, 3, ACTIONS["discrete"], 4)
    window.look(np.ones((2, 4), np.float32))
    window.act(np.array([0, 3]))
    scores = player.scores(window.look(np.ones((2, 4), np.float32)))
    assert not np.allclose(scores[0], scores[1])


def test_another_number_of_games_begins_afresh():
    player, (seen, _) = remembering(), game()
    _, state = player.predict(seen[0])
    window, _ = player.look(seen[1, :2], state, None)
    assert not window.reshape(2, 3, -1)[:, :2].any()


def test_the_stuck_rule_tells_the_memory_what_was_done_instead():
    player = Unstuck(remembering(), slice(0, 2), steps=1)
    seen = np.ones((4, 4), np.float32)
    _, state = player.predict(seen, None, None, True)
    action, state = player.predict(seen, state, None, True)
    _, state = player.predict(seen, state, None, True)
    assert np.array_equal(state.player.past[:, -1, 4:-1].argmax(1), action)
