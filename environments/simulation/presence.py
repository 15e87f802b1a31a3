"""Presence: which agents are in which game, and how each one's own game ended.

In our own worlds every agent plays to the end of the game. PettingZoo's may join late and leave early: what
such an agent sees and earns while it is not there is nothing, and nobody is to learn from it.

B games, N agents.
"""

from __future__ import annotations

import numpy as np


class Presence:
    """Who is in the games of a batch; its arrays are overwritten by the next step, as the batch's.

    Args:
        terminated: of the games, the batch's own array: [B].
        truncated: likewise.
        agents: N.
        changes: whether agents may leave or join while a game goes on.
    """

    def __init__(
        self, terminated: np.ndarray, truncated: np.ndarray, agents: int, changes: bool = False
    ) -> None:
        self.changes, shape = changes, (len(terminated), agents)
        self.now = np.ones(shape, np.bool_)  # [B, N], who acts in the next step
        self.acted = np.ones(shape, np.bool_)  # [B, N], who acted in the last step
        self._games = terminated, truncated
        self._terminated = np.zeros(shape, np.bool_)
        self._truncated = np.zeros(shape, np.bool_)

    @property
    def terminated(self) -> np.ndarray:
        """Whether the last step ended the agent's own game by its rules: [B, N]."""
        return self._terminated if self.changes else self._of_game(0)

    @property
    def truncated(self) -> np.ndarray:
        """Whether the last step cut the agent's own game off: [B, N]."""
        return self._truncated if self.changes else self._of_game(1)

    @property
    def ended(self) -> np.ndarray:
        """Whose own game the last step ended, either way: [B, N]."""
        ended: np.ndarray = self.terminated | self.truncated
        return ended

    @property
    def begins(self) -> np.ndarray:
        """Whose observation is the first of a game of theirs, after a step: [B, N]."""
        over = self._games[0] | self._games[1]
        begins: np.ndarray = self.now & (over[:, None] | ~self.acted)
        return begins

    def write(self, live: np.ndarray, terminated: np.ndarray, truncated: np.ndarray) -> None:
        """Take down a step, all [B, N]: who is still there, and whose own game it ended, how.

        A game that was cut off is so for all that acted; terminated goes before truncated.
        """
        np.copyto(self.acted, self.now)
        np.copyto(self.now, live)
        np.logical_and(terminated, self.acted, out=self._terminated)
        over = truncated | self._games[1][:, None]
        np.logical_and(over, self.acted & ~self._terminated, out=self._truncated)

    def _of_game(self, which: int) -> np.ndarray:
        return np.broadcast_to(self._games[which][:, None], self.acted.shape)
