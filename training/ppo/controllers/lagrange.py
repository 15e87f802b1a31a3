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
MOST_EXCESS = (
    3.0  # as a share of the aim: it rises little faster than it can fall, by 1 at the most
)
RELEASE = 0.1  # how fast a multiplier of a limit of 0 falls while there is no cost
HIGH = 50.0  # of log(1 + multiplier), before it is cut off
NOTHING = 1e-3  # of the largest cost there was: less than that, smoothed, is none
PATIENCE = 10  # updates of no avail that are nothing to speak of
LONG = 1 / 3  # of all updates, which are


class CostSettings(Settings):
    """One cost's limit and the controller of its multiplier."""

    limit: float = Field(ge=0, allow_inf_nan=True)
    """Most that the cost may be, per episode; 0 is never, inf is no limit. [as the cost]"""
    tighten: float = Field(0.75, gt=0, le=1)
    """Part of the limit that training aims at: people it has not met may cost more than those it
    trains with. [share]"""
    proportional: float = Field(0.5, ge=0)
    """Gain of log(1 + multiplier) on the smoothed excess, as a share of the aim."""
    integral: float = Field(0.1, ge=0)
    """Gain of log(1 + multiplier) on the excess's sum over updates."""
    derivative: float = Field(0.5, ge=0)
    """Gain of log(1 + multiplier) on the cost's rise, as a share of the aim."""
    smoothing: float = Field(0.7, ge=0, lt=1)
    """What stays of the old when cost and rise are averaged. [share]"""
    most: float = Field(20.0, gt=0)
    """Largest multiplier."""
    stop_when_spent: bool = False
    """End a training episode (terminated) once it has cost its limit."""

    @model_validator(mode="after")
    def _aimed(self) -> CostSettings:
        if 0 < self.limit * self.tighten < LEAST or (self.limit and not self.limit * self.tighten):
            raise ValueError(f"training would aim at less than {LEAST:g}, which is nothing")
        return self


def finite(costs: Mapping[str, CostSettings]) -> dict[str, CostSettings]:
    """The costs that have a limit: one of infinity is none, and what it is of is trained as if unnamed."""
    return {name: cost for name, cost in costs.items() if math.isfinite(cost.limit)}


@dataclass
class Multiplier:
    """The multiplier of one cost, in units of the reward's deviation per cost's deviation.

    The controller moves the logarithm of 1 + multiplier, so that the weight that is left to the reward falls,
    and comes back, by the same factor an update however high it stands. A plain sum that ran up to 20 while
    the cost was far above its aim would come down by no more than its gain an update: the agent learns to
    stand still meanwhile. In `tests/training/ppo/test_lagrange_plant.py` both steer the same costs.
    """

    settings: CostSettings
    value: float = 0.0
    state: dict[str, float] = field(
        default_factory=lambda: {
            "sum": 0.0,  # the integral part, as log(1 + sum)
            "excess": 0.0,  # smoothed, as a share of the aim
            "cost": -1.0,  # smoothed; -1 before the first
            "scale": 0.0,  # the largest cost there was, for a limit of 0
            "updates": 0.0,
            "capped": 0.0,  # updates in a row at the cap with the cost above its limit
            "rising": 0.0,  # updates in a row in which the sum rose with the cost above its limit
        }
    )

    @property
    def aim(self) -> float:
        """Cost per episode that training aims at."""
        return self.settings.limit * self.settings.tighten

    @property
    def weight(self) -> float:
        """What the cost's surrogate weighs: nothing while no cost comes up, for it would only be noise."""
        return 0.0 if self.state["cost"] == 0 else self.value

    def update(self, cost: float) -> float:
        """Take an update's mean cost per episode; returns the new multiplier, never negative.

        The rise counts only upwards, so that a falling cost is not held up by the controller (Stooke et al.).
        """
        if not math.isfinite(cost):  # it says nothing, and would never be forgotten
            return self.value
        s, now = self.settings, self.state
        now["scale"] = max(now["scale"], cost)
        unit = self.aim or now["scale"] or 1.0  # a limit of 0 is told in shares of the largest cost
        excess = min((cost - self.aim) / unit, MOST_EXCESS) if self.aim or cost else -RELEASE
        smoothed = cost if now["cost"] < 0 else s.smoothing * now["cost"] + (1 - s.smoothing) * cost
        rise = 0.0 if now["cost"] < 0 else max(0.0, smoothed - now["cost"]) / unit
        now["cost"] = smoothed if cost or smoothed > NOTHING * now["scale"] else 0.0
        now["excess"] = s.smoothing * now["excess"] + (1 - s.smoothing) * excess
        now["sum"] = min(max(0.0, now["sum"] + s.integral * excess), math.log1p(s.most))
        wanted = s.proportional * now["excess"] + now["sum"] + s.derivative * rise
        self.value = min(math.expm1(min(max(0.0, wanted), HIGH)), s.most)
        self._watch(smoothed, excess)
        return self.value

    def _watch(self, cost: float, excess: float) -> None:
        """Count for how long it has been of no avail."""
        now, over = self.state, cost > self.settings.limit
        now["updates"] += 1
        now["capped"] = now["capped"] + 1 if over and self.value >= self.settings.most else 0.0
        now["rising"] = now["rising"] + 1 if over and excess > 0 else 0.0

    def trouble(self, name: str) -> str:
        """What is wrong with it at the end of a training, in a sentence; nothing if the limit is kept."""
        now, s = self.state, self.settings
        if now["capped"] >= PATIENCE:
            return (
                f"The multiplier of {name} has been at its most ({s.most:g}) for {now['capped']:.0f} "
                f"updates, with {now['cost']:.3g} an episode of {s.limit:g}: raise costs.{name}.most, or "
                "the limit is out of reach."
            )
        if now["rising"] >= max(PATIENCE, LONG * now["updates"]):
            return (
                f"The multiplier of {name} was still rising at the end ({self.value:.2g} after "
                f"{now['rising']:.0f} updates above the limit, with {now['cost']:.3g} an episode of "
                f"{s.limit:g}): train longer, or raise costs.{name}.integral."
            )
        return ""

    def facts(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {**self.state, "value": self.value}

    def restore(self, facts: Mapping[str, float]) -> None:
        """Put back what `facts` gave; what older checkpoints did not keep begins anew."""
        self.value = facts["value"]
        self.state = {name: facts.get(name, begun) for name, begun in self.state.items()}
        if "scale" not in facts:  # its sum was a plain one
            self.state["sum"] = math.log1p(self.state["sum"])


def surrogate_weights(multipliers: Mapping[str, Multiplier]) -> dict[str, float]:
    """Weights of the reward's and each cost's surrogate: 1 and the multipliers, divided by their sum.

    The division keeps the size of a step the same however high a multiplier climbs (as Stooke et al. do).
    """
    whole = 1.0 + sum(m.weight for m in multipliers.values())
    costs = {f"cost/{name}": m.weight / whole for name, m in multipliers.items()}
    return {"surrogate": 1.0 / whole, **costs}
