"""Several choices at once: the same numbers as Stable-Baselines3's distribution, faster."""

import pytest
import torch
from stable_baselines3.common.distributions import MultiCategoricalDistribution, kl_divergence

from agents.networks.multi_categorical import FastMultiCategorical

COUNTS = [9, 4, 2]


def both(seed=0, rows=200, size=3.0):
    torch.manual_seed(seed)
    logits = size * torch.randn(rows, sum(COUNTS))
    theirs = MultiCategoricalDistribution(COUNTS).proba_distribution(logits)
    return FastMultiCategorical(COUNTS, logits), theirs


def test_likelihood_entropy_and_mode_are_those_of_sb3():
    ours, theirs = both()
    actions = torch.stack([torch.randint(count, (200,)) for count in COUNTS], 1)
    assert torch.allclose(ours.log_prob(actions), theirs.log_prob(actions), atol=1e-5)
    assert torch.allclose(ours.log_prob(actions.float()), theirs.log_prob(actions), atol=1e-5)
    assert torch.allclose(ours.entropy(), theirs.entropy(), atol=1e-5)
    assert torch.equal(ours.mode(), theirs.mode())
    assert torch.equal(ours.get_actions(deterministic=True), theirs.mode())
    for mine, other in zip(ours.distribution, theirs.distribution, strict=True):
        assert torch.allclose(mine.probs, other.probs, atol=1e-6)


def test_the_divergence_is_that_of_sb3():
    (ours, theirs), (our_other, their_other) = both(1), both(2)
    expected = kl_divergence(theirs, their_other)
    assert torch.allclose(ours.divergence(our_other), expected, atol=1e-4, rtol=1e-5)


def test_samples_come_as_often_as_they_are_likely():
    ours, _ = both(3, rows=1, size=1.0)
    torch.manual_seed(0)
    many = FastMultiCategorical(COUNTS, ours.log_probs.repeat(40_000, 1)).sample()
    at = 0
    for part, count in enumerate(COUNTS):
        shares = torch.bincount(many[:, part], minlength=count) / len(many)
        assert shares.tolist() == pytest.approx(ours.probs[0, at : at + count].tolist(), abs=0.01)
        at += count


def test_gradients_reach_the_logits():
    torch.manual_seed(4)
    logits = torch.randn(8, sum(COUNTS), requires_grad=True)
    actions = torch.zeros(8, len(COUNTS))
    FastMultiCategorical(COUNTS, logits).log_prob(actions).sum().backward()
    assert logits.grad is not None
    assert torch.allclose(logits.grad.sum(1), torch.zeros(8), atol=1e-5)
    assert (logits.grad[:, 0] > 0).all()
