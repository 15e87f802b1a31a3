"""Where the games of a foreign environment run: here, or in processes that can be ended if they hang or die.

Only a process of its own protects from a game that never answers: code that runs in ours cannot be stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from environments.external.games.games import EnvironmentSpec, ExternalGames, GameFault, ResetOrder
from environments.external.games.worker import GameWorker
from environments.system.shared_arrays import Board, Layout, arrays_bytes, map_arrays, shared_memory


class GameExecutor(Protocol):
    """All games of a batch, wherever they run, and the board that they write on."""

    board: Board

    def begin(self, orders: Sequence[ResetOrder]) -> dict[int, GameFault]:
        """As `ExternalGames.begin`."""

    def step(self) -> dict[int, GameFault]:
        """As `ExternalGames.step`."""

    def draw(self, game: int) -> Any:
        """As `ExternalGames.draw`."""

    def close(self) -> None:
        """Close every game."""


def make_executor(
    opening: EnvironmentSpec, layout: Layout, workers: int, patience: float
) -> GameExecutor:
    """The games of a batch in as many processes, or here if there are to be none."""
    if workers == 0:
        return ExternalGames(opening, map_arrays(layout, bytearray(arrays_bytes(layout))))
    return ProcessExecutor(opening, layout, workers, patience)


class ProcessExecutor:
    """The games in slices, each in a process; a message is about a whole slice.

    Args:
        opening: what to make the games from.
        layout: of the board.
        workers: processes.
        patience: s that a game may take for one step before its process is ended.
    """

    def __init__(
        self, opening: EnvironmentSpec, layout: Layout, workers: int, patience: float
    ) -> None:
        memory = shared_memory(layout)
        self.board = map_arrays(layout, memory)
        parts = np.array_split(np.arange(len(self.board["busy"])), workers)
        self.lanes = [
            GameWorker(opening, layout, memory, self.board, range(part[0], part[-1] + 1), patience)
            for part in parts
            if len(part)
        ]
        for lane in self.lanes:
            lane.await_start()

    def begin(self, orders: Sequence[ResetOrder]) -> dict[int, GameFault]:
        """As `ExternalGames.begin`."""
        asked = [
            (lane, [order for order in orders if order.game in lane.own]) for lane in self.lanes
        ]
        return _asked((lane, ("begin", some)) for lane, some in asked if some)

    def step(self) -> dict[int, GameFault]:
        """As `ExternalGames.step`."""
        return _asked((lane, ("step",)) for lane in self.lanes)

    def draw(self, game: int) -> Any:
        """As `ExternalGames.draw`."""
        lane = next(lane for lane in self.lanes if game in lane.own)
        lane.ask("draw", game)
        return lane.drawn()

    def close(self) -> None:
        """Close every game and end the processes."""
        for lane in self.lanes:
            lane.close()
        for lane in self.lanes:
            lane.end()


def _asked(messages: Iterable[tuple[GameWorker, tuple[Any, ...]]]) -> dict[int, GameFault]:
    """Ask all first, so that they work at the same time; then collect what went wrong."""
    asked, faults = [], {}
    for lane, message in messages:
        lane.ask(*message)
        asked.append(lane)
    for lane in asked:
        faults.update(lane.faults())
    return faults
