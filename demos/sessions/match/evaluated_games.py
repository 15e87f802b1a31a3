"""The games of an evaluation, played one at a time as `gpo evaluate` plays them all at once.

B games of the evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.evaluation.games import GAMES, HELD_OUT
from agents.players.handicapped import tell_executed_action
from agents.players.introspection import IntrospectivePlayer
from agents.players.player import Player
from agents.players.unstuck import Unstuck
from environments.system.errors import UserError


@dataclass(frozen=True)
class EvaluatedGames:
    """Which games are played at once, and how; other seeds are games of their own."""

    first: int = HELD_OUT  # seed of the first of them, each has the next one
    games: int = GAMES
    greedy: bool = False  # take the likeliest actions, not samples; in other games too

    @classmethod
    def read(cls, text: str | None, greedy: bool = False) -> EvaluatedGames:
        """From `FIRST:GAMES`, as `gpo evaluate` prints it; its own default if None.

        Raises:
            UserError: it is no such text.
        """
        if text is None:
            return cls(greedy=greedy)
        first, _, games = text.partition(":")
        if not (first.isdecimal() and games.isdecimal() and int(games)) or len(text) > 30:
            raise UserError(
                f"--evaluated is '{text[:40]}'; give the first seed and the games, like 1000000:100."
            )
        return cls(int(first), int(games), greedy)

    def row(self, seed: int) -> int | None:
        """Which of the games a seed is; None if it is none of them."""
        row = seed - self.first
        return row if 0 <= row < self.games else None

    def start(self, seed: int) -> int:
        """The seed that the generators of the first seat's player begin with in the game of a seed."""
        return seed if self.row(seed) is None else self.first

    def seat(self, player: Player | None, seat: int, seed: int) -> Player | None:
        """The player of a seat in the game of a seed, with its generators at their start."""
        reseed = getattr(player, "reseed", None)
        if reseed is not None:
            reseed(self.start(seed) + seat)
        row = self.row(seed)
        return player if player is None or row is None else BatchRow(player, row, self.games)


@dataclass
class _RowState:
    """A player's state of B games that are all alike."""

    games: int  # B
    inner: Any = None

    def act(self, actions: np.ndarray) -> None:
        """Something else was done than was chosen: [1, ...]."""
        tell_executed_action(self.inner, np.repeat(actions, self.games, axis=0))


class BatchRow:
    """Plays one game as a player plays one of B games: with the same draws and the same arithmetic.

    The player chooses for B games that are all this one, so that its generators draw as many numbers as in
    the batch and its matrices have the same shapes; the choice in its row is taken. That is exact for players
    whose draws do not depend on how other games go: networks, `random`, `still` and ONNX files.

    Args:
        player: chooses for B games at once.
        row: of this game among them.
        games: B.
    """

    def __init__(self, player: Player, row: int, games: int) -> None:
        self.player, self.row, self.games = player, row, games

    def predict(
        self,
        observation: Any,
        state: _RowState | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.ndarray, _RowState]:
        """As `Player.predict`, for one game; the state is changed in place."""
        state = _RowState(self.games) if state is None else state
        seen = observation[np.zeros(self.games, int)]  # with what an environment showed beside it
        starts = None if episode_start is None else np.repeat(episode_start, self.games)
        action, state.inner = self.player.predict(seen, state.inner, starts, deterministic)
        network = self.player.player if isinstance(self.player, Unstuck) else self.player
        if isinstance(network, IntrospectivePlayer):
            network.keep_row(self.row)
        return np.asarray(action)[self.row : self.row + 1], state
