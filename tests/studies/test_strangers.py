"""The study of strangers' environments: whole data, a judge that counts right, a table with its bad rows."""

import inspect
import json
import re
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from agents.evaluation.games import HELD_OUT
from tests.studies.strangers import results, rules_control, rules_others
from tests.studies.strangers.demonstrations import ClumsyPlayer
from tests.studies.strangers.environments import STRANGERS, published, stranger
from tests.studies.strangers.peers import FirstEpisodes, Setup, judge
from tests.studies.strangers.shared_policy import SharedGames
from tests.studies.strangers.table import compared, goals, show, steps_to


def test_there_are_sixteen_and_each_is_found_by_name_and_by_id():
    assert len(STRANGERS) >= 16
    for name, one in STRANGERS.items():
        assert stranger(name) == stranger(one.id) == (name, one)
        assert re.fullmatch(r"[a-z0-9_-]+", name), "it names a dataset"
    with pytest.raises(SystemExit, match="no environment Pong here"):
        stranger("Pong")


def test_published_settings_are_words_that_ppo_knows():
    known = set(inspect.signature(PPO).parameters)
    for name in published():
        assert set(Setup(name, "zoo", 0).told) <= known, name
        assert name in STRANGERS
    assert set(STRANGERS) - set(published()) == {"simple_spread"}
    assert Setup("cartpole-v1", "sb3", 0).told == {}


def test_a_clumsy_player_follows_its_rule_but_for_its_share():
    space = spaces.Discrete(2)
    seen = np.tile(np.array([0, 0, 1, 0], np.float32), (4000, 1))  # the pole falls to the right
    acts, _ = ClumsyPlayer(rules_control.cart_pole, space, 0.2, 0).predict(seen)
    assert 0.88 < acts.mean() < 0.92  # half of a fifth go left
    acts, _ = ClumsyPlayer(rules_control.cart_pole, space, 0.0, 0).predict(seen)
    assert acts.all()


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (rules_control.acrobot, "Acrobot-v1"),
        (rules_control.mountain_car, "MountainCar-v0"),
        (rules_control.mountain_car_continuous, "MountainCarContinuous-v0"),
        (rules_control.pendulum, "Pendulum-v1"),
        (rules_control.car_racing, "CarRacing-v3"),
    ],
)
def test_rules_act_within_the_space_for_each_game(rule, name):
    if name.startswith("Car"):
        pytest.importorskip("Box2D")
    with gymnasium.make(name) as env:
        env.observation_space.seed(0)
        seen = np.stack([np.clip(env.observation_space.sample(), -9, 255) for _ in range(3)])
        acts = rule(seen)
        assert len(acts) == 3
        for act in acts:
            assert env.action_space.contains(np.asarray(act, env.action_space.dtype)[()])


def _view(*things):
    view = np.zeros((1, 7, 7, 3), np.uint8)
    view[..., 0] = 1
    for x, y, kind, state in things:
        view[0, x, y] = kind, 0, state
    return view


@pytest.mark.parametrize(
    ("things", "act"),
    [
        ([(3, 2, 8, 0)], 2),  # the goal is ahead: forward
        ([(0, 6, 8, 0)], 0),  # to the left
        ([(6, 6, 8, 0)], 1),
        ([(3, 2, 8, 0), (3, 5, 2, 0)], 0),  # a wall is in the way: around it
        ([], 1),  # nothing in sight: look around
        ([(3, 5, 5, 0), (3, 3, 4, 2)], 3),  # the key is before us: pick it up
        ([(3, 6, 5, 0), (3, 5, 4, 2)], 5),  # with the key before the locked door: open it
    ],
)
def test_the_maze_rule_goes_by_what_is_in_sight(things, act):
    assert rules_others.maze(_view(*things)).tolist() == [act]


class _Countdown(gymnasium.Env):
    """Pays 1 a step for as many steps as its seed says."""

    observation_space = spaces.Box(0, 100, (1,))
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.left = 1 if seed is None else seed - HELD_OUT + 2
        return np.array([self.left], np.float32), {}

    def step(self, action):
        self.left -= 1
        return np.array([self.left], np.float32), 1.0, self.left == 0, False, {}


def test_the_judge_counts_the_first_episode_of_each_held_out_seed():
    games = make_vec_env(_Countdown, 4, seed=HELD_OUT, vec_env_cls=FirstEpisodes)
    setup = Setup("cartpole-v1", "sb3", 0)
    still = lambda seen, state, starts, deterministic: (np.zeros(len(seen), int), None)  # noqa: E731
    assert judge(still, games, setup, greedy=True).tolist() == [2, 3, 4, 5]


class _Pair:
    """Two agents for three steps; each is paid its number."""

    possible_agents = ("one", "two")

    def observation_space(self, agent):
        return spaces.Box(0, 9, (1,))

    def action_space(self, agent):
        return spaces.Discrete(2)

    def _seen(self):
        return {agent: np.array([self.now], np.float32) for agent in self.possible_agents}

    def reset(self, seed=None):
        self.now, self.agents = 0, list(self.possible_agents)
        return self._seen(), {}

    def step(self, acts):
        self.now += 1
        over = self.now == 3
        self.agents = [] if over else self.agents
        cut = dict.fromkeys(self.possible_agents, over)
        paid = {"one": 1 + acts["one"], "two": 2}
        return self._seen(), paid, dict.fromkeys(cut, False), cut, {}


def test_agents_that_share_a_policy_are_environments_that_end_together():
    games = SharedGames(_Pair, 2)
    assert games.num_envs == 4
    games.reset()
    seen: Any
    for _ in range(3):
        seen, rewards, dones, infos = games.step(np.array([1, 0, 0, 0]))
    assert rewards.tolist() == [2, 2, 1, 2]
    assert dones.all()
    assert seen.max() == 0, "they have begun again"
    assert [info["terminal_observation"].item() for info in infos] == [3] * 4
    assert all(info["TimeLimit.truncated"] for info in infos)


def _ours(refined, clone, cpu=10.0):
    spread = {"mean": refined, "low": refined - 1, "high": refined + 1}
    return {
        "env": "cartpole-v1", "who": "ours", "seed": 0, "steps": 200_000, "data": "good", "label": "",
        "played greedily": ["refined"], "cpu": cpu, "played": 200_000,
        "refined greedy": spread, "refined sampled": {**spread, "mean": -1.0},
        "clone sampled": {**spread, "mean": clone},
        "people": {**spread, "mean": 5.0}, "curve": [[50_000, 1.0], [100_000, refined]],
    }  # fmt: skip


def _sb3(mean, cpu=40.0):
    spread = {"mean": mean, "low": mean - 1, "high": mean + 1}
    return {
        "env": "cartpole-v1", "who": "sb3", "seed": 0, "steps": 200_000, "cpu": cpu, "greedy": spread,
        "sampled": spread, "curve": [[100_000, 1.0], [200_000, mean]], "played": 212_992,
    }  # fmt: skip


def test_a_row_that_falls_short_is_told_as_one():
    found = compared([_ours(90.0, 20.0), _sb3(100.0)], "cartpole-v1")
    assert found["less"] == [-10]
    assert np.isinf(found["steps"]), "it never came to SB3's final return"
    said = goals([found])
    assert "beside sb3: above in 0, level in 0 of 1" in said
    assert "beside clone: above in 1" in said
    assert "cpu as a share of SB3's: median 0.25" in said


def test_a_row_that_is_better_says_by_how_much_and_how_soon():
    rows = [_ours(110.0, 20.0), _sb3(100.0)]
    found = compared(rows, "cartpole-v1")
    assert found["steps"] == 0.5  # after 100,000 steps where SB3 needed 200,000
    row = next(line for line in show(rows).splitlines() if line.startswith("| cartpole-v1"))
    assert "| **refined** |" in show(rows).splitlines()[0]
    assert "+10.0" in row
    assert "1/1/0" in row
    assert steps_to([], 0.0) == np.inf


def test_kept_results_of_peers_are_whole():
    rows = json.loads(results.KEPT.read_text())
    assert len({results.key_of(row) for row in rows}) == len(rows)
    for row in rows:
        assert row["who"] in results.PEERS
        assert row["env"] in STRANGERS
        assert row["steps"] == STRANGERS[row["env"]].steps
        assert row["versions"]["stable-baselines3"]
        assert row["cpu"] > 0
        assert row["greedy"]["low"] <= row["greedy"]["mean"] <= row["greedy"]["high"]
