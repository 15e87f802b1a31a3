"""Returns of recordings by hand: the discount, the ends, and how far back what is unknown reaches."""

import math

import numpy as np
import pytest
import torch

from tests.training.support.toys import toy_arrays
from training.imitation.returns import recorded_returns, return_scale


def arrays(rewards, length, terminated=True, costs=None):
    """Recordings whose one term is given, in episodes of equal length."""
    steps = len(rewards)
    return toy_arrays(
        np.zeros(steps),
        np.zeros((steps, 1)),
        length,
        terminated,
        terms={"a": np.array(rewards, float), "b": np.ones(steps)},
        costs=costs or {},
    )


def test_what_followed_is_discounted_step_by_step_and_ends_with_its_episode():
    found = recorded_returns(arrays([1, 2, 4, 8, 16, 32], 3), {"a": 1.0}, 0.5)
    assert found[:, 0].tolist() == [1 + 1 + 1, 2 + 2, 4, 8 + 8 + 8, 16 + 16, 32]
    assert found.shape == (6, 1)
    assert found.dtype == np.float64


def test_terms_are_weighed_and_costs_stand_beside_them_unweighed():
    given = arrays([1, 2], 2, costs={"x": np.array([3.0, 4.0]), "y": np.array([5.0, 6.0])})
    found = recorded_returns(given, {"a": 2.0, "b": -1.0}, 0.5, ["y"])
    assert found.tolist() == [[1 + 1.5, 5 + 3.0], [3.0, 6.0]]


def test_without_weights_the_reward_is_nothing():
    assert recorded_returns(arrays([1, 2], 2), {}, 0.5).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize(
    ("gamma", "unknown"),
    [
        (0.5, 7),  # 0.5^6 is 1.6 %, 0.5^7 is 0.8 %
        (0.1, 2),  # 0.1^2 is 1 %
        (0.099, 2),
        (0.11, 3),
        (1.0, 20),
        (0.999, 20),  # more than there is
    ],
)
def test_of_what_was_cut_off_the_last_steps_are_unknown(gamma, unknown):
    found = recorded_returns(arrays([1.0] * 20, 20, terminated=False), {"a": 1.0}, gamma)
    assert np.isnan(found[:, 0]).sum() == unknown
    assert np.isnan(found[20 - unknown :, 0]).all()
    assert found[: 20 - unknown, 0] == pytest.approx(
        [sum(gamma**k for k in range(20 - t)) for t in range(20 - unknown)]
    )


def test_what_is_unknown_does_not_reach_into_the_episode_before():
    given = arrays([1.0] * 6, 3, terminated=False)
    given.terminated[0] = True
    found = recorded_returns(given, {"a": 1.0}, 0.5)
    assert np.isnan(found[:, 0]).tolist() == [False] * 3 + [True] * 3


# ------------------------------------------------------------------ the scale


@pytest.mark.parametrize(
    ("column", "scale"),
    [
        ([1.0, 3.0], 1.0),  # a deviation of 1
        ([1.0, 5.0], 0.5),
        ([4.0, 4.0], 1.0),
        ([0.0, 1.9e-6], 1.0),  # a deviation of next to nothing is none
        ([0.0, 2.0e-6], 1.0),
        ([0.0, 2.1e-6], 1 / 1.05e-6),
        ([math.nan, 1.0, 5.0], 0.5),
        ([math.nan, math.nan], 1.0),
        ([5.0, math.nan], 1.0),
    ],
)
def test_the_scale_is_one_over_the_deviation_of_what_is_known(column, scale):
    found = return_scale(np.array([column]).T)
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx([scale], rel=1e-5)


def test_each_column_has_its_own_scale():
    assert return_scale(np.array([[1.0, 0.0], [3.0, 8.0]])).tolist() == [1.0, 0.25]
