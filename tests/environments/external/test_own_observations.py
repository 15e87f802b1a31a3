"""What an environment itself shows goes with our rows, to the last bit, wherever they are played."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from environments.catalog import make_batch, make_world
from environments.external.games.games import EnvironmentSpec
from environments.external.games.own_actions import own_rows, to_counted
from environments.external.games.own_observations import ShownRows, own_observations
from environments.external.trial.facts import read_facts
from environments.external.trial.trial import try_here
from tests.environments.support.sense_toys import LENGTH, SENSES, game, same, shown

TOY = "tests.environments.support.sense_toys:Senses"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr("environments.external.description.try_once", try_here)
    shown.clear()


@pytest.mark.parametrize("mask", ["", "part", "info"])
@pytest.mark.parametrize("kind", SENSES)
def test_every_observation_is_the_environments_own(kind, mask):
    if mask == "part" and not isinstance(SENSES[kind], spaces.Dict):
        pytest.skip("a mask is a part of dicts alone")
    world = make_world(TOY, kind=kind, mask=mask)
    own: Any = own_observations(world)
    assert own is not None
    batch = make_batch(world, 2, seed=7)
    shown.clear()
    batch.reset(seed=7)
    for _ in range(2 * LENGTH):  # the second episodes too
        seen = own.shown(batch.observation[:, 0])
        assert all(same(game(seen, b), shown[-2 + b]) for b in range(2))
        assert all(world.own_observation_space.contains(game(seen, b)) for b in range(2))
        masks = own.masks(batch.observation[:, 0])
        batch.step(np.zeros((2, 1), int) if masks is None else masks.argmax(1)[:, None])


def test_processes_of_their_own_show_the_same():
    world: Any = make_world(TOY, kind="nested")
    apart = make_batch(world.with_workers(2), 2, seed=3)
    here = make_batch(world, 2, seed=3)
    own: Any = own_observations(world)
    for _ in range(LENGTH):
        seen = [own.shown(batch.observation[:, 0]) for batch in (here, apart)]
        assert same(*seen)
        here.step(np.zeros((2, 1), int))
        apart.step(np.zeros((2, 1), int))
    apart.close()


def test_what_is_shown_can_be_kept():
    world = make_world(TOY, kind="dict")
    batch = make_batch(world, 1, seed=0)
    own: Any = own_observations(world)
    kept = own.shown(batch.observation[:, 0])
    before = kept["place"].copy()
    batch.step([[0]])
    assert (kept["place"] == before).all()


def test_rows_and_records_are_indexed_together_or_not_at_all():
    batch = make_batch(make_world(TOY, kind="dict"), 3, seed=0)
    rows: Any = batch.observation
    assert rows[:, 0].own.shape == (3,)
    assert rows[[2, 0], 0].own["2"].tolist() == rows.own["2"][[2, 0], 0].tolist()
    assert rows[..., 0].own is None
    assert rows[0, 0, :4].own is None
    assert (rows + 1).own is None
    assert isinstance(rows, ShownRows)


@pytest.mark.parametrize("kind", SENSES)
def test_without_records_rows_are_read_as_near_as_they_come(kind):
    world = make_world(TOY, kind=kind)
    own: Any = own_observations(world)
    batch = make_batch(world, 2, seed=1)
    rows = np.array(batch.observation[:, 0])
    exact, near = own.shown(batch.observation[:, 0]), own.shown(rows)
    space = world.own_observation_space
    flat: list[Any] = [spaces.flatten(space, game(one, 0)) for one in (exact, near)]
    assert np.allclose(flat[0], flat[1], rtol=1e-6)
    assert type(own.shown(np.zeros_like(rows))) is type(exact)  # of an agent that is not there


@pytest.mark.parametrize("kind", SENSES)
def test_its_space_comes_back_from_the_process_of_its_trial(kind):
    facts = try_here(EnvironmentSpec(TOY, {"kind": kind}))
    back = read_facts(facts.as_json()).own_observation_space
    assert back == SENSES[kind]
    if isinstance(back, spaces.Dict):
        assert list(back) == list(SENSES[kind])


def test_an_environment_that_shows_our_rows_has_nothing_beside_them():
    world = make_world("CartPole-v1")
    assert own_observations(world) is None
    assert getattr(make_batch(world).observation, "own", "none") is None
    assert "layout" not in world.describe()


@pytest.mark.parametrize(
    "own",
    [
        spaces.Discrete(3, start=5),
        spaces.MultiDiscrete(np.array([[2, 3], [4, 2]]), start=np.array([[1, 0], [-2, 7]])),
        spaces.MultiBinary([2, 2]),
        spaces.Box(-3, 3, (2, 1), np.int64),
        spaces.Box(-1, 1, (), np.float64),
    ],
    ids=str,
)
def test_actions_are_counted_and_made_the_environments_again(own):
    own.seed(0)
    given = np.stack([np.asarray(own.sample()) for _ in range(8)])
    again = own_rows(own)(to_counted(own)(given))
    assert np.allclose(again, given, atol=1e-6)
    assert again.shape == given.shape
