"""A mixture draws a player for each game and episode, and each member plays as it would alone."""

import numpy as np
import pytest

from agents.players.dropout_player import DropoutPlayer
from agents.players.mixture import Mixture, SelfPlayer
from agents.players.player import NetworkPlayer, RandomPlayer, StillPlayer
from agents.players.state_index import index_state
from agents.players.unstuck import Unstuck
from environments.simulation.frame_stack import FrameStack
from tests.agents.support.policies import ACTIONS, indifferent_policy, sights, small_policy

BODY = slice(0, 2)


class Fixed:
    """Always does the same, and writes down what it was asked."""

    def __init__(self, action):
        self.action, self.calls = action, []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        self.calls.append((observation.copy(), np.array(episode_start)))
        return np.full(len(observation), self.action), state


class Counting:
    """Does what it has counted in each game: the steps since the episode began."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        if state is None:
            state = np.zeros(len(observation), np.int64)
        assert len(state) == len(observation), "it was handed somebody else's memory"
        state[episode_start] = 0
        state += 1
        return state.copy(), state


def numbers(games, steps, seed=0):
    """Sights [T, B, 5] and where episodes begin [T, B]."""
    random = np.random.default_rng(seed)
    starts = random.random((steps, games)) < 0.2
    starts[0] = True
    return random.normal(size=(steps, games, 5)).astype(np.float32), starts


def play(player, seen, starts, deterministic=False):
    """Its actions, [T, B]."""
    state, actions = None, []
    for sight, begins in zip(seen, starts, strict=True):
        action, state = player.predict(sight, state, begins, deterministic)
        actions.append(np.array(action))
    return np.array(actions)


# ------------------------------------------------------------------ the drawing


def test_members_are_drawn_as_often_as_their_weights_say():
    mixture = Mixture([Fixed(0), Fixed(1), Fixed(2)], [1, 2, 5])
    drawn = play(mixture, *numbers(8000, 1))
    assert np.bincount(drawn[0]) / 8000 == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=0.02)


def test_a_member_stays_for_an_episode_and_is_drawn_anew_for_the_next():
    seen, starts = numbers(50, 60)
    who = play(Mixture([Fixed(0), Fixed(1)], [1, 1]), seen, starts)
    changed = who[1:] != who[:-1]
    assert not (changed & ~starts[1:]).any(), "somebody left in the middle of an episode"
    assert changed[starts[1:]].mean() == pytest.approx(0.5, abs=0.06)


def test_each_member_is_called_once_a_step_with_the_games_it_plays():
    members = [Fixed(0), Fixed(1), Fixed(2)]
    seen, starts = numbers(12, 10)
    who = play(Mixture(members, [1, 1, 0]), seen, starts)
    assert not members[2].calls
    for k, member in enumerate(members[:2]):
        steps = [t for t in range(10) if (who[t] == k).any()]
        assert len(member.calls) == len(steps)
        for t, (sight, begins) in zip(steps, member.calls, strict=True):
            assert np.array_equal(sight, seen[t, who[t] == k])
            assert np.array_equal(begins, starts[t, who[t] == k])


def test_the_same_seed_draws_the_same_and_plays_the_same():
    def made():
        clones = [NetworkPlayer(small_policy(seed=k)) for k in range(2)]
        return Mixture([*clones, RandomPlayer(ACTIONS["discrete"])], [1, 1, 1])

    seen, starts = numbers(20, 30)
    used, fresh = made(), made()
    play(used, *numbers(7, 5, seed=3))  # it has drawn before
    used.reseed(5)
    fresh.reseed(5)
    once = play(used, seen, starts)
    assert np.array_equal(once, play(fresh, seen, starts))
    fresh.reseed(6)
    assert not np.array_equal(once, play(fresh, seen, starts))


def test_a_game_begun_again_everywhere_forgets_all_that_was():
    """As at a checkpoint: the state of before is handed over, but every game begins."""
    policies = [small_policy(seed=k) for k in range(2)]
    mixture = Mixture([Unstuck(NetworkPlayer(p), BODY) for p in policies], [1, 1])
    seen, starts = numbers(9, 25)
    state = None
    for sight in seen[:10]:
        _, state = mixture.predict(np.ones_like(sight), state, np.zeros(9, bool))
    mixture.reseed(4)
    resumed = []
    for sight, begins in zip(seen, starts, strict=True):
        action, state = mixture.predict(sight, state, begins)
        resumed.append(action.copy())
    mixture.reseed(4)
    assert np.array_equal(resumed, play(mixture, seen, starts))


# ------------------------------------------------------------------ each plays as it would alone


def test_one_member_is_that_member():
    seen, starts = numbers(30, 40)
    seen = np.round(seen[:, :, :] / 9)  # it often stands still
    alone = Unstuck(NetworkPlayer(small_policy()), BODY)
    mixture = Mixture([Unstuck(NetworkPlayer(small_policy()), BODY)], [3.0])
    for player in (alone, mixture):
        player.reseed(7)
    assert np.array_equal(play(alone, seen, starts), play(mixture, seen, starts))


def test_games_that_come_and_go_keep_their_memories_apart():
    seen, starts = numbers(40, 200)
    told = play(Mixture([Counting(), Fixed(-1), Counting()], [1, 1, 2]), seen, starts)
    since = np.zeros(40, np.int64)
    for t in range(200):
        since = np.where(starts[t], 1, since + 1)
        counted = told[t] >= 0
        assert np.array_equal(told[t, counted], since[counted]), f"step {t}"


def test_stuck_players_in_a_mixture_do_what_they_would_do_alone():
    policies = [small_policy(seed=k) for k in range(3)]
    seen, starts = numbers(25, 80)
    seen[..., BODY] = 0  # nobody ever moves
    mixture = Mixture([Unstuck(NetworkPlayer(p), BODY) for p in policies], [1, 1, 1])
    names = Mixture([Fixed(k) for k in range(3)], [1, 1, 1])
    for player in (mixture, names):
        player.reseed(2)  # they draw alike
    who = play(names, seen, starts)
    actions = play(mixture, seen, starts, deterministic=True)
    for k, policy in enumerate(policies):
        alone = play(Unstuck(NetworkPlayer(policy), BODY), seen, starts, deterministic=True)
        assert np.array_equal(actions[who == k], alone[who == k])
    assert len(np.unique(actions)) > 1


def test_continuous_actions_stay_continuous_beside_somebody_who_stands_still():
    policy = small_policy("box")
    mixture = Mixture([StillPlayer(ACTIONS["box"], 0), NetworkPlayer(policy)], [1, 1])
    actions = play(mixture, *numbers(30, 2))
    assert actions.dtype.kind == "f"
    assert 0 < (actions == 0).all(axis=2).mean() < 1


def test_a_random_player_does_not_repeat_itself_when_its_games_change():
    mixture = Mixture([RandomPlayer(ACTIONS["discrete"]), Fixed(9)], [1, 1])
    actions = play(mixture, *numbers(6, 400))
    first = actions[:, 0][actions[:, 0] != 9]
    assert np.bincount(first, minlength=4) / len(first) == pytest.approx([0.25] * 4, abs=0.1)


def test_what_is_remembered_goes_with_its_game():
    window = FrameStack(4, 3, ACTIONS["discrete"], 5)
    for seed in range(2):
        window.look(sights(4, seed))
        window.act(np.arange(4))
    index = np.array([3, 1])
    taken = index_state(window, index)
    seen = sights(4, 9)
    assert np.array_equal(taken.look(seen[index]), window.look(seen)[index])
    with pytest.raises(TypeError, match="object cannot be taken apart"):
        index_state(object(), index)


# ------------------------------------------------------------------ weights that change


def test_weights_move_on_a_straight_line_until_they_are_reached():
    mixture = Mixture([Fixed(0), Fixed(1)], [1, 0], final=[0, 1], until=0.5)
    for done, share in ((0, 1.0), (0.125, 0.75), (0.5, 0.0), (0.9, 0.0)):
        mixture.progress(done)
        assert mixture.shares.tolist() == pytest.approx([share, 1 - share])
    seen, starts = numbers(200, 1)
    assert (play(mixture, seen, starts) == 1).all()


def test_the_share_of_the_first_can_be_annealed():
    mixture = Mixture([Fixed(0), Fixed(1), Fixed(2)], [1, 3, 1])
    mixture.anneal(0.6)
    assert mixture.shares.tolist() == pytest.approx([0.6, 0.3, 0.1])
    mixture.anneal(1.0)
    mixture.anneal(0.5)
    assert mixture.shares.tolist() == pytest.approx([0.5, 0.25, 0.25])


def test_new_weights_do_not_change_who_plays_now():
    mixture = Mixture([Fixed(0), Fixed(1)], [1, 0])
    seen, starts = numbers(10, 2)
    _, state = mixture.predict(seen[0], None, starts[0])
    mixture.reweigh([0, 1])
    begins = np.arange(10) < 4
    assert mixture.predict(seen[1], state, begins)[0].tolist() == [1] * 4 + [0] * 6


@pytest.mark.parametrize("weights", [[], [1], [1, -1], [0, 0], [1, np.nan]])
def test_weights_that_make_no_sense_are_refused(weights):
    with pytest.raises(ValueError, match="mixture"):
        Mixture([Fixed(0), Fixed(1)], weights)


# ------------------------------------------------------------------ oneself, and dropout


def test_oneself_plays_the_weights_as_they_are_now():
    learner = small_policy()
    mixture = Mixture([SelfPlayer(), Fixed(9)], [1, 0])
    with pytest.raises(RuntimeError, match="bind"):
        play(mixture, *numbers(3, 1))
    mixture.bind(learner)
    seen, starts = numbers(50, 1)
    before = play(mixture, seen, starts, deterministic=True)
    learner.load_state_dict(indifferent_policy([0.0, 0.0, 5.0, 0.0]).state_dict(), strict=False)
    assert (play(mixture, seen, starts, deterministic=True) == 2).all()
    assert not (before == 2).all()


def test_a_thinned_player_wavers_around_the_whole_one():
    policy = small_policy(dropout=0.0)
    whole, thinned = NetworkPlayer(policy), DropoutPlayer(policy, 0.5)
    seen = sights(400)
    first, second = thinned.scores(seen), thinned.scores(seen)
    assert not np.array_equal(first, second)
    thinned.reseed(0)
    assert np.array_equal(thinned.scores(seen), first)
    assert np.array_equal(DropoutPlayer(policy, 0.0).scores(seen), whole.scores(seen))
    assert not policy.training
    with pytest.raises(ValueError, match="discrete"):
        DropoutPlayer(small_policy("box"), 0.5)


def test_one_member_is_handed_everything_as_it_is_and_so_costs_nothing():
    told = []

    class Listener:
        def predict(self, *arguments):
            told.append(arguments)
            return "actions", "memory"

    seen, memory, starts = sights(80), object(), np.zeros(80, bool)
    answer: tuple = Mixture([Listener()], [1.0]).predict(seen, memory, starts, True)
    assert answer == ("actions", "memory")
    assert all(a is b for a, b in zip(told[0], (seen, memory, starts, True), strict=True))
