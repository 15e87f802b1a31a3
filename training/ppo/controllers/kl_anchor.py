"""The coefficient of the KL penalty towards the clone: by schedule, to a target distance, within a budget."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from training.settings import Settings

STEP = 0.2  # largest relative change of the coefficient an update, as in Ziegler et al.
OVER_BUDGET = 1.5  # factor of the coefficient an update while the budget is overdrawn
LEAST, MOST = 1e-4, 10.0  # of the coefficient


class AnchorSettings(Settings):
    """Distance from the clone, in nats per state, averaged over the states that the policy visits."""

    target: float | None = Field(None, gt=0)
    """KL(policy from clone) that the coefficient seeks. [nats per state]"""
    budget: float | None = Field(None, gt=0)
    """An agent further away than this is never handed on. [nats per state]"""


class KLAnchor:
    """Adapts the weight of KL(policy from clone): Ziegler et al., "Fine-Tuning Language Models from Human
    Preferences", 2019, section 2.2, a proportional controller in the logarithm; and harder beyond a budget.

    Args:
        settings: target and budget; with neither, the recipe's schedule rules alone.
        start: the first coefficient, for a target.
    """

    def __init__(self, settings: AnchorSettings, start: float) -> None:
        self.settings = settings
        self.coefficient = max(start, LEAST)
        self.distance = 0.0  # nats per state, after the last update

    def weight(self, scheduled: float) -> float:
        """The weight now: the schedule's, unless a target or a spent budget says otherwise."""
        if self.settings.target is not None:
            return self.coefficient
        budget = self.settings.budget
        if budget is not None and self.coefficient > LEAST and self.distance > 0:
            return max(scheduled, self.coefficient)
        return scheduled

    def update(self, distance: float) -> None:
        """Take the distance after an update, in nats per state."""
        self.distance = distance
        target, budget = self.settings.target, self.settings.budget
        if budget is not None and distance > budget:
            self.coefficient *= OVER_BUDGET
        elif target is not None:
            error = min(max(distance / target - 1, -1.0), 1.0)
            self.coefficient *= 1 + STEP * error
        elif budget is not None:
            self.coefficient *= 1 - STEP  # let go of what only the budget asked for
        self.coefficient = min(max(self.coefficient, LEAST), MOST)

    def facts(self) -> dict[str, float]:
        """What a checkpoint keeps."""
        return {"coefficient": self.coefficient, "distance": self.distance}

    def restore(self, facts: Mapping[str, float]) -> None:
        """Put back what `facts` gave."""
        self.coefficient, self.distance = facts["coefficient"], facts["distance"]
