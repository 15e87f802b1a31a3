"""The courier's scripted drivers: they deliver, and each takes as much care as its name says."""

from functools import cache

import numpy as np
import pytest

from agents.evaluation.games import play_games
from agents.experts.courier import CAREFUL, CourierDriver
from agents.experts.registry import expert_names
from agents.lookup import resolve_player
from environments.catalog import make_batch, make_world

WORLD = make_world("gpo/Courier-v0")
GAMES = 40


@cache
def games(name, **keywords):
    """Means of terms and costs over the games of a driver."""
    batch = make_batch("gpo/Courier-v0", GAMES, seed=600, **keywords)
    played = play_games(batch, [resolve_player(name, WORLD, 0)])
    return {k: float(v.mean()) for k, v in (played.terms | played.costs).items()}


def test_all_are_players_by_name():
    assert expert_names(WORLD) == ("careful", "careful-hand", "careless", "chaser")
    seen = make_batch("gpo/Courier-v0", 3).observation[:, 0]
    for name in expert_names(WORLD):
        action, _ = resolve_player(name, WORLD, 1).predict(seen)
        assert action.shape == (3, 2)
        assert action.dtype == np.float32
        assert (np.abs(action) <= 1).all()


def test_the_careful_one_delivers_and_nobody_is_run_into():
    found = games("careful")
    assert found["delivered"] > 2.4
    assert found["collision"] < 0.1
    assert found["too_close"] < 3
    assert found["zone_speed"] < 1


def test_the_careless_one_delivers_twice_as_much_at_everybodys_cost():
    found, careful = games("careless"), games("careful")
    assert found["delivered"] > 1.8 * careful["delivered"]
    assert found["collision"] > 1
    assert found["too_close"] > 50
    assert found["zone_speed"] > 50


def test_a_late_and_unsteady_hand_costs_what_care_had_saved():
    found, careful = games("careful-hand"), games("careful")
    assert 1.2 < found["delivered"] < 0.8 * careful["delivered"]
    assert found["collision"] > 10 * careful["collision"] + 1
    assert found["too_close"] > 5 * careful["too_close"] + 5


def test_the_chaser_runs_into_people_and_delivers_nothing_worth_the_name():
    found = games("chaser")
    assert found["collision"] > 5
    assert found["delivered"] < 0.5


def test_what_a_hand_does_comes_late_by_its_delay():
    seen = make_batch("gpo/Courier-v0", 4, seed=2).observation[:, 0]
    late, now = CourierDriver(CAREFUL, delay=2), CourierDriver(CAREFUL)
    wanted, _ = now.predict(seen)
    state, done = None, []
    for _ in range(3):
        action, state = late.predict(seen, state)
        done.append(action)
    assert not np.any(done[0])
    assert not np.any(done[1])
    assert np.array_equal(done[2], wanted)


def test_an_episode_that_begins_is_driven_afresh():
    seen = make_batch("gpo/Courier-v0", 2, seed=2).observation[:, 0]
    driver = CourierDriver(CAREFUL, delay=1)
    _, state = driver.predict(seen)
    action, _ = driver.predict(seen, state, np.array([True, False]))
    assert not action[0].any()
    assert action[1].any()


@pytest.mark.parametrize("name", ["careful-hand", "careful"])
def test_a_seed_alone_says_what_a_hand_does(name):
    def driven(seed):
        batch, driver, state = (
            make_batch("gpo/Courier-v0", 3),
            resolve_player(name, WORLD, seed),
            None,
        )
        for _ in range(40):
            action, state = driver.predict(batch.observation[:, 0], state, batch.ended)
            batch.step(action[:, None])
        return batch.state.tobytes()

    assert driven(5) == driven(5)
    assert (driven(5) == driven(6)) == (name == "careful")
