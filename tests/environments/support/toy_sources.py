"""Reward sources for tests: one that reads observations, and the table of terms a second time."""

import numpy as np

from environments.simulation.reward_source import TermReward


class MovedDistance:
    """Minus how far the observation moved in a step, m."""

    def __init__(self, weight, name="moved", change=lambda column: column):
        self.names, self.weights = (name,), np.array([weight], np.float64)
        self.change, self.asked = change, 0

    def columns(self, steps):
        self.asked, self.last = self.asked + 1, steps
        moved = steps.next_observations.astype(np.float64) - steps.observations
        self.given = -np.sqrt(np.square(moved).sum(axis=-1, keepdims=True))
        return self.change(self.given)


class TableOfTerms:
    """The terms of Balance, under other names."""

    def __init__(self, weights):
        self.table = TermReward(weights, weights)
        self.names = tuple(f"again_{name}" for name in self.table.names)
        self.weights = self.table.weights

    def columns(self, steps):
        self.last = steps
        return self.table.columns(steps)
