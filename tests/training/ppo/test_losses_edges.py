"""Each part of the loss at its edges: just within the clip, at it and beyond, and what each formula says."""

import math

import pytest
import torch
from stable_baselines3.common.distributions import (
    BernoulliDistribution,
    CategoricalDistribution,
    DiagGaussianDistribution,
    MultiCategoricalDistribution,
    SquashedDiagGaussianDistribution,
)
from torch import Tensor, tensor
from torch.distributions import Categorical, kl_divergence

from agents.networks.multi_categorical import FastMultiCategorical
from training.ppo import losses

CLIP = 0.2


def pull(ratio: float, advantage: float) -> tuple[float, float]:
    """The surrogate of one sample, and its slope in the ratio."""
    log_ratio = tensor([ratio], dtype=torch.float64).log().requires_grad_()
    found = losses.surrogate(log_ratio, tensor([advantage], dtype=torch.float64), CLIP)
    (slope,) = torch.autograd.grad(found, log_ratio)
    return float(found.detach()), float(slope) / ratio


# ------------------------------------------------------------------ the clip


@pytest.mark.parametrize(
    ("ratio", "advantage", "value", "slope"),
    [
        (1.0, 2.0, -2.0, -2.0),
        (1.19, 2.0, -2.38, -2.0),  # just within
        (1.21, 2.0, -2.4, 0.0),  # just beyond: no more to be gained
        (0.79, 2.0, -1.58, -2.0),  # worse than it was: never clipped
        (1.21, -2.0, 2.42, 2.0),  # the same the other way round
        (0.81, -2.0, 1.62, 2.0),
        (0.79, -2.0, 1.6, 0.0),
        (1.0, 0.0, 0.0, 0.0),
    ],
)
def test_nothing_is_gained_beyond_the_clip(ratio, advantage, value, slope):
    assert pull(ratio, advantage) == pytest.approx((value, slope))


def test_the_surrogate_is_the_mean_of_its_samples():
    log_ratio = tensor([1.5, 1.0, 0.5]).log()
    found = losses.surrogate(log_ratio, tensor([1.0, 3.0, -1.0]), CLIP)
    assert float(found) == pytest.approx(-(1.2 + 3.0 - 0.8) / 3)


# ------------------------------------------------------------------ the sum of the parts


def test_a_part_that_weighs_nothing_is_not_even_looked_at():
    parts = {"a": tensor(2.0), "b": tensor(torch.nan)}
    assert losses.total(parts, {"a": 3.0, "b": 0.0}) == 6.0


@pytest.mark.parametrize("weight", [1.0, 1e-9, -1.0])
def test_a_part_that_weighs_anything_counts(weight):
    assert float(losses.total({"a": tensor(4.0)}, {"a": weight})) == pytest.approx(4 * weight)


@pytest.mark.parametrize("weights", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}])
def test_a_part_without_a_weight_is_a_mistake_and_a_weight_without_a_part(weights):
    with pytest.raises(ValueError, match="differ"):
        losses.total({"a": tensor(1.0), "b": tensor(1.0)}, weights)


# ------------------------------------------------------------------ standardising


def test_a_single_advantage_is_left_as_it_is():
    assert torch.equal(losses.standardise(tensor([5.0])), tensor([5.0]))


def test_two_advantages_are_standardised():
    found = losses.standardise(tensor([3.0, 5.0], dtype=torch.float64))
    half = 1 / math.sqrt(2)  # SB3 divides by n - 1
    assert found.tolist() == pytest.approx([-half, half])


def test_equal_advantages_are_nothing_and_almost_equal_ones_stay_small():
    """SB3 adds 1e-8 to the deviation, so that rounding is not blown up."""
    assert losses.standardise(torch.full((4,), 3.0)).tolist() == [0.0] * 4
    found = losses.standardise(tensor([0.0, 1e-8], dtype=torch.float64))
    assert float(found[1]) == pytest.approx(0.5e-8 / (1e-8 / math.sqrt(2) + 1e-8))


# ------------------------------------------------------------------ values and entropy


def test_the_error_of_values_is_the_mean_square():
    assert float(losses.value_error(tensor([1.0, 2.0]), tensor([3.0, 1.0]))) == 2.5


def test_entropy_is_asked_for_by_being_subtracted():
    even = CategoricalDistribution(4).proba_distribution(torch.zeros(3, 4))
    assert float(losses.negative_entropy(even, torch.zeros(3))) == pytest.approx(-math.log(4))


def test_entropy_without_a_formula_is_estimated_from_the_samples():
    squashed = SquashedDiagGaussianDistribution(2).proba_distribution(
        torch.zeros(3, 2), torch.zeros(3, 2)
    )
    assert float(losses.negative_entropy(squashed, tensor([-1.0, -2.0, -6.0]))) == -3.0


# ------------------------------------------------------------------ divergence

P = tensor([[0.5, 0.25, 0.25, 0.9, 0.1], [0.2, 0.3, 0.5, 0.4, 0.6]])
Q = tensor([[0.2, 0.3, 0.5, 0.5, 0.5], [0.5, 0.25, 0.25, 0.3, 0.7]])


def relative(p: Tensor, q: Tensor) -> Tensor:
    return (p * (p / q).log()).sum(-1)


def categorical(probabilities):
    return CategoricalDistribution(3).proba_distribution(probabilities[:, :3].log())


def test_categorical():
    expected = relative(P[:, :3], Q[:, :3])
    assert torch.allclose(losses.divergence(categorical(P), categorical(Q)), expected)


@pytest.mark.parametrize("ours", ["fast", "stable"])
@pytest.mark.parametrize("theirs", ["fast", "stable"])
def test_several_choices_at_once(ours, theirs):
    """Both kinds of a distribution of several choices, and one against the other."""

    def made(kind, probabilities):
        if kind == "fast":
            return FastMultiCategorical([3, 2], probabilities.log())
        return MultiCategoricalDistribution([3, 2]).proba_distribution(probabilities.log())

    expected = relative(P[:, :3], Q[:, :3]) + relative(P[:, 3:], Q[:, 3:])
    assert torch.allclose(losses.divergence(made(ours, P), made(theirs, Q)), expected, atol=1e-6)


def test_switches_add_up_over_the_actions():
    p, q = (BernoulliDistribution(5).proba_distribution(x.logit()) for x in (P, Q))
    expected = (relative(torch.stack([P, 1 - P], -1), torch.stack([Q, 1 - Q], -1))).sum(-1)
    assert torch.allclose(losses.divergence(p, q), expected, atol=1e-6)


def test_gaussians_add_up_over_the_actions():
    def made(mean, spread):
        return DiagGaussianDistribution(2).proba_distribution(mean, tensor(spread).log())

    found = losses.divergence(
        made(torch.zeros(1, 2), [1.0, 1.0]), made(torch.ones(1, 2), [1.0, 2.0])
    )
    expected = 0.5 + math.log(2) + (1 + 1) / (2 * 4) - 0.5
    assert found.shape == (1,)
    assert float(found) == pytest.approx(expected)


def test_one_number_a_state_stays_one_number_a_state():
    """A categorical of torch's, as a policy of somebody else may have: nothing is left to add up."""

    class Plain:
        def __init__(self, probabilities):
            self.distribution = Categorical(probabilities[:, :3])

    p, q = Plain(P), Plain(Q)
    found = losses.divergence(p, q)  # type: ignore[arg-type]
    assert torch.equal(found, kl_divergence(p.distribution, q.distribution))
    assert torch.allclose(losses.divergence(categorical(P), q), found)  # type: ignore[arg-type]


def test_distributions_of_other_choices_are_no_pair():
    longer = MultiCategoricalDistribution([3, 2]).proba_distribution(P.log())
    shorter = MultiCategoricalDistribution([3]).proba_distribution(P[:, :3].log())
    with pytest.raises(ValueError, match="zip"):
        losses.divergence(longer, shorter)
