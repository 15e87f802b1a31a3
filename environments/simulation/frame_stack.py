"""Frame stacking: the last k steps of a game as one vector, in play and over recordings.

A step is what was seen, the action taken before it, and a 1; steps before the episode began are all 0. The
window ends now, so that a place in it is an age.

B games, k steps, O numbers seen, A numbers that encode an action, W = O + A + 1, S recorded steps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces

from environments.system.errors import UserError


def action_size(space: Any) -> int:
    """A: how many numbers encode an action; one a choice, or the action's own."""
    return int(spaces.utils.flatdim(space))


def encode_actions(space: Any, actions: np.ndarray) -> np.ndarray:
    """Actions as float32 numbers: choices one-hot, switches and continuous actions as they are, [B, A]."""
    if isinstance(space, spaces.Discrete):
        return np.eye(int(space.n), dtype=np.float32)[np.asarray(actions, np.int64).reshape(-1)]
    flat: np.ndarray = np.asarray(actions).reshape(len(actions), -1)
    if isinstance(space, spaces.MultiDiscrete):
        columns = zip(space.nvec.ravel().tolist(), flat.T.astype(np.int64), strict=True)
        return np.concatenate([np.eye(n, dtype=np.float32)[column] for n, column in columns], 1)
    return flat.astype(np.float32)


def stacked_space(seen: Any, acted: Any, steps: int) -> spaces.Box:
    """The space of a window over such observations and actions, flattened: [k x W].

    Raises:
        UserError: no steps to remember.
    """
    if steps < 1:
        raise UserError(f"A memory of {steps} steps is none; give at least one.")
    width = math.prod(seen.shape) + action_size(acted) + 1
    return spaces.Box(-np.inf, np.inf, (steps * width,), np.float32)


class FrameStack:
    """The last steps of B games.

    Args:
        games: B.
        steps: k.
        action_space: of a game's actions.
        size: O.
    """

    def __init__(self, games: int, steps: int, action_space: Any, size: int) -> None:
        self.games, self.size, self._space = games, size, action_space
        width = size + action_size(action_space) + 1
        self.past = np.zeros((games, steps, width), np.float32)  # [B, k, W], oldest first
        self._acted = np.zeros((games, width - size - 1), np.float32)  # [B, A], since the last look

    def look(self, observation: np.ndarray, starts: Any = None) -> np.ndarray:
        """Take in what is seen now, in a new episode where `starts` [B]; the windows, [B, k x W]."""
        if starts is not None:
            begun = np.asarray(starts, np.bool_)
            self.past[begun], self._acted[begun] = 0, 0
        self.past[:, :-1] = self.past[:, 1:]
        self._write(self.past, observation, self._acted)
        return self.past.reshape(self.games, -1).copy()

    def act(self, actions: np.ndarray) -> None:
        """Take in what was done after the last look: [B, ...]."""
        self._acted = encode_actions(self._space, np.asarray(actions))

    def peek(self, observation: np.ndarray, games: np.ndarray) -> np.ndarray:
        """What `look` would give for some games, without taking it in: [E, O] -> [E, k x W]."""
        past = np.concatenate([self.past[games, 1:], self.past[games, :1]], axis=1)
        self._write(past, observation, self._acted[games])
        return past.reshape(len(past), -1)

    def _write(self, past: np.ndarray, observation: np.ndarray, acted: np.ndarray) -> None:
        past[:, -1, : self.size] = observation.reshape(len(past), -1)
        past[:, -1, self.size : -1] = acted
        past[:, -1, -1] = 1


def recorded_rows(
    observations: np.ndarray, actions: np.ndarray, starts: np.ndarray, action_space: Any
) -> np.ndarray:
    """Every recorded step as a window has it, and after them a row of zeros: [S + 1, W].

    Args:
        observations: [S, ...].
        actions: [S, ...].
        starts: [E + 1], where episodes begin, and S.
        action_space: of the actions.
    """
    count = len(observations)
    flat = observations.reshape(count, -1)
    rows = np.zeros((count + 1, flat.shape[1] + action_size(action_space) + 1), np.float32)
    rows[:-1, : flat.shape[1]], rows[:-1, -1] = flat, 1
    rows[1:-1, flat.shape[1] : -1] = encode_actions(action_space, actions[:-1])
    rows[starts[:-1], flat.shape[1] : -1] = 0  # an episode begins without an action
    return rows


def stacked_rows(starts: np.ndarray, steps: int) -> np.ndarray:
    """Which of `recorded_rows` each recorded step's window is made of, oldest first: [S, k]."""
    count = int(starts[-1])
    first = np.repeat(starts[:-1], np.diff(starts))[:, None]  # [S, 1], of the step's own episode
    rows = np.arange(count)[:, None] + np.arange(1 - steps, 1)  # [S, k]
    return np.where(rows >= first, rows, count)
