"""Judging: totals that add up, intervals that cover, and games that are the same for everybody."""

from dataclasses import replace

import numpy as np
import pytest

from agents.evaluation.games import play_games
from agents.players.player import RandomPlayer, StillPlayer
from demos.collect.collect import collect
from demos.data.dataset.store import Store
from environments.catalog import make_batch, make_world
from environments.system.errors import UserError
from tests.training.support.toys import Leaning, record
from training.evaluation.protocol import (
    Protocol,
    evaluate,
    recorded_scores,
    steps_of_games,
    summary,
)

KITCHEN, BALANCE = "gpo/Kitchen-v0", "gpo/Balance-v0"


def by_hand(world, players, size, horizon):
    """Play game after game, alone and without restarting: totals of terms and costs, [E, N, ...]."""
    totals = []
    for game in range(size):
        batch = make_batch(world, 1, seed=game, options={"horizon": horizon}, restart=False)
        terms, costs, reward, steps = 0, 0, 0, 0
        while not batch.ended[0]:
            actions = [p.predict(batch.observation[:, n])[0] for n, p in enumerate(players)]
            batch.step(np.stack(actions, axis=1))
            terms, costs = terms + batch.terms[0], costs + batch.costs[0]
            reward, steps = reward + batch.reward[0], steps + 1
        totals.append((terms, costs, reward, steps))
    return [np.array(column) for column in zip(*totals, strict=True)]


class Turning:
    """Its action follows from what it sees."""

    def __init__(self, actions):
        self.actions = actions

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return (np.abs(observation) * 7).sum(1).astype(np.int64) % self.actions, None


@pytest.mark.parametrize(
    ("world_id", "horizon", "ends"),
    [(BALANCE, 1000, "all fall"), (BALANCE, 12, "some fall"), (KITCHEN, 60, "none falls")],
)
def test_totals_are_those_of_a_plain_loop(world_id, horizon, ends):
    world = make_world(world_id)
    players = [Turning(world.action_space.n) for _ in world.agents]
    found = play_games(make_batch(world, 12, options={"horizon": horizon}), players)
    terms, costs, reward, steps = by_hand(world, players, 12, horizon)
    for k, name in enumerate(world.terms):
        assert np.allclose(found.terms[name], terms[:, :, k], atol=1e-4), name
    for k, name in enumerate(world.costs):
        assert np.allclose(found.costs[name], costs[:, :, k]), name
    assert np.allclose(found.returns, reward, atol=1e-4)
    assert np.array_equal(found.steps, steps)
    limited = (steps == horizon).mean()
    assert {"all fall": limited == 0, "some fall": 0 < limited < 1, "none falls": limited == 1}[
        ends
    ]


def test_every_game_is_counted_once_however_it_ends():
    """`balanced` counts a step each: a game that went on after its end would have more than it lasted."""
    world = make_world(BALANCE)
    games = play_games(
        make_batch(world, 64, options={"horizon": 25}), [RandomPlayer(world.action_space)]
    )
    assert np.array_equal(games.terms["balanced"][:, 0], games.steps)
    assert games.steps.max() == 25
    assert games.steps.min() < 25


def test_a_player_is_told_where_its_games_begin_and_given_its_own_memory():
    world = make_world(KITCHEN)
    told = []

    class Noting:
        def __init__(self, name):
            self.name = name

        def predict(self, observation, state=None, episode_start=None, deterministic=False):
            told.append((self.name, state, episode_start.copy(), deterministic))
            return np.full(len(observation), 4), (self.name, 0 if state is None else state[1] + 1)

    batch = make_batch(world, 2, options={"horizon": 3})
    play_games(batch, [Noting("a"), Noting("b")], deterministic=True)
    assert [(name, state) for name, state, _, _ in told] == [
        ("a", None), ("b", None), ("a", ("a", 0)), ("b", ("b", 0)), ("a", ("a", 1)), ("b", ("b", 1)),
    ]  # fmt: skip
    assert [starts.all() for _, _, starts, _ in told] == [True, True, False, False, False, False]
    assert all(greedy for *_, greedy in told)


# ------------------------------------------------------------------ who is judged, and how


def test_every_seat_is_judged_on_the_same_games(monkeypatch):
    from training.evaluation import protocol as judgement

    made = []

    def noting(world, size, **keywords):
        made.append((size, keywords))
        return make_batch(world, size, **keywords)

    monkeypatch.setattr(judgement, "make_batch", noting)
    world = make_world(KITCHEN)
    sat = []

    def seated(role):
        def player(seed):
            sat.append((role, seed))
            return RandomPlayer(world.action_space, seed)

        return player

    protocol = Protocol(games=5, horizon=30)
    played = evaluate(world, seated("me"), seated("other"), protocol)
    assert [made[0], made[0]] == made
    assert made[0] == (5, {"seed": protocol.seed, "options": {"horizon": 30}, "shield": False})
    first, second = protocol.seed, protocol.seed + 1
    assert sat == [("me", first), ("other", second), ("other", first), ("me", second)]
    assert [games.returns.shape for games in played] == [(5, 2), (5, 2)]
    # random with random is the same game whoever is called "me": seeds belong to the seats
    assert np.array_equal(played[0].returns, played[1].returns)


def test_a_summary_is_of_the_judged_seat():
    world = make_world(KITCHEN)

    def still(seed):
        return StillPlayer(world.action_space, world.idle)

    def random(seed):
        return RandomPlayer(world.action_space, seed)

    found = summary(evaluate(world, still, random, Protocol(games=20, horizon=80)))
    assert found["games"] == 20
    assert len(found["seats"]) == 2
    for seat in found["seats"]:
        assert {"return", *world.terms, *world.costs} == seat.keys()
        assert seat["blocked"]["mean"] == 0, "whoever stands still is never blocked"


def test_the_protocol_says_what_was_done():
    text = str(Protocol(games=100, horizon=400, greedy=False))
    assert text == "100 games a seat, 400 steps, sampled actions, seeds from 1,000,000"
    assert "likeliest" in str(Protocol(games=1, horizon=1, greedy=True))


def test_recorded_games_count_up_to_the_horizon_and_whole_if_they_ended_before(tmp_path):
    world = make_world(BALANCE)
    fallen = record(tmp_path, "fallen", world, RandomPlayer(world.action_space), 10, 500)
    lengths = [len(fallen.load(n)) for n in range(10)]
    for horizon in (9, 20):
        found = recorded_scores(fallen, world, horizon)
        assert found["seats"][0]["return"]["mean"] == np.minimum(lengths, horizon).mean()
        assert found["games"] == 10


def test_recorded_games_that_were_cut_off_before_the_horizon_are_left_out(tmp_path):
    world = make_world(BALANCE)
    dataset = record(tmp_path, "short", world, Leaning(), 4, 10)
    assert recorded_scores(dataset, world, 20) == {"seats": [], "games": 0}
    assert recorded_scores(dataset, world, 10)["seats"][0]["return"]["mean"] == 10


# ------------------------------------------------------------------ other people's environments

NAMERS = "tests.environments.support.namers"


def collected(folder, world, games, options=None):
    players = [RandomPlayer(world.action_space)]
    return collect(Store(folder), "games", world, players, games, options=options or {})


def test_a_game_that_the_environment_cut_itself_is_whole(tmp_path):
    world = make_world(f"{NAMERS}:Ends", length=7)
    assert world.horizon_assumed
    dataset = collected(tmp_path, world, 3)
    assert dataset.load(0).truncated
    found = recorded_scores(dataset, world, world.horizon)
    assert found["games"] == 3
    assert found["seats"][0]["return"]["mean"] == 7


def test_what_a_limit_of_ours_cut_is_not(tmp_path):
    world = make_world(f"{NAMERS}:Ends", length=7)
    dataset = collected(tmp_path, world, 3, {"horizon": 5})
    assert recorded_scores(dataset, world, world.horizon)["games"] == 0


@pytest.mark.parametrize(("meta", "counts"), [({"left": True}, 0), ({"left": False}, 1), ({}, 1)])
def test_a_game_that_its_person_ended_is_not(tmp_path, meta, counts):
    world = make_world(f"{NAMERS}:Ends", length=7)
    dataset = collected(tmp_path, world, 1)
    episode = dataset.load(0)
    with Store(tmp_path / "people").building_for(world, "people") as people:
        people.append(replace(episode, meta={**episode.meta, "device": "keyboard", **meta}))
    found = recorded_scores(Store(tmp_path / "people").open("people"), world, world.horizon)
    assert found["games"] == counts


def test_broken_games_are_left_out_of_means_and_counted():
    world = make_world(f"{NAMERS}:Breaks", seeds=(1_000_001,))
    protocol = Protocol(games=4, horizon=world.horizon)
    played = evaluate(world, lambda seed: RandomPlayer(world.action_space, seed), None, protocol)
    found = summary(played)
    assert (found["games"], found["broken"], found["steps"]) == (3, 1, [10, 10])
    assert found["seats"][0]["return"] == {"mean": 10, "low": 10, "high": 10}
    text = protocol.told(steps_of_games(played), found["broken"])
    assert text.startswith(
        "4 games a seat, 1 broken off by the environment and left out, 10 steps,"
    )


def test_nothing_is_judged_by_games_that_were_all_broken_off():
    world = make_world(f"{NAMERS}:Breaks", seeds=(1_000_000, 1_000_001))
    protocol = Protocol(games=2, horizon=world.horizon)
    played = evaluate(world, lambda seed: RandomPlayer(world.action_space, seed), None, protocol)
    with pytest.raises(UserError, match="broke off all 2 games"):
        summary(played)


def test_the_protocol_names_the_steps_that_games_took():
    assert "9 to 500 steps" in Protocol(games=2, horizon=500).told((9, 500))


def test_a_game_without_a_limit_is_cut_by_ours_and_that_is_said_once(caplog):
    world = replace(make_world(f"{NAMERS}:Ends", length=10**6), horizon=20)
    batch = make_batch(world, 2)
    for _ in range(60):
        batch.step(np.zeros((2, 1), np.int64))
    (said,) = [words for words in caplog.messages if "names no limit of its own" in words]
    assert "after 20 steps, which is our guess" in said
    batch.close()


@pytest.mark.parametrize(("length", "horizon"), [(7, None), (10**6, 15)])
def test_where_it_ends_by_itself_or_a_limit_was_given_nothing_is_said(length, horizon, caplog):
    world = replace(make_world(f"{NAMERS}:Ends", length=length), horizon=20)
    batch = make_batch(world, 1, options={} if horizon is None else {"horizon": horizon})
    for _ in range(60):
        batch.step(np.zeros((1, 1), np.int64))
    assert not [words for words in caplog.messages if "limit of its own" in words]
    batch.close()
