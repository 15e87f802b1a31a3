"""Beginning: whether refining is better begun with the clone, or with a network that has learned nothing.

A clone of play that was no better than chance, or that knows one action alone, only keeps PPO from trying
anything else. E games, S recorded steps.
"""

from __future__ import annotations

import numpy as np

from agents.evaluation.statistics import mean_interval, paired_student

ALIKE = 0.999  # part of the recorded actions that are the same one, if nothing else was ever done
STEADY = 1e-3  # deviations of continuous actions, as a part of their unit, that say the same


def always_the_same(actions: np.ndarray, unit: np.ndarray | None = None) -> bool:
    """Whether people only ever did one thing, which says nothing of when to do it.

    Args:
        actions: recorded, [S, ...].
        unit: of continuous ones, [A]; None counts how often which was chosen.
    """
    flat = actions.reshape(len(actions), -1)
    if unit is not None:
        return bool((flat.std(0, dtype=np.float64) <= STEADY * unit).all())
    _, counts = np.unique(flat, axis=0, return_counts=True)
    return bool(counts.max() >= ALIKE * len(flat))


def no_better_than_chance(
    clone: np.ndarray, fresh: np.ndarray, recorded: np.ndarray | None, name: str
) -> str:
    """Why a clone is nothing to begin with, in words; empty if it is, or if what it was cloned from is.

    Args:
        clone: of the north star, what it reached in each game, [E].
        fresh: what a network that has learned nothing reached in the same games, [E].
        recorded: what people reached in theirs; None if that cannot be compared.
        name: of the north star.
    """
    if paired_student(fresh, clone).low > 0:
        return ""
    chance = mean_interval(fresh)
    if recorded is not None and mean_interval(recorded).low > chance.high:
        return ""
    told = "" if recorded is None else f", the recordings {recorded.mean():.4g}"
    return (
        f"the clone reaches {clone.mean():.4g} {name}{told}, "
        f"and a network that has learned nothing {chance.mean:.4g}"
    )
