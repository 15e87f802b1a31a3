"""The stuck rule: what was tried in vain is not tried again."""

import numpy as np
import pytest

from agents.players.player import NetworkPlayer
from agents.players.unstuck import Unstuck
from tests.agents.support.policies import indifferent_policy, sights, small_policy

BODY = slice(0, 2)
STAY = [0.0, 0.0, 9.0, 3.0]  # logits: nearly always action 2, else 3


def unstuck(logits=None, steps=3, seed=0):
    return Unstuck(NetworkPlayer(indifferent_policy(logits or STAY), seed), BODY, steps)


def still(games=1):
    """A sight that never changes."""
    return np.ones((games, 5), np.float32)


def play(player, seen, state=None, starts=None, deterministic=True):
    """The actions [T, B] on a list of sights, and the state after them."""
    actions = []
    for one in seen:
        action, state = player.predict(one, state, starts, deterministic)
        actions.append(action.copy())
    return np.array(actions), state


def test_a_body_that_has_not_moved_for_three_steps_rules_out_what_it_did():
    actions, _ = play(unstuck(), [still()] * 4)
    assert actions[:, 0].tolist() == [2, 2, 2, 3]


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_number_of_steps_can_be_chosen(steps):
    actions, _ = play(unstuck(steps=steps), [still()] * (steps + 1))
    assert actions[:, 0].tolist() == [2] * steps + [3]


def test_only_the_last_steps_are_ruled_out():
    actions, _ = play(unstuck(), [still()] * 20)
    for t in range(3, 20):
        assert actions[t, 0] not in actions[t - 3 : t, 0], f"step {t} repeats one of the last three"


def test_a_body_that_moves_is_left_alone():
    seen = [still() * t for t in range(8)]
    assert (play(unstuck(), seen)[0] == 2).all()


def test_one_move_within_the_last_steps_is_enough():
    seen = [still(), still(), still() * 2, still() * 2, still() * 2]
    assert (play(unstuck(), seen)[0] == 2).all()


def test_what_happens_elsewhere_does_not_count_as_moving():
    seen = []
    for t in range(4):
        seen.append(still())
        seen[-1][:, BODY.stop :] = t
    assert play(unstuck(), seen)[0][-1, 0] == 3


def test_a_new_episode_forgets_the_old_one():
    player = unstuck()
    _, state = play(player, [still(2)] * 3)
    action, state = player.predict(still(2), state, np.array([True, False]), True)
    assert action.tolist() == [2, 3]
    again, _ = play(player, [still(2)] * 3, state)
    assert again[:, 0].tolist() == [2, 2, 3], "the new episode must be stuck only after three steps"


def test_when_every_action_was_tried_anything_goes():
    player = unstuck([9.0, 5.0, 0.0], steps=3)
    _, state = play(player, [still(2000)] * 3)
    state.action[:] = [0, 1, 2]
    action, _ = player.predict(still(2000), state)
    assert np.abs(np.bincount(action, minlength=3) / 2000 - 1 / 3).max() < 0.06


def test_a_game_does_not_depend_on_the_games_beside_it():
    policy = small_policy(seed=2)
    seen = [np.repeat(sights(6, t // 4), 1, axis=0) for t in range(24)]
    together, _ = play(Unstuck(NetworkPlayer(policy), BODY), seen)
    for b in range(6):
        alone, _ = play(Unstuck(NetworkPlayer(policy), BODY), [one[b : b + 1] for one in seen])
        assert np.array_equal(together[:, b], alone[:, 0]), f"game {b} was played otherwise alone"


def test_another_number_of_games_begins_afresh():
    player = unstuck()
    _, state = play(player, [still(1)] * 3)
    assert player.predict(still(2), state, None, True)[0].tolist() == [2, 2]


def test_the_policy_itself_is_not_changed():
    player = unstuck()
    before = player.player.scores(still())
    play(player, [still()] * 6)
    assert np.array_equal(player.player.scores(still()), before)


def test_it_wants_discrete_actions_and_at_least_one_step():
    with pytest.raises(ValueError, match="discrete"):
        Unstuck(NetworkPlayer(small_policy("box")), BODY)
    with pytest.raises(ValueError, match="at least one step"):
        unstuck(steps=0)
