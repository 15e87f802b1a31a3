"""Agents of PettingZoo that come and go: who is there, how their own games ended, what they were paid."""

import numpy as np
import pytest

from agents.evaluation.games import play_games
from environments.catalog import make_batch, make_world
from environments.simulation.seating import Seating
from environments.wrappers.gym_env import GymEnv
from environments.wrappers.pettingzoo_env import PettingZooEnv
from environments.wrappers.sb3_vec_env import Sb3VecEnv
from tests.environments.support.party import FAR, Signs

PARTY = "tests.environments.support.party:Party"
LATE = ((0, 6), (2, 5))  # the second comes at step 2 and leaves at step 5


def told(steps, **params):
    """What a batch of one game says of its agents in so many steps: arrays [T, N]."""
    batch = make_batch(PARTY, 1, **params)
    rows: dict[str, list] = {name: [] for name in ("acted", "now", "terminated", "truncated")}
    for _ in range(steps):
        batch.step(np.zeros((1, 2), np.int64))
        for name, row in rows.items():
            row.append(getattr(batch.presence, name)[0].copy())
    return {name: np.array(row) for name, row in rows.items()}


def test_an_agent_that_leaves_has_ended_for_itself_alone():
    found = told(8)
    assert found["acted"][:, 0].tolist() == [True] * 3 + [False] * 5
    assert found["acted"][:, 1].all()
    assert found["terminated"].nonzero()[0].tolist() == [2, 7]
    assert found["terminated"].nonzero()[1].tolist() == [0, 1]
    assert not found["truncated"].any()


@pytest.mark.parametrize(
    ("params", "ends", "cuts"),
    [
        ({"cut": ("guest_0",)}, [7], [2]),
        ({"cut": ("guest_1",)}, [2], [7]),
        ({"silent": ("guest_0",)}, [2, 7], []),
        ({"stays": ((0, 3), (0, 3)), "cut": ("guest_1",)}, [2], [2]),
    ],
)
def test_who_is_cut_off_is_truncated_and_who_goes_without_a_word_is_not(params, ends, cuts):
    found = told(8 if "stays" not in params else 3, **params)
    assert found["terminated"].nonzero()[0].tolist() == ends
    assert found["truncated"].nonzero()[0].tolist() == cuts


def test_the_time_limit_cuts_off_those_who_are_still_there():
    batch = make_batch(PARTY, 1, options={"horizon": 5})
    for _ in range(5):
        batch.step(np.zeros((1, 2), np.int64))
    assert batch.presence.truncated[0].tolist() == [False, True]


def test_who_joins_begins_then():
    batch = make_batch(PARTY, 1, stays=LATE)
    begins, seen = [], []
    for _ in range(6):
        batch.step(np.zeros((1, 2), np.int64))
        begins.append(batch.presence.begins[0].tolist())
        seen.append(batch.observation[0, 1, 0])
    assert begins == [[False, False], [False, True], *[[False, False]] * 3, [True, False]]
    assert [value > FAR / 2 for value in seen] == [False, True, True, True, True, False]


def test_who_leaves_unshown_keeps_what_was_seen_last():
    batch = make_batch(PARTY, 1, parting=False)
    for _ in range(2):
        batch.step(np.zeros((1, 2), np.int64))
    before = batch.observation[0, 0].copy()
    batch.step(np.zeros((1, 2), np.int64))
    assert np.array_equal(batch.observation[0, 0], before)
    batch.step(np.zeros((1, 2), np.int64))
    assert not batch.observation[0, 0].any()


def test_games_count_what_each_agent_was_paid_while_it_was_there():
    batch = make_batch(PARTY, 5, stays=LATE)
    found = play_games(batch, [Signs(), Signs()])
    assert found.returns.tolist() == [[6.0, 3.0]] * 5


def test_the_learners_episode_is_its_own():
    env = Sb3VecEnv(Seating(make_batch(PARTY, 2), "alternate", Signs()))
    env.reset()
    lengths: list[list[int]] = [[], []]
    for _ in range(16):
        seen, _, dones, infos = env.step(np.zeros(2, np.int64))
        assert env.acted.all()
        assert (np.abs(np.asarray(seen) - FAR) < FAR / 2).all(), "never the zeros of who has left"
        for b in np.flatnonzero(dones):
            assert not infos[b]["TimeLimit.truncated"]
            assert infos[b]["terminal_observation"][0] > FAR / 2
            lengths[b].append(infos[b]["episode"]["l"])
    assert lengths == [[3] * 5, [8] * 2]


def test_a_learner_that_joins_late_has_not_acted_before():
    env = Sb3VecEnv(Seating(make_batch(PARTY, 1, stays=LATE), 1, Signs()))
    env.reset()
    acted, dones, lengths = [], [], []
    for _ in range(10):
        _, _, done, infos = env.step(np.zeros(1, np.int64))
        acted.append(bool(env.acted[0]))
        dones.append(bool(done[0]))
        lengths += [infos[0]["episode"]["l"]] if "episode" in infos[0] else []
    assert acted == [False, False, True, True, True] * 2
    assert dones == [False, True, False, False, True] * 2, "begun, then over"
    assert lengths == [3, 3]


def test_a_cut_learner_is_truncated():
    env = Sb3VecEnv(Seating(make_batch(PARTY, 1, cut=("guest_0",)), 0, Signs()))
    env.reset()
    ends = [env.step(np.zeros(1, np.int64))[3][0] for _ in range(3)]
    assert ends[-1]["TimeLimit.truncated"]


class Noting(Signs):
    """Takes down when it is told that an episode begins."""

    def __init__(self):
        self.starts = []

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        """As `Signs`."""
        self.starts.append(bool(episode_start[0]))
        return super().predict(observation)


def test_a_partner_is_told_when_its_game_begins():
    noting = Noting()
    env = Sb3VecEnv(Seating(make_batch(PARTY, 1, stays=LATE), 0, noting))
    env.reset()
    for _ in range(5):
        env.step(np.zeros(1, np.int64))
    assert noting.starts == [True, False, True, False, False]


def test_a_gymnasium_face_begins_when_its_seat_is_taken_and_ends_with_it():
    env = GymEnv(make_world(PARTY, stays=LATE), seat=1)
    seen, _ = env.reset(seed=1)
    assert seen[0] > FAR / 2
    ends = [env.step(0)[2:4] for _ in range(3)]
    assert ends == [(False, False), (False, False), (True, False)]


def test_a_pettingzoo_face_names_who_is_there():
    env = PettingZooEnv(make_world(PARTY, stays=LATE))
    env.reset(seed=1)
    there, ends = [list(env.agents)], []
    while env.agents:
        seen, _, terminated, _, _ = env.step(dict.fromkeys(env.agents, 1))
        there.append(list(env.agents))
        ends.append([name for name, over in terminated.items() if over])
        assert set(env.agents) <= set(seen)
    both = ["guest_0", "guest_1"]
    assert there == [["guest_0"], ["guest_0"], both, both, both, ["guest_0"], []]
    assert ends == [[], [], [], [], ["guest_1"], ["guest_0"]]
