"""Costs with limits: each has its own multiplier, moved by a controller that looks ahead.

A multiplier alone, raised while the cost is above its limit, swings about the limit (the plain Lagrangian). A
controller with a proportional and a derivative part damps it: Stooke, Achiam, Abbeel, "Responsive Safety in
Reinforcement Learning by PID Lagrangian Methods", ICML 2020.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field, model_validator

from training.settings import Settings

LEAST = 1e-9  # that training may aim at: an excess is told in shares of it


class CostSettings(Settings):
    """One cost's limit and the controller of its multiplier."""

    limit: float = Field(gt=0, allow_inf_nan=True)
    """Most that the cost may be, per episode; inf is no limit. [as the cost]"""
    tighten: float = Field(0.75, gt=0, le=1)
    """Part of the limit that training aims at: people it has not met may cost more than those it
    trains with. [share]"""
    proportional: float = Field(0.5, ge=0)
    """Gain on the smoothed excess, as a share of the aim."""
    integral: float = Field(0.1, ge=0)
    """Gain on the excess's sum over updates."""
    derivative: float = Field(0.5, ge=0)
    """Gain on the cost's rise, as a share of the aim."""
    smoothing: float = Field(0.7, ge=0, lt=1)
    """What stays of the old when cost and rise are averaged. [share]"""
    most: float = Field(20.0, gt=0)
    """Largest multiplier."""
    stop_when_spent: bool = False
    """End a training episode (terminated) once it has cost its limit."""

    @model_validator(mode="after")
    def _aimed(self) -> CostSettings:
        if self.limit * self.tighten < LEAST:
            raise ValueError(f"training would aim at less than {LEAST:g}, which is nothing")
        return self


def finite(costs: Mapping[str, CostSettings]) -> dict[str, CostSettings]:
    """The costs that have a limit: one of infinity is none, and what it is of is trained as if unnamed."""
    return {name: cost for name, cost in costs.items() if math.isfinite(cost.limit)}


@dataclass
class Multiplier:
    """The multiplier of one cost, in units of the reward's deviation per cost's deviation."""

    settings: CostSettings
    value: float = 0.0
    state: dict[str, float] = field(
        default_factory=lambda: {"sum": 0.0, "excess": 0.0, "cost": -1.0}
    )

    @property
    def aim(self) -> float:
        """Cost per episode that training aims at."""
        return self.settings.limit * self.settings.tighten

    def update(self, cost: float) -> float:
        """Take an update's mean cost per episode; returns the new multiplier, never negative.

        The rise counts only upwards, so that a falling cost is not held up by the controller (Stooke et al.).
        """
        if not math.isfinite(cost):  # it says nothing, and would never be forgotten
            return self.value
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

    def facts(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {**self.state, "value": self.value}

    def restore(self, facts: Mapping[str, float]) -> None:
        """Put back what `facts` gave."""
        self.value = facts["value"]
        self.state = {name: facts[name] for name in self.state}


def surrogate_weights(multipliers: Mapping[str, Multiplier]) -> dict[str, float]:
    """Weights of the reward's and each cost's surrogate: 1 and the multipliers, divided by their sum.

    The division keeps the size of a step the same however high a multiplier climbs (as Stooke et al. do).
    """
    whole = 1.0 + sum(m.value for m in multipliers.values())
    costs = {f"cost/{name}": m.value / whole for name, m in multipliers.items()}
    return {"surrogate": 1.0 / whole, **costs}
