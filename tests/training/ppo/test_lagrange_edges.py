"""Limits, aims and multipliers at their edges, and each part of the controller alone."""

import math
from typing import Any

import pytest
from pydantic import ValidationError

from training.ppo.controllers.lagrange import (
    LEAST,
    CostSettings,
    Multiplier,
    finite,
    surrogate_weights,
)


def settings(**changes: Any) -> CostSettings:
    return CostSettings.model_validate({"limit": 10.0, "tighten": 0.5, **changes})


def multiplier(**changes: Any) -> Multiplier:
    """With an aim of 5, and no part of the controller but those given."""
    alone = {"proportional": 0.0, "integral": 0.0, "derivative": 0.0, "smoothing": 0.0}
    return Multiplier(settings(**{**alone, **changes}))


def told(found: Multiplier, cost: float) -> float:
    """What the controller moves: the logarithm of 1 + multiplier."""
    return math.log1p(found.update(cost))


# ------------------------------------------------------------------ settings


def test_the_defaults():
    found = CostSettings(limit=1.0)
    assert found.model_dump() == {
        "limit": 1.0,
        "tighten": 0.75,
        "proportional": 0.5,
        "integral": 0.1,
        "derivative": 0.5,
        "smoothing": 0.7,
        "most": 20.0,
        "stop_when_spent": False,
    }


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("limit", -1e-9, 0.0),
        ("limit", -1.0, math.inf),
        ("tighten", 0.0, 0.01),
        ("tighten", 1.01, 1.0),
        ("proportional", -0.01, 0.0),
        ("integral", -0.01, 0.0),
        ("derivative", -0.01, 0.0),
        ("smoothing", -0.01, 0.0),
        ("smoothing", 1.0, 0.99),
        ("most", 0.0, 0.01),
    ],
)
def test_each_setting_at_its_bound(name, wrong, right):
    assert getattr(settings(**{name: right}), name) == right
    with pytest.raises(ValidationError, match=r"should be (greater|less) than"):
        settings(**{name: wrong})


def test_an_aim_at_next_to_nothing_is_refused():
    assert LEAST == 1e-9
    assert settings(limit=2e-9, tighten=0.5).limit == 2e-9
    with pytest.raises(ValidationError, match="less than 1e-09"):
        settings(limit=1.9e-9, tighten=0.5)


def test_a_limit_of_infinity_is_none():
    costs = {"a": settings(limit=math.inf), "b": settings(limit=1e30)}
    assert list(finite(costs)) == ["b"]


# ------------------------------------------------------------------ the controller, part by part


def test_it_begins_with_nothing():
    found = multiplier()
    assert found.facts() == {
        "value": 0.0, "sum": 0.0, "excess": 0.0, "cost": -1.0, "scale": 0.0, "updates": 0.0,
        "capped": 0.0, "rising": 0.0,
    }  # fmt: skip
    assert found.aim == 5.0


@pytest.mark.parametrize(("cost", "value"), [(4.9, 0.0), (5.0, 0.0), (5.5, 0.2), (10.0, 2.0)])
def test_the_proportional_part_is_of_the_excess_over_the_aim(cost, value):
    assert told(multiplier(proportional=2.0), cost) == pytest.approx(value)


def test_the_excess_is_smoothed_from_nothing_on():
    found = multiplier(proportional=1.0, smoothing=0.75)
    assert told(found, 10.0) == pytest.approx(0.25)
    assert told(found, 10.0) == pytest.approx(0.75 * 0.25 + 0.25)


def test_the_integral_part_adds_up_in_logarithms_and_never_goes_below_nothing():
    found = multiplier(integral=0.5)
    sums = [told(found, cost) for cost in (10.0, 10.0, 5.0, 0.0)]
    assert sums == pytest.approx([0.5, 1.0, 1.0, 0.5])
    assert [found.update(cost) for cost in (0.0, 0.0, 0.0)] == [0.0, 0.0, 0.0]
    assert found.update(10.0) == pytest.approx(math.expm1(0.5))


def test_a_multiplier_that_ran_up_comes_down_in_as_many_updates():
    """A plain sum would take two hundred: the agent stands still meanwhile."""
    found = multiplier(integral=0.1, most=20.0)
    up = next(n for n in range(1, 999) if found.update(10.0) == 20.0)
    for _ in range(100):
        found.update(1000.0)
    down = next(n for n in range(1, 999) if found.update(0.0) == 0.0)
    assert (up, down) == (31, 31)


def test_a_cost_far_above_its_aim_counts_no_more_than_three_times_over():
    found, other = multiplier(integral=0.1), multiplier(integral=0.1)
    assert found.update(5.0 * 4) == other.update(5.0 * 400)


def test_the_derivative_part_is_of_the_rise_alone():
    found = multiplier(derivative=2.0)
    assert [told(found, cost) for cost in (4.0, 5.0, 3.0, 4.0)] == pytest.approx(
        [0.0, 0.4, 0.0, 0.4]
    )


def test_the_first_cost_is_no_rise_however_small():
    found = multiplier(derivative=1.0)
    assert [told(found, cost) for cost in (0.0, 0.5, 0.5)] == pytest.approx([0.0, 0.1, 0.0])


@pytest.mark.parametrize("before", [0.0, 0.5])
def test_a_cost_below_one_is_smoothed_as_any_other(before):
    found = multiplier(smoothing=0.75)
    found.update(before)
    found.update(4.0)
    assert found.state["cost"] == 0.75 * before + 1.0


def test_the_rise_is_of_the_smoothed_cost():
    found = multiplier(derivative=1.0, smoothing=0.75)
    assert [told(found, cost) for cost in (2.0, 6.0)] == pytest.approx([0.0, (3.0 - 2.0) / 5])
    assert found.state["cost"] == 3.0
    assert told(found, 7.0) == pytest.approx((4.0 - 3.0) / 5)


def test_all_three_parts_are_added():
    found = multiplier(proportional=1.0, integral=0.5, derivative=1.0)
    assert told(found, 10.0) == pytest.approx(1 + 0.5)
    assert found.update(12.5) == pytest.approx(20.0), "1.5 + 1.25 + 0.5 is more than its most"
    assert told(found, 0.0) == 0.0, "-1 + 0.75"


@pytest.mark.parametrize(
    ("cost", "value"), [(11.2, math.expm1(1.24)), (11.3, 2.5), (1e300, 2.5), (0.0, 0.0)]
)
def test_a_multiplier_stays_between_nothing_and_the_most(cost, value):
    assert multiplier(proportional=1.0, most=2.5).update(cost) == pytest.approx(value)


@pytest.mark.parametrize("cost", [math.nan, math.inf, -math.inf])
def test_a_cost_that_is_no_number_leaves_all_as_it_was(cost):
    found = multiplier(proportional=1.0, integral=1.0)
    found.update(10.0)
    before = found.facts()
    assert found.update(cost) == before["value"] == pytest.approx(math.expm1(2.0))
    assert found.facts() == before


def test_what_is_restored_is_what_was_kept():
    kept = {"value": 1.0, "sum": 2.0, "excess": 3.0, "cost": 4.0, "scale": 5.0, "updates": 6.0,
            "capped": 7.0, "rising": 8.0}  # fmt: skip
    found = multiplier()
    found.restore(kept)
    assert found.facts() == kept


def test_an_older_checkpoint_is_taken_up_with_the_multiplier_it_had():
    found = multiplier(integral=0.1)
    found.restore({"value": 2.0, "sum": 2.0, "excess": 0.0, "cost": 5.0})
    assert found.update(5.0) == pytest.approx(2.0)


# ------------------------------------------------------------------ a limit of 0, and no cost at all


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_limit_of_0_asks_for_less_until_there_is_none(unit):
    found = Multiplier(CostSettings(limit=0.0, smoothing=0.0, proportional=0.0, integral=0.1))
    rising = [found.update(cost * unit) for cost in (4.0, 2.0, 1.0)]
    assert rising == pytest.approx([math.expm1(0.1), math.expm1(0.15), math.expm1(0.175)])
    assert 0 < found.update(0.0) < rising[-1], "it lets go, slowly: who stands still learns nothing"


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_unit_of_a_cost_does_not_matter(unit):
    one, other = (Multiplier(CostSettings(limit=10.0 * size)) for size in (1.0, unit))
    for cost in (30.0, 12.0, 0.0, 8.0, 11.0):
        assert one.update(cost) == pytest.approx(other.update(cost * unit))


def test_a_cost_that_does_not_come_up_weighs_nothing():
    found = multiplier(integral=0.5)
    found.update(20.0)
    assert found.weight == found.value > 0
    found.update(0.0)
    assert found.value > found.weight == 0
    assert surrogate_weights({"a": found}) == {"surrogate": 1.0, "cost/a": 0.0}


# ------------------------------------------------------------------ what is of no avail


def test_a_multiplier_that_sits_at_its_cap_is_told():
    found = multiplier(integral=1.0, most=3.0)
    for update in range(12):
        assert (found.trouble("hits") == "") == (update < 10)
        found.update(20.0)
    assert found.trouble("hits").startswith(
        "The multiplier of hits has been at its most (3) for 12 updates, with 20 an episode of 10"
    )
    found.update(5.0)
    assert found.trouble("hits") == ""


def test_a_multiplier_that_creeps_is_told():
    found = multiplier(integral=0.001)
    for _ in range(20):
        found.update(12.0)
    assert "still rising at the end" in found.trouble("hits")
    assert "train longer, or raise costs.hits.integral" in found.trouble("hits")
    kept = multiplier(integral=0.001)
    for _ in range(20):
        kept.update(9.0)
    assert kept.trouble("hits") == "", "above its aim, and within its limit"


# ------------------------------------------------------------------ weights


def test_the_weights_are_shares():
    multipliers = {"a": multiplier(), "b": multiplier()}
    multipliers["a"].value, multipliers["b"].value = 0.5, 0.25
    found = surrogate_weights(multipliers)
    assert found == pytest.approx(
        {"surrogate": 1 / 1.75, "cost/a": 0.5 / 1.75, "cost/b": 0.25 / 1.75}
    )
    multipliers["a"].value = multipliers["b"].value = 0.0
    assert surrogate_weights(multipliers) == {"surrogate": 1.0, "cost/a": 0.0, "cost/b": 0.0}
