"""The split of recorded steps into those for training and those held out; weights of the actions.

S recorded steps, A actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from environments.system.errors import UserError
from environments.system.suggestions import nearest
from training.imitation.settings import CloneSettings


def require_matches(count: int) -> None:
    """Refuse recordings that cannot be parted.

    Raises:
        UserError: fewer than two matches.
    """
    if count < 2:
        raise UserError(
            "Cloning holds back whole matches to judge itself, but the recordings hold only "
            f"{count}: record at least two."
        )


def split(groups: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows held back, by whole groups, at least one group on each side."""
    numbers = np.unique(groups)
    require_matches(len(numbers))
    count = min(max(1, round(len(numbers) * share)), len(numbers) - 1)
    held = np.random.default_rng(seed).permutation(numbers)[:count]
    is_held = np.isin(groups, held)
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def action_weights(
    settings: CloneSettings, names: Sequence[str], space: spaces.Space[Any]
) -> Tensor | None:
    """The weight of each discrete action in the loss, [A], or None if all count alike.

    Raises:
        UserError: a weight for an action that does not exist, or weights where actions are not discrete.
    """
    if not settings.action_weights:
        return None
    if not isinstance(space, spaces.Discrete):
        raise UserError(
            "clone.action_weights is for discrete actions; this world's are not: remove it."
        )
    known = list(names) or [str(a) for a in range(int(space.n))]
    weights = torch.ones(int(space.n))
    for name, weight in settings.action_weights.items():
        if name not in known:
            hint = nearest(name, known, f"choose among {', '.join(known)}.")
            raise UserError(f"clone.action_weights names '{name}', which is no action: {hint}")
        weights[known.index(name)] = weight
    return weights
