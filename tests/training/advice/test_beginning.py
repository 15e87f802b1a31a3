"""A clone that is no better than chance, or that knows one action alone, is nothing to begin with."""

import numpy as np
import pytest

from training.advice.beginning import always_the_same, no_better_than_chance

CHANCE = np.array([18.0, 22.0, 25.0, 15.0, 20.0, 21.0, 19.0, 24.0])


@pytest.mark.parametrize(("others", "said"), [(0, True), (1, True), (2, False), (500, False)])
def test_one_choice_in_a_thousand_is_no_other(others, said):
    chosen = np.zeros(1000, np.int64)
    chosen[:others] = 1
    assert always_the_same(chosen) is said


def test_several_choices_at_once_are_the_same_only_together():
    pairs = np.array([[0, 1]] * 500 + [[1, 1]] * 500)
    assert not always_the_same(pairs)
    assert always_the_same(pairs[:500])


@pytest.mark.parametrize(("noise", "said"), [(0.0, True), (0.009, True), (0.011, False)])
def test_continuous_actions_are_measured_in_their_unit(noise, said):
    acted = np.column_stack([np.full(1000, 3.0), 5 + noise * np.tile([-1.0, 1.0], 500)])
    assert always_the_same(acted, np.array([1.0, 10.0])) is said


def test_a_clone_that_is_reliably_better_is_one():
    assert not no_better_than_chance(CHANCE + 5, CHANCE, None, "return")
    assert not no_better_than_chance(CHANCE + 5, CHANCE, CHANCE - 9, "return")


def test_a_clone_that_is_not_is_none_unless_people_were_better():
    lucky = CHANCE + np.array([40.0, -5, 3, -2, 0, 1, -1, 0])
    said = no_better_than_chance(lucky, CHANCE, CHANCE[::-1], "return")
    assert "the clone reaches 25 return, the recordings 20.5, " in said
    assert "has learned nothing 20.5" in said
    assert no_better_than_chance(CHANCE, CHANCE, None, "return")
    assert not no_better_than_chance(CHANCE, CHANCE, CHANCE + 30, "return")


def test_where_nobody_scores_the_clone_is_nothing_to_begin_with():
    nothing = np.zeros(8)
    assert no_better_than_chance(nothing, nothing, nothing, "won")
    assert not no_better_than_chance(nothing, nothing, np.ones(8), "won")
