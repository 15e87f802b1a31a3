"""How strongly the policy is held near its clone."""

import pytest

from training.ppo.controllers.kl_anchor import LEAST, AnchorSettings, KLAnchor


def anchor(start=0.1, **settings):
    return KLAnchor(AnchorSettings.model_validate(settings), start)


def test_with_neither_target_nor_budget_the_schedule_rules():
    found = anchor()
    found.update(5.0)
    assert found.weight(0.03) == 0.03


def test_beyond_the_target_it_pulls_harder_and_within_it_lets_go():
    found = anchor(target=0.2)
    found.update(0.8)
    assert found.weight(0.0) == pytest.approx(0.12)
    for _ in range(100):
        found.update(0.01)
    assert found.weight(0.0) == LEAST


def test_at_the_target_it_stays():
    found = anchor(target=0.2)
    found.update(0.2)
    assert found.weight(0.0) == 0.1


def test_an_overdrawn_budget_pulls_however_low_the_schedule_is():
    found = anchor(start=0.01, budget=0.5)
    for _ in range(10):
        found.update(0.9)
    assert found.weight(0.0) > 0.3


def test_a_restored_anchor_goes_on_as_if_nothing_had_happened():
    whole, stopped = anchor(target=0.2), anchor(target=0.2)
    for found in (whole, stopped):
        found.update(0.9)
    resumed = anchor(target=0.2)
    resumed.restore(stopped.facts())
    resumed.update(0.5)
    whole.update(0.5)
    assert resumed.weight(0.0) == whole.weight(0.0)
