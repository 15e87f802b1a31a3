"""The controller of a multiplier, steering costs that answer late: in numbers, beside a plain sum."""

from __future__ import annotations

import numpy as np
import pytest

from training.ppo.controllers.lagrange import CostSettings, Multiplier

PLANTS = {  # limit, how the cost grows with daring, speed of learning, what daring pays
    "even": (10.0, 2, 0.05, 1.0),
    "fast": (10.0, 2, 0.2, 1.0),
    "slow": (10.0, 2, 0.015, 1.0),
    "daring pays": (10.0, 2, 0.05, 3.0),
    "a narrow limit": (0.5, 4, 0.05, 1.0),
    "nearly kept": (20.0, 1, 0.05, 1.0),
}


class PlainSum(Multiplier):
    """The multiplier itself adds up, as it did before."""

    def update(self, cost: float) -> float:
        s, now = self.settings, self.state
        excess = (cost - self.aim) / self.aim
        smoothed = cost if now["cost"] < 0 else s.smoothing * now["cost"] + (1 - s.smoothing) * cost
        rise = 0.0 if now["cost"] < 0 else max(0.0, smoothed - now["cost"]) / self.aim
        now["cost"] = smoothed
        now["excess"] = s.smoothing * now["excess"] + (1 - s.smoothing) * excess
        now["sum"] = min(max(0.0, now["sum"] + s.integral * excess), s.most)
        wanted = s.proportional * now["excess"] + now["sum"] + s.derivative * rise
        self.value = min(max(0.0, wanted), s.most)
        return self.value


def steered(
    kind: type[Multiplier], plant: str, updates: int, unit: float = 1.0
) -> tuple[float, float]:
    """Cost at the end as a share of the limit, and daring as a share of what the aim allows."""
    limit, power, speed, pays = PLANTS[plant]
    random, found, daring = (
        np.random.default_rng(updates),
        kind(CostSettings(limit=limit * unit)),
        0.9,
    )
    costs, dared = [], []
    for update in range(updates):
        cost = 24 * (daring / 0.9) ** power
        found.update(max(0.0, unit * cost * (1 + 0.15 * random.normal())))
        reward, price = pays / (1 + found.weight), found.weight / (1 + found.weight)
        step = speed * (1 - update / updates) * (reward - price) / max(1.0, reward + price)
        daring = min(max(daring + step, 0.0), 1.2)
        costs.append(cost)
        dared.append(daring)
    last = max(5, updates // 5)
    allowed = 0.9 * (0.75 * limit / 24) ** (1 / power)
    return float(np.mean(costs[-last:]) / limit), float(np.mean(dared[-last:]) / allowed)


def table(kind: type[Multiplier]) -> np.ndarray:
    return np.array([steered(kind, plant, n) for plant in PLANTS for n in (40, 100, 250)])


def test_limits_are_kept_more_often_and_less_is_given_up_for_them():
    ours, plain = table(Multiplier), table(PlainSum)
    assert (ours[:, 0] <= 1).mean() >= 0.88
    assert (ours[:, 0] <= 1).mean() >= (plain[:, 0] <= 1).mean()
    assert np.minimum(ours[:, 1], 1).mean() > np.minimum(plain[:, 1], 1).mean() + 0.05


@pytest.mark.parametrize("unit", [1e-6, 1e6])
@pytest.mark.parametrize("plant", PLANTS)
def test_the_unit_of_the_cost_does_not_matter(plant, unit):
    assert steered(Multiplier, plant, 100, unit) == pytest.approx(steered(Multiplier, plant, 100))
