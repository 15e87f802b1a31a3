"""Arrays as others publish demonstrations: rows of all episodes, and where each of them ends.

S steps of all episodes, E episodes:

    observations, obs or state      [S, ...], each the one its action was chosen on
    actions or action               [S, ...]
    ends, episode_ends or lengths   [E], the row after the last of each episode, or how many rows it has
    rewards                         [S], if there are any
    init_NAME                       [E, ...], what NAME of the environment's state was at the start

Nothing says what the last action of an episode led to, so that action is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from demos.data.exchange.portable_episode import PortableEpisode, Recordings, cut_episode
from environments.external.states.state_access import START
from environments.system.errors import UserError

_SEEN, _DONE = ("observations", "obs", "state"), ("actions", "action")
_ENDS, _LENGTHS = ("ends", "episode_ends"), ("lengths",)
_FIRST = "init_"  # begins the names of states


def is_plain(name: str) -> bool:
    """Whether an array of that name is read."""
    known = (*_SEEN, *_DONE, *_ENDS, *_LENGTHS, "rewards", "reward")
    return name in known or name.startswith(_FIRST)


def plain_episodes(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> Recordings:
    """The episodes of such arrays.

    Raises:
        UserError: an array is missing, or they do not belong together.
    """
    seen, done = _one(path, arrays, _SEEN), _one(path, arrays, _DONE)
    starts = episode_starts(path, _rows_of(path, arrays), len(done))
    rewards = arrays.get("rewards", arrays.get("reward"))
    first = {name.removeprefix(_FIRST): a for name, a in arrays.items() if name.startswith(_FIRST)}
    by_step = {"observations": seen, "rewards": done if rewards is None else rewards}
    by_episode = {_FIRST + name: values for name, values in first.items()}
    for name, values in {**by_step, **by_episode}.items():
        wanted = len(done) if name in by_step else len(starts) - 1
        if values.ndim == 0 or len(values) != wanted:
            raise UserError(f"{path}: `{name}` has {values.size} values, and needs {wanted} rows.")
    return Recordings({}, _episodes(starts, seen, done, rewards, first), [LAST_ACTION])


LAST_ACTION = "the last action of each episode, for nothing says what it led to"


def episode_starts(path: Path, ends: npt.NDArray[Any], steps: int) -> npt.NDArray[np.int64]:
    """Where each episode begins, and where the last one ends: [E+1].

    Raises:
        UserError: they do not rise to the number of actions.
    """
    whole = ends.ndim == 1 and ends.dtype.kind in "iu" and len(ends) > 0
    starts = np.concatenate([[0], ends.astype(np.int64)]) if whole else np.zeros(1, np.int64)
    if not whole or starts[-1] != steps or (np.diff(starts) < 2).any():
        raise UserError(
            f"{path}: the ends of episodes must rise by 2 or more to the number of actions, {steps}."
        )
    return starts


def _one(
    path: Path, arrays: Mapping[str, npt.NDArray[Any]], names: tuple[str, ...]
) -> npt.NDArray[Any]:
    for name in names:
        if name in arrays and arrays[name].ndim:
            return arrays[name]
    raise UserError(f"{path} has no rows called {' or '.join(names)}.")


def _rows_of(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The row after the last of each episode: [E]."""
    for name in _ENDS:
        if name in arrays:
            return arrays[name]
    lengths = _one(path, arrays, _LENGTHS)
    return np.cumsum(lengths) if lengths.dtype.kind in "iu" else lengths


def _episodes(
    starts: npt.NDArray[np.int64],
    seen: npt.NDArray[Any],
    done: npt.NDArray[Any],
    rewards: npt.NDArray[Any] | None,
    first: Mapping[str, npt.NDArray[Any]],
) -> Iterator[PortableEpisode]:
    for e, (start, end) in enumerate(itertools.pairwise(starts.tolist())):
        state = {name: values[e].tolist() for name, values in first.items()}
        facts = {"options": {START: state}} if state else {}
        own = None if rewards is None else rewards[start:end]
        yield cut_episode(seen[start:end], done[start:end], own, facts=facts)
