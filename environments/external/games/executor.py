"""Executors of external games: in this process, or in worker processes that can be ended.

Only a process of its own protects from a game that never answers: code that runs in ours cannot be stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from environments.external.games.games import EnvironmentSpec, ExternalGames, GameFault, ResetOrder
from environments.external.games.worker import GameWorker
from environments.system.errors import UserError
from environments.system.shared_arrays import (
    Layout,
    SharedArrays,
    arrays_bytes,
    map_arrays,
    shared_memory,
)


class GameExecutor(Protocol):
    """All games of a batch, wherever they run, and the arrays that they write into."""

    arrays: SharedArrays

    def begin(self, orders: Sequence[ResetOrder]) -> dict[int, GameFault]:
        """As `ExternalGames.begin`."""

    def step(self) -> dict[int, GameFault]:
        """As `ExternalGames.step`."""

    def draw(self, game: int) -> Any:
        """As `ExternalGames.draw`."""

    def state(self, game: int) -> dict[str, Any]:
        """As `ExternalGames.state`."""

    def show(self, game: int, state: Any) -> dict[int, GameFault]:
        """As `ExternalGames.show`."""

    def unknown_names(self) -> set[tuple[str, str]]:
        """As `ExternalGames.unknown_names`."""

    def close(self) -> None:
        """Close every game."""


def make_executor(
    spec: EnvironmentSpec, layout: Layout, workers: int, patience: float
) -> GameExecutor:
    """The games of a batch in as many processes, or here if there are to be none."""
    if workers == 0:
        return ExternalGames(spec, map_arrays(layout, bytearray(arrays_bytes(layout))))
    return ProcessExecutor(spec, layout, workers, patience)


class ProcessExecutor:
    """The games in slices, each in a process; a message is about a whole slice.

    Args:
        spec: what to make the games from.
        layout: of the shared arrays.
        workers: processes.
        patience: s that a game may take for one step before its process is ended.
    """

    def __init__(
        self, spec: EnvironmentSpec, layout: Layout, workers: int, patience: float
    ) -> None:
        memory = shared_memory(layout)
        self.arrays = map_arrays(layout, memory)
        parts = np.array_split(np.arange(len(self.arrays["busy"])), workers)
        self.workers = [
            GameWorker(spec, layout, memory, self.arrays, range(part[0], part[-1] + 1), patience)
            for part in parts
            if len(part)
        ]
        for worker in self.workers:
            worker.await_start()

    def __reduce__(self) -> Any:
        """Refuse to be copied or pickled.

        Raises:
            UserError: always.
        """
        raise UserError(
            "Games in processes of their own cannot be copied or pickled: play them in this one, without "
            "`workers`."
        )

    def begin(self, orders: Sequence[ResetOrder]) -> dict[int, GameFault]:
        """As `ExternalGames.begin`."""
        orders_of = [
            (worker, [order for order in orders if order.game in worker.own])
            for worker in self.workers
        ]
        return _answers((worker, ("begin", some)) for worker, some in orders_of if some)

    def step(self) -> dict[int, GameFault]:
        """As `ExternalGames.step`."""
        return _answers((worker, ("step",)) for worker in self.workers)

    def draw(self, game: int) -> Any:
        """As `ExternalGames.draw`."""
        worker = next(worker for worker in self.workers if game in worker.own)
        worker.ask("draw", game)
        return worker.drawn()

    def state(self, game: int) -> dict[str, Any]:
        """Refuse.

        Raises:
            UserError: always.
        """
        raise UserError("States of games are known in this process alone: leave out `workers`.")

    def show(self, game: int, state: Any) -> dict[int, GameFault]:
        """Refuse, as `state` does."""
        self.state(game)
        return {}

    def unknown_names(self) -> set[tuple[str, str]]:
        """As `ExternalGames.unknown_names`; of a process that was lost, none."""
        found: set[tuple[str, str]] = set()
        for worker in self.workers:
            worker.ask("names")
            found |= worker.names()
        return found

    def close(self) -> None:
        """Close every game and end the processes."""
        for worker in self.workers:
            worker.close()
        for worker in self.workers:
            worker.end()


def _answers(messages: Iterable[tuple[GameWorker, tuple[Any, ...]]]) -> dict[int, GameFault]:
    """Ask all first, so that they work at the same time; then collect what went wrong."""
    busy, faults = [], {}
    for worker, message in messages:
        worker.ask(*message)
        busy.append(worker)
    for worker in busy:
        faults.update(worker.faults())
    return faults
