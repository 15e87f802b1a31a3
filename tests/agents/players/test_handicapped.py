"""A slowed player: late by exactly its delay, and off by exactly its share of slips."""

import numpy as np
import pytest

from agents.players.handicapped import HandicappedPlayer, tell_executed_action
from agents.players.player import NetworkPlayer, RandomPlayer
from agents.players.state_index import index_state
from agents.players.unstuck import Unstuck
from environments.catalog import make_batch, make_world
from environments.simulation.frame_stack import FrameStack
from tests.agents.support.policies import indifferent_policy
from tests.demos.support.hands import toy

KITCHEN = make_world("gpo/Kitchen-v0")


class Counter:
    """Does what the observation says, and remembers what it was told that was done."""

    class Told:
        def __init__(self):
            self.done = []

        def act(self, actions):
            self.done.append(actions.tolist())

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return observation[:, 0].astype(np.int64), state or Counter.Told()


def play(player, rows, starts=None):
    """The actions [T, B] on observations [T, B], and the state after them."""
    done, state = [], None
    for t, row in enumerate(rows):
        seen = np.asarray(row, np.float32)[:, None]
        action, state = player.predict(seen, state, None if starts is None else starts[t])
        done.append(action.copy())
    return np.array(done), state


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_what_is_done_was_chosen_exactly_so_many_steps_before(delay):
    rows = [[t % 6, (t + 2) % 6] for t in range(20)]
    done, _ = play(HandicappedPlayer(Counter(), delay, 0.0, 0, KITCHEN), rows)
    assert done[delay:].tolist() == rows[: 20 - delay]
    assert (done[:delay] == KITCHEN.idle).all()


def test_a_game_that_begins_anew_has_nothing_waiting():
    rows = [[1, 2]] * 3 + [[3, 5]] * 4
    starts = np.zeros((7, 2), bool)
    starts[0], starts[3, 1] = True, True
    done, _ = play(HandicappedPlayer(Counter(), 2, 0.0, 0, KITCHEN), rows, starts)
    idle = KITCHEN.idle
    assert done[:, 0].tolist() == [idle, idle, 1, 1, 1, 3, 3]
    assert done[:, 1].tolist() == [idle, idle, 2, idle, idle, 5, 5]


def test_the_share_of_slips_is_as_told_and_each_is_another_action():
    slowed = HandicappedPlayer(Counter(), 0, 0.2, 3, KITCHEN)
    done, _ = play(slowed, [[2] * 500] * 40)
    slipped = done != 2
    assert slipped.mean() == pytest.approx(0.2, abs=0.01)
    assert set(np.unique(done[slipped])) == {0, 1, 3, 4, 5}


def test_a_seed_repeats_its_slips():
    slowed = HandicappedPlayer(RandomPlayer(KITCHEN.action_space, 5), 1, 0.5, 5, KITCHEN)
    rows = [[0] * 8] * 10
    slowed.reseed(7)
    first, _ = play(slowed, rows)
    slowed.reseed(7)
    again, _ = play(slowed, rows)
    slowed.reseed(8)
    other, _ = play(slowed, rows)
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize("kind", ["discrete", "multi-discrete", "multi-binary", "box"])
def test_slips_stay_within_every_kind_of_action(kind):
    world = toy(kind)
    slowed = HandicappedPlayer(RandomPlayer(world.action_space, 1), 2, 0.9, 1, world)
    state = None
    for _ in range(30):
        done, state = slowed.predict(np.zeros((4, 1), np.float32), state)
        assert all(world.action_space.contains(action) for action in done)


def test_what_is_forbidden_by_the_time_it_is_done_is_replaced():
    world = make_world("tests.environments.support.kind_toys:Doors")
    assert world.mask_size
    slowed = HandicappedPlayer(
        RandomPlayer(world.action_space, 1, world.mask_size), 3, 0.3, 1, world
    )
    batch = make_batch(world, 3)
    state, tried = None, 0
    for _ in range(60):
        masks = batch.observation[:, 0, -world.mask_size :].copy()
        done, state = slowed.predict(batch.observation[:, 0], state, batch.ended)
        if (masks.sum(1) > 0).all():
            assert (masks[np.arange(3), done] > 0).all()
            tried += 1
        batch.step(done[:, None])
    assert tried > 20


def test_the_player_is_told_what_was_really_done():
    rows = [[4], [1], [2]]
    _, state = play(HandicappedPlayer(Counter(), 1, 0.0, 0, KITCHEN), rows)
    assert state.player.done == [[KITCHEN.idle], [4], [1]]


def test_memories_take_what_somebody_else_did():
    window = FrameStack(1, 2, KITCHEN.action_space, 3)
    window.look(np.zeros((1, 3), np.float32))
    window.act(np.array([5]))
    tell_executed_action(window, np.array([1]))
    seen = window.look(np.zeros((1, 3), np.float32)).reshape(2, -1)
    assert seen[-1, 3:-1].argmax() == 1
    unstuck = Unstuck(NetworkPlayer(indifferent_policy([0.0, 0.0, 9.0, 3.0])), slice(0, 2), 1)
    still = np.ones((1, 5), np.float32)
    _, state = unstuck.predict(still, None, None, True)
    tell_executed_action(state, np.array([0]))  # it was not action 2 that was tried in vain
    action, _ = unstuck.predict(still, state, None, True)
    assert action.tolist() == [2]
    tell_executed_action(None, np.array([0]))


def test_its_memory_is_taken_apart_by_games():
    slowed = HandicappedPlayer(RandomPlayer(KITCHEN.action_space), 2, 0.0, 0, KITCHEN)
    _, state = play(slowed, [[0, 1, 2]] * 2)
    state.player = None
    assert len(index_state(state, np.array([2, 0])).waiting) == 2


def test_what_cannot_be_played_is_refused():
    for delay, noise in ((-1, 0.0), (0, 1.5)):
        with pytest.raises(ValueError, match="cannot be played"):
            HandicappedPlayer(Counter(), delay, noise, 0, KITCHEN)
