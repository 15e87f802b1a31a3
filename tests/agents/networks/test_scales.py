"""The units that a network works in: of what it sees, and of continuous actions."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.networks.policy import build_policy
from agents.networks.scales import ActionHead, Normaliser, fit_actions

WIDE = spaces.Box(-np.inf, np.inf, (1,), np.float32)


def scaled(numbers, space=WIDE, floor=None):
    """The numbers as a network sees them."""
    column = np.asarray(numbers)[:, None].astype(np.float32)
    normaliser = Normaliser(space)
    normaliser.fit(column, floor)
    return normaliser(torch.from_numpy(column)).numpy()[:, 0]


@pytest.mark.parametrize(
    ("unit", "offset"), [(1e-6, 0.0), (1.0, 5.0), (1e6, 0.0), (30.0, 101325.0)]
)
def test_what_is_seen_does_not_depend_on_its_unit(unit, offset):
    plain = np.random.default_rng(0).normal(size=3000)
    found = scaled(plain * unit + offset)
    assert found.mean() == pytest.approx(0.0, abs=0.01)
    assert found.std() == pytest.approx(1.0, abs=0.01), "a barometer's mean needs float64"


def test_what_is_rarely_another_is_not_blown_up():
    numbers = np.zeros(10_000)
    numbers[:3] = 7.0
    assert scaled(numbers).max() == pytest.approx(16.0, abs=0.1)
    numbers[:5000] = 7.0
    assert scaled(numbers).max() == pytest.approx(1.0), "half of the time it is a number as any"


@pytest.mark.parametrize(
    ("space", "always", "unit"),
    [
        (spaces.Box(-4.0, 8.0, (1,), np.float32), 3.0, 6.0),  # half of its bounds
        (WIDE, 3.0, 3.0),
        (WIDE, -0.01, 0.01),
        (WIDE, 0.0, 1.0),
    ],
)
def test_what_never_changed_is_measured_by_its_bounds_or_its_size(space, always, unit):
    normaliser = Normaliser(space)
    normaliser.fit(np.full((9, 1), always, np.float32), None)
    assert float(normaliser.scale) == pytest.approx(1 / unit)
    assert float(normaliser.mean) == pytest.approx(always)


def test_a_floor_that_is_given_is_one():
    assert np.ptp(scaled([0.0, 0.1], floor=0.5)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("low", "high", "center", "unit"),
    [
        (-1.0, 1.0, 0.0, 1.0),
        (-0.001, 0.001, 0.0, 0.001),
        (10.0, 10.5, 10.25, 0.25),
        (-1e9, 1e9, 0.3, 0.1),  # bounds that say nothing: as people acted
        (-np.inf, np.inf, 0.3, 0.1),
        (0.0, np.inf, 0.3, 0.1),
    ],
)
def test_actions_are_made_in_units_of_their_bounds_or_of_what_people_did(low, high, center, unit):
    space = spaces.Box(low, high, (1,), np.float32)
    acted = np.random.default_rng(0).normal(0.3, 0.1, (4000, 1))
    if high - low < 2 * 0.3:
        acted = acted * (high - low) + (low + high) / 2
    head = ActionHead(torch.nn.Linear(2, 1), 1)
    head.fit(space, acted)
    assert float(head.center) == pytest.approx(center, rel=0.05, abs=1e-6)
    assert float(head.unit) == pytest.approx(unit, rel=0.05)


def test_a_policy_acts_alike_in_every_unit():
    seen, acted = torch.randn(50, 4), np.random.default_rng(0).uniform(-1, 1, (50, 2))
    shown, made = spaces.Box(-9, 9, (4,), np.float32), []
    for unit in (1.0, 1e-3):
        torch.manual_seed(0)
        space = spaces.Box(-unit, unit, (2,), np.float32)
        policy = build_policy(shown, space, {"own_units": True})
        fit_actions(policy, acted * unit)
        found: Any = policy.get_distribution(seen).distribution
        made.append((found.mean / unit, found.stddev / unit))
    assert all(torch.allclose(a, b, rtol=1e-4) for a, b in zip(*made, strict=True))
    assert torch.allclose(made[0][1], torch.ones(50, 2)), "one unit of noise to begin with"
