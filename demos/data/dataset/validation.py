"""Checks of episodes against the spaces and names of their dataset.

What is written fits (`require_writable`); what is read may have been written by another program.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from demos.data.dataset.revision import Revision
from demos.data.episodes.arrays import COST, TERM
from demos.data.episodes.episode import Actor, Episode
from demos.data.episodes.files import STEPS_FILE, Damaged
from environments.system.errors import UserError


def require_writable(revision: Revision, dataset: str, episode: Episode) -> None:
    """Refuse an episode of another world, or with other terms or costs than the revision's.

    Raises:
        UserError: of another world; `dataset` is what the sentence calls the dataset.
        ValueError: other terms or costs.
    """
    facts = revision.facts
    for name in ("world", "fingerprint"):
        if getattr(episode, name) != facts[name]:
            raise UserError(
                f"This episode's {name} is {getattr(episode, name)}, but dataset {dataset} "
                f"holds {facts[name]}: give it a dataset of its own."
            )
    for name in ("terms", "costs"):
        ours, theirs = sorted(facts[name]), sorted(getattr(episode, name))
        if ours != theirs:
            raise ValueError(f"{name}: {theirs}, the dataset has {ours}")


def require_fitting(revision: Revision, episode: Episode) -> None:
    """Raise Damaged if an episode does not fit its revision."""
    wanted = {
        "observations": (episode.observations, revision.observation_space),
        "actions": (episode.actions, revision.action_space),
    }
    for name, (values, space) in wanted.items():
        if values.shape[1:] != space.shape or values.dtype != space.dtype:
            raise Damaged(
                STEPS_FILE,
                f"has {name} of {values.dtype} {list(values.shape[1:])}, and the dataset of {space}",
            )
    for name in ("terms", "costs"):
        if set(getattr(episode, name)) != set(revision.facts[name]):
            raise Damaged(STEPS_FILE, f"has other {name} than the dataset")
    for name in ("actions", "requested_actions"):
        if bad := strange_action(getattr(episode, name), revision.action_space):
            raise Damaged(STEPS_FILE, f"has an action that there is not: {bad}")


def require_values(revision: Revision, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raise Damaged if columns of steps hold what no `Episode` could.

    What was requested is not among them: nothing is learned from it.
    """
    if bad := strange_action(columns["actions"], revision.action_space):
        raise Damaged(STEPS_FILE, f"has an action that there is not: {bad}")
    for name, values in columns.items():
        if name == "rewards" or name.startswith((TERM, COST)):
            if not np.isfinite(values).all():
                raise Damaged(STEPS_FILE, f"has a {name} that is not finite")
            if name.startswith(COST) and len(values) and values.min() < 0:
                raise Damaged(STEPS_FILE, f"has a {name} below 0")
    actors = columns["actors"]
    if len(actors) and actors.max() > max(Actor):
        raise Damaged(STEPS_FILE, f"has {actors.max()} for an actor, which is none")
    if (columns["terminated"] & columns["truncated"]).any():
        raise Damaged(STEPS_FILE, "ends in two ways")


def strange_action(actions: npt.NDArray[Any], space: Any) -> str | None:
    """An action that is not in a space, as words; continuous ones may be outside of their bounds."""
    if not len(actions):
        return None
    if isinstance(space, spaces.Discrete):
        least, most = space.start, space.start + space.n - 1
    elif isinstance(space, spaces.MultiDiscrete):
        least, most = space.start, space.start + space.nvec - 1
    elif isinstance(space, spaces.MultiBinary):
        least, most = np.int64(0), np.int64(1)
    elif np.dtype(space.dtype).kind == "f":
        bad = ~np.isfinite(actions.reshape(len(actions), -1)).all(axis=1)
        return str(actions[np.argmax(bad)].tolist()) if bad.any() else None
    else:
        return None
    bad = ((actions < least) | (actions > most)).reshape(len(actions), -1).any(axis=1)
    return str(actions[np.argmax(bad)].tolist()) if bad.any() else None
