"""What varies from episode to episode: draws that follow from the seed, ways into a world, and refusals."""

from typing import Any

import numpy as np
import pytest

from environments.catalog import make_batch, make_world
from environments.external.world import Declared, declare, in_processes
from environments.simulation.variation import drawn, points_of, read_variation
from environments.system.errors import UserError

CART = "tests.environments.support.arms:Cart"
FULL = np.ones((1, 1, 2), np.float32)


def varied(world, **table) -> Any:
    return declare(make_world(world), Declared(vary=table))


def masses(batch):
    return [values["mass"] for values in batch.variation.values]


def test_draws_cover_their_range_and_nothing_else():
    seeds = range(4000)
    for about, low, high, middle in (
        ({"uniform": [2.0, 4.0]}, 2.0, 4.0, 3.0),
        ({"log_uniform": [1.0, 100.0]}, 1.0, 100.0, 10.0),
    ):
        found = np.array([drawn(about, "m", seed, 0) for seed in seeds])
        assert low <= found.min() < low * 1.02 + 0.01
        assert high * 0.97 < found.max() <= high
        assert np.median(found) == pytest.approx(middle, rel=0.07)
    whole = [drawn({"uniform": [1, 3], "whole": True}, "m", seed, 0) for seed in seeds]
    assert {type(one) for one in whole} == {int}
    counts = np.bincount(whole)[1:]
    assert len(counts) == 3
    assert counts.min() > 1200
    few = [drawn({"choices": ["a", "b"]}, "m", seed, 0) for seed in seeds]
    assert 0.45 < np.mean(np.array(few) == "a") < 0.55


def test_a_draw_follows_from_seed_episode_and_name_alone():
    about = {"uniform": [0.0, 1.0]}
    found = {drawn(about, name, seed, e) for name in "ab" for seed in range(9) for e in range(9)}
    assert len(found) == 2 * 9 * 9
    assert drawn(about, "a", 3, 1) == drawn(about, "a", 3, 1)
    correlation = np.corrcoef([[drawn(about, name, s, 0) for s in range(2000)] for name in "ab"])
    assert abs(correlation[0, 1]) < 0.07


def test_points_of_a_curve_lie_from_end_to_end():
    assert points_of({"uniform": [0.0, 3.0]}, 4) == [0.0, 1.0, 2.0, 3.0]
    assert points_of({"log_uniform": [1.0, 100.0]}, 3) == pytest.approx([1, 10, 100])
    assert points_of({"uniform": [1, 3], "whole": True}, 7) == [1, 2, 3]
    assert points_of({"choices": ["x", "y"]}, 7) == ["x", "y"]


@pytest.mark.parametrize("restart", [True, False])
def test_a_native_worlds_parameters_are_drawn_per_game_and_episode(restart):
    world = varied("gpo/Courier-v0", people=[1, 8], slip=[0.0, 0.1])
    assert world.vary["people"] == {"uniform": [1, 8], "whole": True, "by": "param"}
    assert world.vary["slip"]["by"] == "option"
    batch = make_batch(world, 4, seed=5, options={"horizon": 3}, restart=restart)
    first = batch.table["people"].tolist()
    assert first == [values["people"] for values in batch.variation.values]
    assert len(set(first)) > 1
    assert batch.state["asked"][0].max() > 0
    for _ in range(3):
        batch.step(np.zeros_like(batch.actions))
    assert batch.truncated.all()
    assert (batch.state["tick"] == (0 if restart else 3)).all()
    assert (batch.table["people"].tolist() == first) == (not restart)
    alone = make_batch(world, 1, seed=6, options={"horizon": 3}, restart=restart)
    assert alone.table["people"][0] == first[1], "it depends on the batch around it"


def test_a_restarted_game_goes_on_as_one_that_was_reset():
    world = varied("gpo/Courier-v0", people=[1, 8], zone_limit=[0.2, 0.9])
    batch, other = (
        make_batch(world, 2, seed=1, options={"horizon": 4}, restart=r) for r in (True, False)
    )
    random = np.random.default_rng(0)
    for _ in range(13):
        if other.ended.any() and other.state["tick"][0] == 4:
            other.reset(chosen=other.ended)
        actions: Any = random.uniform(-1, 1, batch.actions.shape)
        actions = actions.astype(np.float32)
        batch.step(actions)
        other.step(actions)
        seen = np.where(batch.ended[:, None, None], batch.final_observation, batch.observation)
        assert np.array_equal(seen, other.observation)
        assert np.array_equal(batch.reward, other.reward)


def test_worlds_that_do_not_vary_are_what_they_were():
    plain = make_batch("gpo/Courier-v0", 3, seed=2)
    world = varied("gpo/Courier-v0", people=[5, 6])
    assert world.fingerprint == plain.world.fingerprint
    fixed = make_batch(world, 3, seed=2, options={"people": 5})
    for _ in range(20):
        plain.step(np.ones_like(plain.actions))
        fixed.step(np.ones_like(plain.actions))
    assert plain.table is plain.world.table
    assert np.array_equal(plain.observation, fixed.observation)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_keyword_makes_the_environment_anew_for_each_episode(workers):
    world = in_processes(varied(CART, mass=[0.5, 2.0]), workers)
    assert world.vary["mass"] == {"uniform": [0.5, 2.0], "by": "keyword"}
    batch = make_batch(world, 2, seed=3, options={"horizon": 2})
    try:
        seen = []
        for _ in range(3):
            for _ in range(2):
                before = masses(batch)
                batch.step(np.ones((2, 1, 2), np.float32))
                seen.append(np.allclose(batch.reward[:, 0], [0.2 / mass for mass in before]))
        assert all(seen)
        assert len({*masses(batch), *before}) == 4, "the next episode has the masses of the last"
        batch.reset(seed=3)
        again = masses(batch)
    finally:
        batch.close()
    assert again == [drawn(world.vary["mass"], "mass", seed, 0) for seed in (3, 4)]


def test_numbers_that_it_holds_and_options_of_reset_vary_too():
    world = varied(
        CART,
        **{"gear.ratio": {"choices": [0.5, 2.0]}, "push": {"uniform": [0.1, 0.2], "by": "option"}},
    )
    assert world.vary["gear.ratio"]["by"] == "attribute"
    batch = make_batch(world, 4, seed=0)
    values = batch.variation.values
    assert {one["gear.ratio"] for one in values} == {0.5, 2.0}
    batch.step(np.ones((4, 1, 2), np.float32))
    expected = [2 * (0.1 * one["gear.ratio"] + one["push"]) for one in values]
    assert np.allclose(batch.reward[:, 0], expected)


def test_a_value_that_is_given_is_not_drawn():
    batch = make_batch(varied(CART, mass=[0.5, 2.0]), 2, options={"mass": 1.25})
    assert masses(batch) == [1.25, 1.25]
    batch.reset(options=[{"mass": 1.5}, {}])
    assert masses(batch) == [1.5, 1.25]
    native = make_batch(varied("gpo/Courier-v0", people=[1, 3]), 1, options={"people": 7})
    assert native.table["people"][0] == 7
    with pytest.raises(UserError, match="give it a plain value"):
        batch.reset(options={"mass": [1]})


def test_it_is_told_with_the_world_and_made_again():
    world = varied(CART, mass=[0.5, 2.0])
    again = declare(make_world(CART), Declared.of_description(world.describe()))
    assert again.vary == world.vary
    assert again.fingerprint == make_world(CART).fingerprint


WRONG = [
    (CART, {"mas": [1, 2]}, "has nothing 'mas' to vary: neither a keyword"),
    (CART, {"_t": [1, 2]}, "has nothing '_t' to vary"),
    (CART, {"gear.__class__": [1, 2]}, "to vary"),
    (CART, {"mas": {"uniform": [1, 2], "by": "keyword"}}, "did you mean 'mass'"),
    (CART, {"mass": {"uniform": [1, 2], "by": "param"}}, "which only our own worlds have"),
    (CART, {"mass": [-1, 2]}, "a mass is above 0"),
    (CART, {"kind": {"choices": ["plain", "wide"]}}, "'kind' cannot vary"),
    (CART, {"mass": [2, 1]}, "the lower first"),
    (CART, {"mass": [1]}, "needs two numbers"),
    (CART, {"mass": 1}, "give two numbers, or a table"),
    (CART, {"mass": {"log_uniform": [0, 1]}}, "above 0"),
    (CART, {"mass": {"uniform": [1, 2], "choices": [1]}}, "give two numbers, or a table"),
    (CART, {"mass": {"unifrom": [1, 2]}}, "give two numbers, or a table"),
    (CART, {"mass": {"uniform": [1, 2], "bye": "keyword"}}, "did you mean 'by'"),
    (CART, {"mass": {"uniform": [1, 2], "by": "luck"}}, "goes by 'luck'"),
    (CART, {"mass": {"choices": []}}, "needs 1 to 256 plain values"),
    (CART, {"mass": [float("nan"), 1]}, "needs two numbers"),
    ("gpo/Courier-v0", {"peopel": [1, 2]}, "did you mean 'people'"),
    ("gpo/Courier-v0", {"people": [0.5, 2]}, "takes no people = 0.5"),
    ("gpo/Courier-v0", {"people": [1, 1000]}, "courier's people are 1000"),
    ("gpo/Courier-v0", {"attentive": [0, 2]}, "attentive is 2"),
    ("gpo/Courier-v0", {"horizon": [5, 9]}, "has nothing 'horizon' to vary"),
]


@pytest.mark.parametrize(("world", "table", "said"), WRONG, ids=[f"{w} {t}" for w, t, _ in WRONG])
def test_what_cannot_vary_is_said_before_anything_is_trained(world, table, said):
    with pytest.raises(UserError) as found:
        varied(world, **table)
    assert said in str(found.value)


def test_a_table_is_limited():
    with pytest.raises(UserError, match="up to 64 parameters"):
        read_variation({f"p{k}": [0, 1] for k in range(65)}, "x")
    with pytest.raises(UserError, match="up to 64 parameters"):
        read_variation([0, 1], "x")
