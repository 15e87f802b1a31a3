"""Whoever acts: actions that exist, samples as the network says, and games that can be replayed."""

import numpy as np
import pytest
import torch

from agents.players.from_agent import player_in_manner
from agents.players.player import NetworkPlayer, RandomPlayer, StillPlayer
from tests.agents.support.policies import ACTIONS, indifferent_policy, sights, small_policy

LOGITS = [1.0, 0.0, -0.5, 2.0]
MANY = 40_000  # samples; a share of them is known to about 0.0025

each_space = pytest.mark.parametrize("actions", ACTIONS)


def shares(player, deterministic=False):
    """How often each action was taken in the same sight."""
    chosen, _ = player.predict(sights(MANY), deterministic=deterministic)
    return np.bincount(chosen, minlength=len(LOGITS)) / MANY


def softmax(logits):
    odds = np.exp(np.array(logits))
    return odds / odds.sum()


@each_space
@pytest.mark.parametrize("kind", ["random", "network"])
def test_every_action_exists(actions, kind):
    space = ACTIONS[actions]
    player = (
        RandomPlayer(space) if kind == "random" else NetworkPlayer(small_policy(actions, seed=1))
    )
    chosen, _ = player.predict(sights(50))
    assert all(space.contains(one) for one in chosen), f"{kind} acted outside {space}"


@each_space
def test_an_agent_that_is_handed_on_greedy_takes_its_likeliest_actions_by_itself(actions):
    policy = small_policy(actions)
    greedy = player_in_manner(policy, {"greedy": True}, None)
    likeliest = NetworkPlayer(policy).predict(sights(30), deterministic=True)[0]
    assert np.array_equal(greedy.predict(sights(30))[0], likeliest)
    sampled = player_in_manner(policy, {}, None).predict(sights(300))[0]
    assert not np.array_equal(sampled[:30], likeliest)
    if actions == "discrete":  # a temperature asks for samples
        warm = player_in_manner(policy, {"greedy": True}, None, temperature=2.0)
        assert len(np.unique(warm.predict(sights(300))[0])) > 1


@each_space
@pytest.mark.parametrize("kind", ["random", "network"])
def test_the_same_seed_plays_the_same_game(actions, kind):
    def made(seed):
        if kind == "random":
            return RandomPlayer(ACTIONS[actions], seed)
        return NetworkPlayer(small_policy(actions), seed)

    def game(player):
        state, played = None, []
        for step in range(5):
            chosen, state = player.predict(sights(30, step), state)
            played.append(np.copy(chosen))
        return np.concatenate(played)

    player = made(3)
    first = game(player)
    torch.manual_seed(99)  # whatever others draw meanwhile
    assert np.array_equal(first, game(made(3))), "a new player with the same seed played otherwise"
    player.reseed(3)
    assert np.array_equal(first, game(player)), "reseeding did not go back to the beginning"
    assert not np.array_equal(first, game(made(4))), "another seed played the same game"


@each_space
def test_playing_leaves_the_generator_of_others_alone(actions):
    player = NetworkPlayer(small_policy(actions))
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    player.predict(sights(4))
    assert torch.equal(torch.rand(3), expected)


def test_a_network_samples_as_its_softmax_says():
    found = shares(NetworkPlayer(indifferent_policy(LOGITS)))
    assert np.abs(found - softmax(LOGITS)).max() < 0.01


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_divides_the_logits(temperature):
    found = shares(NetworkPlayer(indifferent_policy(LOGITS), temperature=temperature))
    assert np.abs(found - softmax(np.array(LOGITS) / temperature)).max() < 0.01


def test_asked_for_the_likeliest_action_a_network_takes_no_other():
    assert shares(NetworkPlayer(indifferent_policy(LOGITS)), deterministic=True)[3] == 1


def test_a_network_plays_without_dropout():
    policy = small_policy(dropout=0.5)
    policy.set_training_mode(True)
    player = NetworkPlayer(policy)
    assert np.array_equal(player.scores(sights(9)), player.scores(sights(9)))


@each_space
def test_a_still_player_repeats_itself(actions):
    space = ACTIONS[actions]
    space.seed(0)
    action = space.sample()
    chosen, _ = StillPlayer(space, action).predict(sights(3))
    assert np.array_equal(chosen, np.array([action] * 3))
