"""Where the games of a foreign environment run: here, or in processes that can be ended if they hang or die.

Only a process of its own protects from a game that never answers: code that runs in ours cannot be stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from environments.external.games.games import Fault, Games, Opening, Order
from environments.external.games.worker import Lane
from environments.system.shared_arrays import Board, Layout, board_bytes, lay_out, shared_memory


class Place(Protocol):
    """All games of a batch, wherever they run, and the board that they write on."""

    board: Board

    def begin(self, orders: Sequence[Order]) -> dict[int, Fault]:
        """As `Games.begin`."""

    def step(self) -> dict[int, Fault]:
        """As `Games.step`."""

    def draw(self, game: int) -> Any:
        """As `Games.draw`."""

    def close(self) -> None:
        """Close every game."""


def open_place(opening: Opening, layout: Layout, workers: int, patience: float) -> Place:
    """The games of a batch in as many processes, or here if there are to be none."""
    if workers == 0:
        return Games(opening, lay_out(layout, bytearray(board_bytes(layout))))
    return Apart(opening, layout, workers, patience)


class Apart:
    """The games in slices, each in a process; a message is about a whole slice.

    Args:
        opening: what to make the games from.
        layout: of the board.
        workers: processes.
        patience: s that a game may take for one step before its process is ended.
    """

    def __init__(self, opening: Opening, layout: Layout, workers: int, patience: float) -> None:
        memory = shared_memory(layout)
        self.board = lay_out(layout, memory)
        parts = np.array_split(np.arange(len(self.board["busy"])), workers)
        self.lanes = [
            Lane(opening, layout, memory, self.board, range(part[0], part[-1] + 1), patience)
            for part in parts
            if len(part)
        ]
        for lane in self.lanes:
            lane.await_start()

    def begin(self, orders: Sequence[Order]) -> dict[int, Fault]:
        """As `Games.begin`."""
        asked = [
            (lane, [order for order in orders if order.game in lane.own]) for lane in self.lanes
        ]
        return _asked((lane, ("begin", some)) for lane, some in asked if some)

    def step(self) -> dict[int, Fault]:
        """As `Games.step`."""
        return _asked((lane, ("step",)) for lane in self.lanes)

    def draw(self, game: int) -> Any:
        """As `Games.draw`."""
        lane = next(lane for lane in self.lanes if game in lane.own)
        lane.ask("draw", game)
        return lane.drawn()

    def close(self) -> None:
        """Close every game and end the processes."""
        for lane in self.lanes:
            lane.close()
        for lane in self.lanes:
            lane.end()


def _asked(messages: Iterable[tuple[Lane, tuple[Any, ...]]]) -> dict[int, Fault]:
    """Ask all first, so that they work at the same time; then collect what went wrong."""
    asked, faults = [], {}
    for lane, message in messages:
        lane.ask(*message)
        asked.append(lane)
    for lane in asked:
        faults.update(lane.faults())
    return faults
