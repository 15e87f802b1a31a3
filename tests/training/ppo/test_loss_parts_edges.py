"""The parts of the loss: which there are, when each is computed, and what each is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from stable_baselines3.common.distributions import CategoricalDistribution
from torch import Tensor, tensor

from training.ppo import losses
from training.ppo.losses import LossPart, PolicyOutputs, ValueOutputs

POLICY, CLONE = tensor([[0.5, 0.5], [0.2, 0.8]]), tensor([[0.9, 0.1], [0.6, 0.4]])


def categorical(probabilities: Tensor) -> CategoricalDistribution:
    return CategoricalDistribution(2).proba_distribution(probabilities.log())


def outputs(**changes: Any) -> PolicyOutputs:
    """Two samples of a policy and its clone; the ratios are 1.5 and 1."""
    known: dict[str, Any] = {
        "policy": categorical(POLICY),
        "clone": categorical(CLONE),
        "log_prob": tensor([-1.0, -2.0]),
        "log_ratio": tensor([1.5, 1.0]).log(),
        "advantages": tensor([1.0, 3.0]),
        "cost_advantages": {"a": tensor([2.0, 0.0]), "b": tensor([0.0, -4.0])},
        "clip": 0.2,
        "demonstrated": lambda: tensor([-0.5, -1.5]),
    }
    return PolicyOutputs(**{**known, **changes})


def part(name: str, costs: Sequence[str] = (), **changes: Any) -> float:
    return float(losses.policy_parts(costs)[name].of(outputs(**changes)))


def relative(p: Tensor, q: Tensor) -> float:
    return float((p * (p / q).log()).sum(1).mean())


def test_the_parts_there_are():
    assert list(losses.policy_parts([])) == [
        "surrogate", "entropy", "kl_clone", "kl_clone_reverse", "imitation",
    ]  # fmt: skip
    assert list(losses.policy_parts(["a", "b"]))[5:] == ["cost/a", "cost/b"]
    assert losses.scheduled_parts() == ["entropy", "kl_clone", "kl_clone_reverse", "imitation"]
    assert list(losses.value_parts([])) == ["value"]
    assert list(losses.value_parts(["a"])) == ["value", "cost_value"]


def test_what_costs_time_is_computed_only_where_it_counts():
    always = [name for name, part in losses.policy_parts(["a"]).items() if part.always]
    assert always == ["surrogate", "entropy", "kl_clone", "cost/a"]
    assert all(part.always for part in losses.value_parts(["a"]).values())


def test_what_each_part_of_the_policys_loss_is():
    assert part("surrogate") == pytest.approx(-(1.2 + 3) / 2)
    assert part("entropy") == pytest.approx(float((POLICY * POLICY.log()).sum(1).mean()))
    assert part("kl_clone") == pytest.approx(relative(POLICY, CLONE))
    assert part("kl_clone_reverse") == pytest.approx(relative(CLONE, POLICY))
    assert part("imitation") == 1.0
    for name in ("kl_clone", "kl_clone_reverse"):
        assert part(name, clone=None) == 0.0


def test_a_cost_is_to_fall_each_by_its_own_advantages():
    """Its surrogate is the reward's with the sign turned: a ratio of 1.5 is not clipped where it harms."""
    assert part("cost/a", ["a", "b"]) == pytest.approx((1.5 * 2) / 2)
    assert part("cost/b", ["a", "b"]) == pytest.approx((1.0 * -4) / 2)


def test_what_each_part_of_the_values_loss_is():
    found = ValueOutputs(
        tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        tensor([2.0, 5.0]),
        tensor([[2.0, 3.0], [5.0, 9.0]]),
    )
    parts = losses.value_parts(["a", "b"])
    assert float(parts["value"].of(found)) == 1.0
    assert float(parts["cost_value"].of(found)) == 2.25


# ------------------------------------------------------------------ when it is computed


@pytest.mark.parametrize(
    ("always", "weight", "value"),
    [(True, 0.0, 7.0), (True, 1.0, 7.0), (False, 0.0, 0.0), (False, 1e-9, 7.0), (False, -1.0, 7.0)],
)
def test_a_part_is_computed_where_it_counts_or_is_logged(always, weight, value):
    made = {"a": LossPart(lambda found: found, always=always)}
    (found,) = losses.evaluate_parts(made, tensor(7.0), {"a": weight}).values()
    assert float(found) == value
    assert found.shape == torch.Size([])


@pytest.mark.parametrize("weights", [{}, {"a": 1.0, "b": 1.0}])
def test_parts_and_weights_have_the_same_names(weights):
    with pytest.raises(ValueError, match="differ"):
        losses.evaluate_parts({"a": LossPart(lambda found: found)}, tensor(7.0), weights)


def test_a_part_is_scheduled_and_always_computed_unless_told():
    made = LossPart(lambda found: found)
    assert (made.scheduled, made.always) == (True, True)
