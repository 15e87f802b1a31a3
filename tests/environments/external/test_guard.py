"""An environment that misbehaves is stopped, named and begun anew; the other games never notice."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from environments.catalog import make_batch, make_world
from environments.external.batch import ExternalBatch
from environments.external.games.step_values import InvalidObservation, check_observation
from environments.external.guard import Bounds, Guard, Incident
from environments.system.errors import UserError
from tests.environments.support.foreign_toys import Corridor

pytestmark = pytest.mark.battery("environments: nonsense in play")

ROWDY = "tests.environments.support.rowdy:Rowdy"
HERE = {
    "raises": r"raised ValueError in rowdy.py, line \d+: the wheel is stuck",
    "leaves": r"raised SystemExit in rowdy.py, line \d+: 3",
    "sees nan": "gave an observation that is nan at place 1",
    "sees infinity": "gave an observation that is -inf at place 0",
    "another shape": r"of shape \[3\] where \[2\] was declared",
    "a single number": r"of shape \[\] where \[2\] was declared",
    "another type": "of type <U1 where float32 was declared",
    "is paid nan": "gave the reward nan",
    "is paid too much": "gave the reward inf",
    "is paid in words": "gave the reward 'much', which is no number",
    "costs less than nothing": "gave the cost 'cost' -1",
    "costs nan": "gave the cost 'cost' nan",
    "a term of nan": "gave the term 'half' nan",
}
IN_A_RESET = ("raises", "leaves", "sees nan", "another shape")


def rowdy(how="", size=4, seed=0, guard=None, restart=True, **params):
    """A batch of games with the seeds `seed`, `seed + 1`, ..., of which those in `seeds` misbehave."""
    world: Any = make_world(ROWDY, how=how, **params)
    return ExternalBatch(replace(world, guard=guard or Guard()), size, seed=seed, restart=restart)


def always(how, **params):
    """One game that misbehaves under every seed but 0, with which it is tried."""
    return rowdy(how, 1, seed=1, seeds=range(1, 1000), **params)


def still(batch):
    return np.zeros(batch.actions.shape, batch.actions.dtype)


def played(batch, steps):
    """All that the games told in so many steps: arrays [T, B, ...]."""
    names = ("observation", "reward", "terms", "costs", "terminated", "truncated")
    told: dict[str, list] = {name: [] for name in (*names, "final_observation")}
    for _ in range(steps):
        batch.step(still(batch))
        for name, rows in told.items():
            rows.append(getattr(batch, name).copy())
    return {name: np.stack(rows) for name, rows in told.items()}


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize(("how", "says"), HERE.items(), ids=HERE)
def test_what_a_game_does_ends_its_episode_and_no_other(how, says):
    told, good = played(rowdy(how), 14), played(rowdy(), 14)
    others = [0, 2, 3]
    for name in told:
        assert np.array_equal(told[name][:, others], good[name][:, others]), name
    assert told["truncated"][:, 1].nonzero()[0].tolist() == [2], "in the third step"
    assert not told["terminated"][2, 1]
    assert told["final_observation"][2, 1, 0].tolist() == [1, 2], "the last good one"
    assert told["reward"][2, 1] == told["terms"][2, 1].sum() == told["costs"][2, 1].sum() == 0
    assert told["observation"][2:5, 1, 0].tolist() == [[5, 0], [5, 1], [5, 2]], "seed 1 + 4 games"
    assert told["terminated"][:, 1].nonzero()[0].tolist() == [8]
    for rows in told.values():
        assert np.isfinite(rows).all()


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize(("how", "says"), HERE.items(), ids=HERE)
def test_the_sentence_names_the_seed_and_the_step(how, says, caplog):
    batch = rowdy(how)
    played(batch, 14)
    (incident,) = batch.incidents
    where = r", in step 3 of episode 0 of game 1 \(seed 1\)\.$"
    assert re.search(rf"^The environment '{ROWDY}' .*{says}.*{where}", str(incident))
    assert caplog.messages == [f"{incident} It is begun anew."]
    assert batch.world.guard.incidents == [incident]


@pytest.mark.parametrize("how", IN_A_RESET)
def test_a_reset_that_fails_is_done_again_with_the_next_seed(how):
    batch = rowdy(how, step=0)
    assert batch.observation[:, 0, 0].tolist() == [0, 5, 2, 3]
    (incident,) = batch.incidents
    assert "at the beginning of episode 0 of game 1 (seed 1)" in str(incident)
    batch.reset(seed=1)  # now the first game has the bad seed
    assert batch.observation[:, 0, 0].tolist() == [5, 2, 3, 4]


def test_games_that_are_not_begun_anew_by_themselves_keep_their_last_sight():
    batch = rowdy("raises", restart=False)
    told = played(batch, 3)
    assert batch.truncated.tolist() == [False, True, False, False]
    assert told["observation"][2, :, 0].tolist() == [[0, 3], [1, 2], [2, 3], [3, 3]]
    batch.reset(chosen=batch.truncated)
    assert batch.observation[:, 0].tolist() == [[0, 3], [5, 0], [2, 3], [3, 3]]


def test_two_games_may_misbehave_in_one_step():
    batch = rowdy("raises", seeds=(0, 2))
    played(batch, 3)
    assert batch.truncated.tolist() == [True, False, True, False]
    assert [incident.seed for incident in batch.incidents] == [0, 2]


# ------------------------------------------------------------------ how often


def test_the_eleventh_time_ends_the_run_with_a_sentence():
    batch = always("raises", step=1)
    for _ in range(10):
        batch.step(still(batch))
    assert len(batch.incidents) == 10
    with pytest.raises(UserError, match=r"\(seed 11\).*10 times, .*mend the environment") as caught:
        batch.step(still(batch))
    assert "\n" not in str(caught.value)


def test_an_environment_that_can_never_begin_ends_the_run_too():
    with pytest.raises(UserError, match="at the beginning of episode 0"):
        always("raises", step=0)


def test_the_quota_comes_back_one_a_minute_up_to_ten():
    now = [0.0]
    guard = Guard(clock=lambda: now[0])

    def times_until_refused():
        for count in range(1000):
            try:
                guard.admit(Incident("Thing-v0", 0, 0, 0, 1, "raised ValueError"))
            except UserError:
                return count
        raise AssertionError

    assert times_until_refused() == 10
    now[0] += 59
    assert times_until_refused() == 0
    now[0] += 1
    assert times_until_refused() == 1
    now[0] += 150
    assert times_until_refused() == 2
    now[0] += 30
    assert times_until_refused() == 1, "half a minute was left over"
    now[0] += 1e6
    assert times_until_refused() == 10


def test_all_batches_of_a_world_share_its_quota():
    world = make_world(ROWDY, how="raises", step=1, seeds=range(1, 1000))
    batches = [make_batch(world, seed=1) for _ in range(2)]
    for _ in range(5):
        for batch in batches:
            batch.step(still(batch))
    with pytest.raises(UserError):
        batches[0].step(still(batches[0]))


# ------------------------------------------------------------------ what is allowed


def seen(number):
    """An observation of one number by one agent in one game."""
    return np.full((1, 1, 1), number, np.float32)


def test_a_bound_is_not_broken_by_rounding():
    bounds = Bounds(spaces.Box(-1.0, 1.0, (1,), np.float32))
    here = np.ones((1, 1), bool)
    assert not bounds.outside(seen(1 + 5e-7), here)
    assert bounds.outside(seen(1 + 1e-4), here)
    assert not bounds.outside(seen(9), ~here), "who has left sees nothing"


def test_no_bound_at_all_still_forbids_what_is_no_number():
    bounds = Bounds(spaces.Box(-np.inf, np.inf, (1,), np.float32))
    here = np.ones((1, 1), bool)
    assert not bounds.outside(seen(3e38), here)
    for bad in (np.inf, -np.inf, np.nan):
        assert bounds.outside(seen(bad), here)


def test_a_part_of_a_dictionary_is_named():
    class Torn(Corridor):
        def _seen(self):
            wind = np.zeros(3 if self.here == 2 else 2)
            return {"here": self.here, "wind": wind}

    torn = Torn()
    torn.here = 1
    check_observation(torn.observation_space, torn._seen(), "")
    torn.here = 2
    with pytest.raises(
        InvalidObservation, match=r"observation\['wind'\] of shape \[3\] where \[2\]"
    ):
        check_observation(torn.observation_space, torn._seen(), "")
    with pytest.raises(
        InvalidObservation, match=r"observation\['here'\] -1, which is not in Discrete"
    ):
        check_observation(torn.observation_space, {"here": -1, "wind": np.zeros(2)}, "")
    with pytest.raises(InvalidObservation, match=r"of \['here'\], not of \['here', 'wind'\]"):
        check_observation(torn.observation_space, {"here": 0}, "")


def test_an_environment_that_fails_when_tried_is_refused_at_once():
    with pytest.raises(UserError, match=r"raised ValueError .* in its first reset"):
        make_world(ROWDY, how="raises", step=0, seeds=(0,))


def test_what_is_beyond_its_bounds_is_said_once_and_played_on():
    guard, said = Guard(), list[str]()
    guard.readers.append(said.append)
    batch, good = rowdy("sees too much", guard=guard), rowdy()
    told, usual = played(batch, 14), played(good, 14)
    assert said == [
        f"The environment '{ROWDY}' gave an observation outside its space (200 at place 1, where -100 to 100 "
        "was declared): it is taken as it is."
    ]
    assert batch.incidents == []
    assert np.array_equal(told["truncated"], usual["truncated"])
    assert told["observation"].max() == 200


def test_what_is_no_number_is_named_before_what_is_too_much():
    told: list[str] = []
    bounds = Bounds(spaces.Box(-1.0, 1.0, (2,), np.float32), told.append)
    seen = np.array([[[5.0, np.nan]], [[3.0, 0.0]], [[0.0, 0.0]]], np.float32)
    found = bounds.unusable(seen, np.ones((3, 1), bool))
    assert found == {0: "gave an observation that is nan at place 1"}
    assert told == [
        "gave an observation outside its space (3 at place 0, where -1 to 1 was declared)"
    ]
