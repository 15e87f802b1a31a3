"""Recording what players do."""

from pathlib import Path

import numpy as np
import pytest

from agents.players.player import RandomPlayer, StillPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from demos.data.inspection.verify import verify
from environments.catalog import make_batch, make_world
from environments.system.errors import UserError
from tests.environments.support.party import FAR, Signs


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_every_seat_of_every_game_becomes_an_episode(store: Store) -> None:
    world = make_world("gpo/Kitchen-v0")
    players = [RandomPlayer(world.action_space, seed) for seed in range(2)]
    dataset = collect(store, "random", world, players, 3, options={"horizon": 30})
    episodes = dataset.load_all()
    assert [episode.agent for episode in episodes] == ["cook_0", "cook_1"] * 3
    assert [episode.match for episode in episodes] == [f"random-{n}" for n in (0, 0, 1, 1, 2, 2)]
    assert all(len(episode) == 30 and episode.truncated for episode in episodes)


def test_a_recorded_game_plays_again_from_its_seed(store: Store) -> None:
    world = make_world("gpo/Balance-v0")
    player = RandomPlayer(world.action_space, 1)
    episode = collect(store, "falls", world, [player], 4, seed=7).load(2)
    batch = make_batch(world, 1, seed=episode.seed or 0, restart=False)
    for t, action in enumerate(episode.actions):
        np.testing.assert_array_equal(batch.observation[0, 0], episode.observations[t])
        batch.step(np.array([[action]]))
    np.testing.assert_array_equal(batch.observation[0, 0], episode.observations[-1])
    assert episode.terminated, "a pole pushed at random falls before the time is up"
    assert batch.terminated[0]


def test_a_foreign_environment_is_recorded_just_so(store: Store) -> None:
    world = make_world("CartPole-v1")
    dataset = collect(store, "foreign", world, [StillPlayer(world.action_space)], 2)
    dataset.require_world(world)
    assert dataset.load(0).total("return") == len(dataset.load(0))


def test_a_name_that_is_taken_is_refused_before_anything_is_played(store: Store) -> None:
    world = make_world("gpo/Balance-v0")
    players = [StillPlayer(world.action_space)]
    collect(store, "taken", world, players, 2)
    with pytest.raises(UserError, match="taken"):
        collect(store, "taken", world, players, 2)


def test_each_seat_needs_a_player(store: Store) -> None:
    world = make_world("gpo/Kitchen-v0")
    with pytest.raises(ValueError, match="1 players for 2 seats"):
        collect(store, "one", world, [StillPlayer(world.action_space)], 2)
    assert store.names() == []


PARTY = "tests.environments.support.party:Party"


def party(store: Store, stays: object, games: int = 2, alone: bool = False):
    """Recorded games of a party, every guest's stream of its own."""
    world = make_world(PARTY, stays=stays)
    return collect(store, "party", world, [Signs(), Signs()], games, seed=3, alone=alone)


def test_a_stream_has_the_steps_in_which_its_agent_was_there(store: Store) -> None:
    dataset = party(store, ((0, 3), (2, 8)))
    first, second = dataset.load(0), dataset.load(1)
    assert [len(episode) for episode in dataset.load_all()] == [3, 6, 3, 6]
    assert first.terminated
    assert second.terminated
    assert "joined" not in first.meta
    assert second.meta["joined"] == 2
    assert (dataset.arrays().observations > FAR / 2).all(), "no zeros of who is not there"
    assert (dataset.arrays().final_observations > FAR / 2).all()
    assert first.total("return") == 3
    assert second.total("return") == 6


def test_who_never_comes_has_no_stream(store: Store) -> None:
    dataset = party(store, ((0, 3), (9, 9)))
    assert [episode.agent for episode in dataset.load_all()] == ["guest_0", "guest_0"]
    assert dataset.load(0).meta["absent"] == ["guest_1"]


@pytest.mark.parametrize("stays", [((0, 3), (0, 8)), ((0, 3), (2, 8)), ((0, 3), (9, 9))])
def test_games_with_comers_and_goers_play_again(store: Store, stays: object) -> None:
    dataset = party(store, stays)
    found = verify(dataset)
    assert [one.found for one in found] == ["agrees"] * len(dataset), [str(v) for v in found]


@pytest.mark.parametrize("alone", [False, True])
def test_a_stream_kept_alone_notes_what_the_others_did_meanwhile(store: Store, alone: bool) -> None:
    dataset = party(store, ((0, 3), (0, 8)), 1, alone=alone)
    assert len(dataset) == (1 if alone else 2)
    assert dataset.load(0).raw.shape == (3, int(alone))
    assert verify(dataset)[0].found == "agrees"


def test_a_game_that_the_environment_breaks_off_is_marked_and_not_learned_from(
    store: Store,
) -> None:
    world = make_world("tests.environments.support.namers:Breaks", seeds=(1,))
    player = RandomPlayer(world.action_space, 1)
    dataset = collect(store, "breaks", world, [player], 3)
    broken = dataset.load(1)
    assert len(broken) == 2, "the third step did not happen"
    assert broken.aborted
    assert broken.meta["broken_off"].startswith("raised OSError in namers.py")
    assert all(len(dataset.load(n)) == 10 and dataset.load(n).terminated for n in (0, 2))
    assert dataset.whole() == [0, 2]
    for _ in range(2):  # the second time from the cache
        arrays = dataset.arrays()
        assert arrays.numbers == [0, 2]
        assert len(arrays.actions) == 20
    assert len(dataset.arrays([1]).actions) == 2, "asked for by number it is there"


def test_a_game_that_is_broken_off_in_its_first_step_leaves_nothing(store: Store) -> None:
    world = make_world("tests.environments.support.namers:Breaks", seeds=(1,), at=1)
    dataset = collect(store, "breaks", world, [RandomPlayer(world.action_space, 1)], 3)
    assert [dataset.load(n).seed for n in range(len(dataset))] == [0, 2]


def test_nothing_can_be_learned_where_every_game_was_broken_off(store: Store) -> None:
    world = make_world("tests.environments.support.namers:Breaks", seeds=(0, 1))
    dataset = collect(store, "breaks", world, [RandomPlayer(world.action_space, 1)], 2)
    with pytest.raises(UserError, match="no episodes but such as the environment broke off"):
        dataset.arrays()
