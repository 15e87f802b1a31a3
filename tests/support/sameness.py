"""Strict equality of what environments return: types, names and shapes, too."""

import numpy as np


def same(one, other):
    """Whether two values are of the same kind and equal, and so is all that they hold."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return all(map(same, one, other)) if one.dtype == object else np.array_equal(one, other)
    return type(one) is type(other) and one == other
