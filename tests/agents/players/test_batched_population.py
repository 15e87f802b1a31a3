"""Several clones as one player: the same choices as each alone, drawn fairly, remembered by game."""

import numpy as np
import pytest

from agents.players.batched_population import BatchedPopulation, same_architecture
from agents.players.mixture import Mixture
from agents.players.player import NetworkPlayer
from agents.players.unstuck import Unstuck
from tests.agents.support.policies import indifferent_policy, sights, small_policy


def policies(count=3, **settings):
    made = [small_policy(seed=seed, **settings) for seed in range(count)]
    for seed, policy in enumerate(made):
        policy.fit_scales(sights(50, seed) * (seed + 1) + seed, 0.1)
    return made


@pytest.mark.parametrize("activation", ["ReLU", "Tanh"])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_each_game_sees_the_scores_of_the_clone_it_drew(activation, temperature):
    made = policies(activation=activation)
    population, seen = BatchedPopulation(made, 1, temperature), sights(40)
    shown, state = population.look(seen, None, None)
    found = population.scores(shown)
    assert set(state.member) == {0, 1, 2}
    for b, member in enumerate(state.member):
        alone = NetworkPlayer(made[member], 0, temperature).scores(seen[b : b + 1])[0]
        np.testing.assert_allclose(found[b], alone, rtol=1e-4, atol=1e-5)


def test_a_game_keeps_its_clone_until_its_episode_ends():
    population, starts = BatchedPopulation(policies(), 2), np.zeros(300, bool)
    _, state = population.predict(sights(300))
    before = state.member.copy()
    _, state = population.predict(sights(300), state, starts)
    assert np.array_equal(state.member, before)
    starts[:150] = True
    _, state = population.predict(sights(300), state, starts)
    assert np.array_equal(state.member[150:], before[150:])
    assert (state.member[:150] != before[:150]).sum() > 50


def test_every_clone_is_drawn_as_often():
    population = BatchedPopulation(policies(), 3)
    _, state = population.predict(sights(6000))
    assert np.bincount(state.member).tolist() == pytest.approx([2000] * 3, rel=0.1)


def test_a_seed_brings_back_the_same_games():
    population = BatchedPopulation(policies(), 4)
    first = population.predict(sights(50))
    population.reseed(4)
    again = population.predict(sights(50))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1].member, again[1].member)


def test_it_can_be_held_to_the_stuck_rule_and_be_one_of_a_mixture():
    stubborn = [indifferent_policy([9.0, 0.0, 0.0, 0.0]) for _ in range(2)]
    held = Unstuck(BatchedPopulation(stubborn, 5), slice(0, 2), 2)
    mixed, state = Mixture([held, NetworkPlayer(stubborn[0])], [0.7, 0.3], 6), None
    seen, starts = np.zeros((30, 5), np.float32), np.zeros(30, bool)
    chosen = []
    for step in range(3):
        starts[:] = step == 1
        action, state = mixed.predict(seen, state, starts, deterministic=True)
        chosen.append(action)
    action, state = mixed.predict(seen, state, ~starts & False, deterministic=True)
    assert (chosen[0] == 0).all()
    assert (action != 0).sum() == len(state.games[0]) > 0  # whoever is held to the rule moves on


def test_what_is_not_alike_is_refused():
    assert same_architecture(policies())
    assert same_architecture([small_policy(dropout=0.1), small_policy()])
    for other in (
        small_policy(net_arch={"pi": [16], "vf": [8]}),
        small_policy(activation="Tanh"),
        small_policy("box"),
    ):
        assert not same_architecture([small_policy(), other])
        with pytest.raises(ValueError, match="same plain layers"):
            BatchedPopulation([small_policy(), other])
