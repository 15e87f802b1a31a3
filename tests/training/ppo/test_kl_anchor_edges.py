"""The anchor at its edges: target, budget, the largest change, and the bounds of the coefficient."""

from typing import Any

import pytest
from pydantic import ValidationError

from training.ppo.controllers.kl_anchor import (
    LEAST,
    MOST,
    OVER_BUDGET,
    STEP,
    AnchorSettings,
    KLAnchor,
)


def anchor(start: float = 1.0, **settings: Any) -> KLAnchor:
    return KLAnchor(AnchorSettings.model_validate(settings), start)


def factor(distance: float, **settings: Any) -> float:
    """What one update multiplies the coefficient by."""
    found = anchor(**settings)
    found.update(distance)
    return found.coefficient


def test_the_figures_of_the_paper():
    assert (STEP, OVER_BUDGET, LEAST, MOST) == (0.2, 1.5, 1e-4, 10.0)


@pytest.mark.parametrize("name", ["target", "budget"])
def test_settings_at_their_bounds(name):
    assert AnchorSettings().model_dump() == {"target": None, "budget": None}
    assert getattr(AnchorSettings.model_validate({name: 1e-9}), name) == 1e-9
    for wrong in (0.0, -1.0):
        with pytest.raises(ValidationError):
            AnchorSettings.model_validate({name: wrong})


# ------------------------------------------------------------------ the target


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (0.0, 0.8),  # an error of -1: the most it lets go
        (0.25, 0.9),
        (0.49, 0.996),
        (0.5, 1.0),
        (0.51, 1.004),
        (0.75, 1.1),
        (0.99, 1.196),
        (1.0, 1.2),  # an error of 1: the most it pulls
        (1.01, 1.2),
        (9.0, 1.2),
        (-9.0, 0.8),  # an estimate of a distance may be below nothing
    ],
)
def test_the_change_is_in_proportion_to_the_error_and_bounded(distance, expected):
    assert factor(distance, target=0.5) == pytest.approx(expected)


# ------------------------------------------------------------------ the budget


@pytest.mark.parametrize(("distance", "expected"), [(0.29, 0.8), (0.3, 0.8), (0.31, 1.5)])
def test_the_budget_pulls_once_it_is_overdrawn(distance, expected):
    assert factor(distance, budget=0.3) == pytest.approx(expected)


@pytest.mark.parametrize(("distance", "expected"), [(0.25, 0.9), (0.3, 0.92), (0.31, 1.5)])
def test_a_budget_beside_a_target_speaks_only_when_it_is_overdrawn(distance, expected):
    assert factor(distance, target=0.5, budget=0.3) == pytest.approx(expected)


def test_with_neither_nothing_changes():
    assert factor(9.0) == 1.0


# ------------------------------------------------------------------ the bounds


@pytest.mark.parametrize(
    ("start", "coefficient"), [(0.0, LEAST), (LEAST / 2, LEAST), (2 * LEAST, 2 * LEAST), (1e9, 1e9)]
)
def test_it_begins_where_it_is_told_but_not_below_the_least(start, coefficient):
    assert anchor(start).coefficient == coefficient


@pytest.mark.parametrize(
    ("start", "distance", "coefficient"),
    [
        (1.2e-4, 0.0, 1e-4),
        (1.3e-4, 0.0, 1.04e-4),
        (6.6, 1.0, 9.9),
        (6.7, 1.0, 10.0),
        (9.9, 1.0, 10.0),
        (1e9, 0.5, 10.0),
    ],
)
def test_an_update_keeps_it_within_its_bounds(start, distance, coefficient):
    found = anchor(start, budget=0.5)
    found.update(distance)
    assert found.coefficient == pytest.approx(coefficient)


# ------------------------------------------------------------------ the weight


def test_a_target_overrides_the_schedule():
    assert anchor(0.5, target=1.0).weight(3.0) == 0.5


@pytest.mark.parametrize(
    ("coefficient", "distance", "scheduled", "weight"),
    [
        (0.5, 0.2, 0.1, 0.5),  # the greater of the two
        (0.5, 0.2, 0.9, 0.9),
        (0.5, 0.0, 0.1, 0.1),  # before the first update the schedule rules
        (0.5, 1e-9, 0.1, 0.5),
        (LEAST, 0.2, 0.0, 0.0),  # let go of altogether: a schedule of nothing is nothing
        (1.01 * LEAST, 0.2, 0.0, 1.01 * LEAST),
    ],
)
def test_a_budget_speaks_beside_the_schedule(coefficient, distance, scheduled, weight):
    found = anchor(budget=1.0)
    found.restore({"coefficient": coefficient, "distance": distance})
    assert found.weight(scheduled) == weight


def test_without_a_budget_the_schedule_rules_whatever_the_coefficient():
    found = anchor(2.0)
    found.update(0.7)
    assert found.weight(0.1) == 0.1


def test_what_is_restored_is_what_was_kept():
    found = anchor()
    assert found.facts() == {"coefficient": 1.0, "distance": 0.0}
    found.restore({"coefficient": 3.0, "distance": 4.0})
    assert (found.coefficient, found.distance) == (3.0, 4.0)
    assert found.facts() == {"coefficient": 3.0, "distance": 4.0}
