"""The weights of a world's reward terms as a vector, checked by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from environments.system.errors import UserError
from environments.system.suggestions import nearest


def weight_vector(terms: Iterable[str], weights: Mapping[str, float]) -> np.ndarray:
    """The weights in the order of the terms, zero where none is given: float64 [K].

    Raises:
        UserError: a weight for a term that the world does not have, or one that is not finite.
    """
    names = list(terms)
    for name, weight in weights.items():
        if name not in names:
            raise UserError(
                f"The reward gives a weight to '{name}', but the world has no such term: "
                f"{nearest(name, names)}"
            )
        if not np.isfinite(weight):
            raise UserError(f"The weight of '{name}' is {weight}; give a finite number.")
    return np.array([weights.get(name, 0.0) for name in names], np.float64)
