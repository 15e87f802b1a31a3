"""Paired comparison of two agents on the same recorded steps, with intervals.

R chosen steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from gymnasium import spaces

from agents.evaluation.statistics import grouped_interval
from agents.networks.policy import AgentPolicy
from demos.data.episodes.arrays import Arrays
from training.imitation.inputs import RecordedInputs
from training.ppo.rollouts.network_outputs import CHUNK


@dataclass(frozen=True)
class Change:
    """A mean before and after, and the change with its 95 % interval, where that is known."""

    before: float
    after: float
    change: float
    low: float | None
    high: float | None


def likelihoods(policy: AgentPolicy, arrays: Arrays, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    """Log-likelihood of recorded actions [R]; for choices also whether they are the likeliest, [R]."""
    recorded = RecordedInputs(arrays, policy)
    choices = isinstance(policy.action_space, spaces.Discrete)
    actions = torch.from_numpy(arrays.actions[rows])
    actions = actions.long() if choices else actions.float()
    found, agreed = [], []
    policy.set_training_mode(False)
    with torch.inference_mode():
        for at in torch.split(torch.arange(len(rows)), CHUNK):
            logits = policy.logits(recorded[torch.from_numpy(rows)[at]])
            found.append(policy.distribution_of(logits).log_prob(actions[at]).numpy())
            if choices:
                agreed.append((logits.argmax(1) == actions[at]).float().numpy())
    told = [np.concatenate(found)] + ([np.concatenate(agreed)] if choices else [])
    return tuple(told)


def changes(
    before: AgentPolicy,
    after: AgentPolicy,
    arrays: Arrays,
    rows: np.ndarray,
    groups: Sequence[int] | np.ndarray,
) -> dict[str, Change]:
    """What changed on some recorded steps: "log-likelihood" in nats a step, and "agreement" where it can be.

    Intervals resample whole groups (matches), because the steps of one are alike; of one alone nothing is
    known.
    """
    names = ("log-likelihood", "agreement")
    pairs = zip(likelihoods(before, arrays, rows), likelihoods(after, arrays, rows), strict=True)
    return {
        name: _change(old, new, np.asarray(groups))
        for name, (old, new) in zip(names, pairs, strict=False)
    }


def _change(old: np.ndarray, new: np.ndarray, groups: np.ndarray) -> Change:
    before, after, change = float(old.mean()), float(new.mean()), float(np.mean(new - old))
    low, high = grouped_interval(new - old, groups) or (None, None)
    return Change(before, after, change, low, high)
